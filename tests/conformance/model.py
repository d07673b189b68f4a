"""Random histories of log files against a plain account of what was written.

Writers append, rotate, copy, truncate, delete; the reader hops, stops, starts anew from what it remembered.
Whatever the history: no line is told twice, and none that could be found is left out.
"""

import copy
import functools
import shutil
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from hypothesis import strategies as st

from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.follow import Follower, Source
from logwatch.tail.life import Life
from logwatch.tail.pump import Pump

SCANNER = Scanner([Rule("test/error", r"EVENT-NUMBER-(?P<n>\d+)!")])
BANNER = b"module load cuda/12.4\nNCCL version 2.21.5+cuda12.4\n" * 4


class World:
    """A directory with logs, their writers, and a reader with a clock of its own."""

    def __init__(self, folder: Path, *, patterns: tuple[str, ...]) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        self.written: list[int] = []
        self.runs = 0
        self.told: Counter[int] = Counter()
        self.skipped: Counter[str] = Counter()
        self.remembered: dict[str, tuple[str, str, dict[str, object]]] = {}
        self.unread: dict[str, set[int]] = defaultdict(set)
        self.excused: set[int] = set()
        # Names whose present life the reader has had a chance to see, and of which it has seen some bytes:
        # without those a copy cannot be told from any other file.
        self.observed: set[str] = set()
        self.sampled: set[str] = set()
        self.rotated_names_fit = any(pattern.endswith("*") for pattern in patterns)
        self.patterns = tuple(str(folder / pattern) for pattern in patterns)
        self.pump: Pump | None = None
        self.start()

    def start(self) -> None:
        follower = Follower(Source("logs", self.patterns, discovery_s=0.0), Descriptors(8))
        lives = [Life.from_dict(key, s, p, dict(b)) for key, (s, p, b) in self.remembered.items()]
        follower.restore(lives, known_source=bool(lives))
        self.pump = Pump(follower, lambda: SCANNER, "any")

    def stop(self) -> None:
        if self.pump is not None:
            self.pump.follower.close()
            self.pump = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def hop(self, seconds: float = 0.0) -> None:
        """Reads until there is nothing more to read at this moment."""
        if self.pump is None:
            return
        self.now += seconds + 0.3
        for _ in range(8):
            haul = self.pump.hop(self.now, [str(p) for p in self.folder.rglob("*")], 1 << 20)
            for _life, finding in haul.findings:
                self.told[int(finding.match.captures["n"])] += 1
            self.skipped.update(haul.skipped)
            for life in haul.lives:
                self.remembered[life.key] = (life.source, life.path, dict(life.body))
            for key in haul.ended:
                self.remembered.pop(key, None)
            if self.pump.follower.is_caught_up:
                break
        self.unread.clear()
        self.observed = {path.name for path in self.folder.iterdir()}
        self.sampled = {path.name for path in self.folder.iterdir() if path.stat().st_size}

    def killed_hop(self) -> None:
        """Reads, and is killed before anything of that was kept: only what the last commit held counts."""
        kept = copy.deepcopy(
            (self.told, self.skipped, self.remembered, self.unread, self.observed, self.sampled)
        )
        self.hop()
        self.told, self.skipped, self.remembered, self.unread, self.observed, self.sampled = kept
        self.restart()

    def jump(self, seconds: float) -> None:
        """Somebody sets the clock."""
        self.now += seconds

    def in_halves(self, name: str, seconds: float) -> None:
        """A line whose end comes later; what identifies it lies across the two halves, or before both."""
        number = len(self.written)
        self.written.append(number)
        for half in (b"\nstep 1 EVENT-NUM", b"BER-%d! lost" % number, b" for good\n"):
            with (self.folder / name).open("ab") as log:
                log.write(half)
            self.unread[name].add(number)
            self.hop(seconds)
        if self.pump is None:
            self.unread[name].add(number)

    def append(self, name: str, lines: int, *, finish: bool = True) -> None:
        path = self.folder / name
        with path.open("ab") as log:
            for _ in range(lines):
                number = len(self.written)
                self.written.append(number)
                self.unread[name].add(number)
                log.write(b"step 1 EVENT-NUMBER-%d! lost\n" % number)
            if not finish:
                # No two runs of a job stop at the same time; a banner alone cannot tell them apart.
                self.runs += 1
                log.write(b"step %d of a line that goes on " % self.runs)

    def banner(self, name: str) -> None:
        with (self.folder / name).open("ab") as log:
            self.runs += 1
            log.write(BANNER + b"run %d\n" % self.runs)

    def rename(self, name: str) -> None:
        source = self.folder / name
        if source.exists():
            self.shift(name)
            source.rename(self.folder / f"{name}.1")
            self.life_ends(name, can_be_found=self.rotated_names_fit or name in self.observed)

    def copytruncate(self, name: str) -> None:
        source = self.folder / name
        if source.exists():
            self.shift(name)
            shutil.copyfile(source, self.folder / f"{name}.1")
            self.cut(name)
            self.life_ends(name, can_be_found=self.rotated_names_fit or name in self.sampled)

    def shift(self, name: str) -> None:
        """Older rotated files move on by one number."""
        for n in range(40, 0, -1):
            older = self.folder / f"{name}.{n}"
            if older.exists():
                older.rename(self.folder / f"{name}.{n + 1}")

    def truncate(self, name: str) -> None:
        if (self.folder / name).exists():
            self.cut(name)
            self.life_ends(name, can_be_found=False)

    def delete(self, name: str) -> None:
        path = self.folder / name
        if path.exists():
            path.unlink()
            # An open file is read to its end; one that was rotated away or never opened cannot be.
            self.life_ends(name, can_be_found=False)

    def cut(self, name: str) -> None:
        with (self.folder / name).open("r+b") as log:
            log.truncate(0)

    def life_ends(self, name: str, *, can_be_found: bool) -> None:
        unread = self.unread.pop(name, set())
        if not can_be_found:
            self.excused |= unread
        self.observed.discard(name)
        self.sampled.discard(name)

    def settle(self) -> None:
        if self.pump is None:
            self.start()
        for _ in range(5):
            self.hop(20.0)
        self.stop()

    def check(self, history: object) -> None:
        doubled = {n: times for n, times in self.told.items() if times > 1}
        assert not doubled, (doubled, history)
        missing = set(self.written) - set(self.told) - self.excused
        assert not missing, (missing, dict(self.skipped), history)


