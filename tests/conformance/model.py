"""Random histories of log files against a plain account of what was written.

Writers append, rotate, copy, truncate, delete; the reader hops, stops, starts anew from what it remembered.
Between any two system calls of a hop they may do so, too. Whatever the history: no line is told twice, and none
that could be found is left out.
"""

import contextlib
import copy
import functools
import os
import random
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.follow import Follower, Source
from logwatch.tail.life import Life
from logwatch.tail.pump import Pump

SCANNER = Scanner([Rule("test/error", r"EVENT-NUMBER-(?P<n>\d+)!")])
BANNER = b"module load cuda/12.4\nNCCL version 2.21.5+cuda12.4\n" * 4


# System calls by which the reader learns what lies where, and what stands in it.
_CALLS = ("stat", "lstat", "fstat", "open", "pread", "scandir", "readlink")


# What of a `World` a commit keeps, or follows from what it kept.
_COMMITTED = ("told", "skipped", "remembered", "unread", "followed", "sampled")


@dataclass(frozen=True, slots=True)
class Setting:
    """How the reader is set up. Without `rings` it finds out by itself what has changed.

    With `listens` it asks a directory only when the kernel has told of it, where the file system is one that tells.
    """

    rotated_names_fit: bool
    rings: bool = True
    open_files: int = 8
    listens: bool = False


# What happens, and with what arguments: names of methods of `World`.
Step = tuple[Any, ...]
History = list[Step]