NAMES = st.sampled_from(["a.log", "b.log"])
STEPS = st.one_of(
    st.tuples(st.just("append"), NAMES, st.integers(1, 5)),
    st.tuples(st.just("append"), NAMES, st.integers(1, 5)),
    st.tuples(st.just("partial"), NAMES, st.integers(0, 2)),
    st.tuples(st.just("banner"), NAMES),
    st.tuples(st.just("hop"), st.sampled_from([0.0, 0.0, 1.5, 6.0])),
    st.tuples(st.just("hop"), st.sampled_from([0.0, 0.0, 1.5, 6.0])),
    st.tuples(st.just("rename"), NAMES),
    st.tuples(st.just("copytruncate"), NAMES),
    st.tuples(st.just("truncate"), NAMES),
    st.tuples(st.just("delete"), NAMES),
    st.tuples(st.just("restart")),
    st.tuples(st.just("killed_hop")),
    st.tuples(st.just("in_halves"), NAMES, st.sampled_from([0.0, 2.0])),
    st.tuples(st.just("jump"), st.sampled_from([3600.0, -3600.0])),
    st.tuples(st.just("stop")),
)


def play(world: World, history: list[tuple[object, ...]]) -> None:
    deeds = {
        "append": world.append,
        "partial": functools.partial(world.append, finish=False),
        "banner": world.banner,
        "hop": world.hop,
        "rename": world.rename,
        "copytruncate": world.copytruncate,
        "truncate": world.truncate,
        "delete": world.delete,
        "killed_hop": world.killed_hop,
        "in_halves": world.in_halves,
        "jump": world.jump,
        "stop": world.stop,
        "restart": world.restart,
    }
    for deed, *how in history:
        deeds[str(deed)](*how)
    world.settle()
    world.check(history)


def play_in_a_folder(history: list[tuple[object, ...]], *, rotated_names_fit: bool) -> World:
    """Plays `history` in a folder of its own, and checks what came of it."""
    folder = Path(tempfile.mkdtemp(prefix="logwatch-"))
    try:
        world = World(folder, patterns=("*.log*",) if rotated_names_fit else ("*.log",))
        play(world, history)
        return world
    finally:
        shutil.rmtree(folder)