class World:
    """A directory with logs, their writers, and a reader with a clock of its own."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self.folder = folder
        self.setting = setting
        self.now = 1_000_000.0
        self.written: list[int] = []
        self.runs = 0
        self.told: Counter[int] = Counter()
        self.skipped: Counter[str] = Counter()
        self.remembered: dict[str, tuple[str, str, dict[str, object]]] = {}
        self.unread: dict[str, set[int]] = defaultdict(set)
        self.excused: set[int] = set()
        # Logs of which a life is known, so that later ones are looked for beside it, seen before or not; and those
        # of whose present life some bytes were seen: without them a copy cannot be told from any other file.
        self.followed: set[str] = set()
        self.sampled: set[str] = set()
        self.pattern = str(folder / ("*.log*" if setting.rotated_names_fit else "*.log"))
        self.pump: Pump | None = None
        self.start()

    def start(self) -> None:
        # So seldom that it hears of everything, or never looks.
        every_s = 1e6 if self.setting.listens else 0.0
        source = Source("logs", [self.pattern], discovery_s=every_s, listens=self.setting.listens)
        follower = Follower(source, Descriptors(self.setting.open_files))
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
        self._read(seconds)
        self.unread.clear()
        self.followed = {path.name for path in self.folder.iterdir()}
        self.sampled = {path.name for path in self.folder.iterdir() if path.stat().st_size}

    def disturbed_hop(self, disturbances: Sequence[tuple[int, str, str]]) -> None:
        """A hop; when it has made so many system calls, something is done to a log before the next one."""
        deeds: dict[str, Callable[[str], None]] = {
            "append": functools.partial(self.append, lines=2),
            "rename": self.rename,
            "copytruncate": self.copytruncate,
            "truncate": self.truncate,
            "delete": self.delete,
        }
        if self.pump is not None:
            with _disturbed([(calls, functools.partial(deeds[d], name)) for calls, d, name in disturbances]):
                self._read(0.0)

    def _read(self, seconds: float) -> None:
        assert self.pump is not None
        # Without rings a file that was idle for long is looked at every five seconds.
        self.now += seconds + (0.3 if self.setting.rings else 6.0)
        for _ in range(8):
            self._hop([str(p) for p in self.folder.rglob("*")] if self.setting.rings else [])
            if self.pump.follower.is_caught_up:
                break

    def _hop(self, rings: Sequence[str]) -> None:
        assert self.pump is not None
        haul = self.pump.hop(self.now, rings, 1 << 20)
        for _life, finding in haul.findings:
            self.told[int(finding.match.captures["n"])] += 1
        self.skipped.update(haul.skipped)
        for life in haul.lives:
            self.remembered[life.key] = (life.source, life.path, dict(life.body))
        for key in haul.ended:
            self.remembered.pop(key, None)

    def hurry(self, name: str, deeds: Sequence[str]) -> None:
        """Looks that follow closely on each other: what grows is read on as it is open."""
        for deed in deeds:
            if deed == "refill":
                self.truncate(name)
            if deed != "append":
                self.banner(name)
            if deed != "banner":
                self.append(name, lines=2)
            self.now += 0.3
            if self.pump is not None:
                self._hop([])

    def killed_hop(self) -> None:
        """Reads, and is killed before anything of that was kept: only what the last commit held counts."""
        kept = copy.deepcopy({name: getattr(self, name) for name in _COMMITTED})
        self.hop()
        for name, value in kept.items():
            setattr(self, name, value)
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
            self.life_ends(
                name, can_be_found=self.setting.rotated_names_fit or name in self.followed, goes_on=True
            )

    def copytruncate(self, name: str) -> None:
        source = self.folder / name
        if source.exists():
            self.shift(name)
            shutil.copyfile(source, self.folder / f"{name}.1")
            self.cut(name)
            self.life_ends(name, can_be_found=self.setting.rotated_names_fit or name in self.sampled)

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

    def life_ends(self, name: str, *, can_be_found: bool, goes_on: bool = False) -> None:
        unread = self.unread.pop(name, set())
        if not can_be_found:
            self.excused |= unread
        self.sampled.discard(name)
        if not goes_on:
            self.followed.discard(name)

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


@contextlib.contextmanager
def _disturbed(deeds: list[tuple[int, Callable[[], None]]]) -> Iterator[None]:
    """Meanwhile each deed is done before the system call that has its number."""
    due = sorted(deeds, key=lambda deed: deed[0], reverse=True)
    made = 0
    is_at_it = False

    def disturbing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal made, is_at_it
            # What a deed calls itself does not count.
            if not is_at_it:
                made += 1
                while due and due[-1][0] <= made:
                    is_at_it = True
                    due.pop()[1]()
                    is_at_it = False
            return real(*args, **options)

        return call

    with contextlib.ExitStack() as patches:
        for name in _CALLS:
            patches.enter_context(mock.patch.object(os, name, disturbing(getattr(os, name))))
        yield


_NAMES = ("a.log", "b.log")
_PAUSES_S = (0.0, 0.0, 1.5, 6.0)


def random_setting(chance: random.Random) -> Setting:
    fit, rings, most = chance.random() < 0.5, chance.random() < 0.5, chance.choice((1, 2, 3, 8))
    return Setting(fit, rings, most, listens=chance.random() < 0.5)


def random_history(chance: random.Random) -> History:
    """Up to 70 steps; most of them write or look, one in six looks while things happen."""
    return [_step(chance) for _ in range(chance.randint(10, 70))]


def _step(chance: random.Random) -> Step:
    name = chance.choice(_NAMES)
    kinds: Mapping[str, tuple[int, Callable[[], tuple[Any, ...]]]] = {
        "append": (30, lambda: (name, chance.randint(1, 5))),
        "banner": (8, lambda: (name,)),
        "partial": (4, lambda: (name, chance.randint(0, 2))),
        "in_halves": (1, lambda: (name, chance.choice((0.0, 2.0)))),
        "hop": (19, lambda: (chance.choice((*_PAUSES_S, *_PAUSES_S, 70.0)),)),
        "disturbed_hop": (18, lambda: (_disturbances(chance),)),
        "hurry": (4, lambda: (name, chance.choices(("append", "banner", "refill"), (6, 3, 1), k=8))),
        "rename": (8, lambda: (name,)),
        "copytruncate": (6, lambda: (name,)),
        "truncate": (1, lambda: (name,)),
        "delete": (1, lambda: (name,)),
        "restart": (2, tuple),
        "killed_hop": (2, tuple),
        "stop": (1, tuple),
        "jump": (1, lambda: (chance.choice((3600.0, -3600.0)),)),
    }
    [kind] = chance.choices(list(kinds), [weight for weight, _ in kinds.values()])
    return (kind, *kinds[kind][1]())


def _disturbances(chance: random.Random) -> list[tuple[int, str, str]]:
    """System calls before which something is done, what, and to which log."""
    deeds = ["append", "append", "rename", "rename", "copytruncate"]
    if chance.random() < 0.3:
        deeds += ["truncate", "delete"]
    last = chance.choice((10, 30, 80))
    times = chance.randint(1, 5)
    return sorted(
        (chance.randint(1, last), chance.choice(deeds), chance.choice(_NAMES)) for _ in range(times)
    )


def play(world: World, history: History) -> None:
    deeds = {
        "append": world.append,
        "partial": functools.partial(world.append, finish=False),
        "banner": world.banner,
        "hop": world.hop,
        "disturbed_hop": world.disturbed_hop,
        "rename": world.rename,
        "copytruncate": world.copytruncate,
        "truncate": world.truncate,
        "delete": world.delete,
        "hurry": world.hurry,
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


def play_in_a_folder(history: History, setting: Setting) -> World:
    """Plays `history` in a folder of its own, and checks what came of it."""
    with tempfile.TemporaryDirectory(prefix="logwatch-") as folder:
        world = World(Path(folder), setting)
        play(world, history)
        return world


def play_seed(seed: int) -> World:
    """Plays the history of `seed`.

    Raises:
        AssertionError: with the shortest history found that fails likewise.
    """
    chance = random.Random(seed)
    setting, history = random_setting(chance), random_history(chance)
    try:
        return play_in_a_folder(history, setting)
    except AssertionError as error:
        shortest = _shortened(history, setting)
        raise AssertionError(f"seed {seed}, {setting}: {error}; shortened: {shortest}") from None


def _shortened(history: History, setting: Setting) -> History:
    """Leaves out what is not needed to fail: halves first, single steps in the end."""
    size = len(history) // 2
    while size:
        at = 0
        while at < len(history):
            shorter = history[:at] + history[at + size :]
            if _fails(shorter, setting):
                history = shorter
            else:
                at += size
        size //= 2
    return history


def _fails(history: History, setting: Setting) -> bool:
    try:
        play_in_a_folder(history, setting)
    except AssertionError:
        return True
    return False
