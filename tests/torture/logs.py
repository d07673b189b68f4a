"""Logs of every kind: what writes to each, and how it is rotated."""

import gzip
import itertools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .account import Account, Run, Text

# What every run of a job begins with, to the byte; the second is longer than all samples of a file's head.
BANNERS = (b"module load cuda/12.4\nNCCL version 2.21.5+cuda12.4\n" * 40, b"NCCL INFO channel 0\n" * 4000)
CHATTER = b"step %d/90000 loss=2.3714 lr=3.0e-04 tokens/s=412338 grad_norm=0.81\n"
PROGRESS = b"\r 42%%|####      | %d/90000 [00:12<00:17, 33.51it/s]"
# A line's second half comes so much later at the most, in seconds; between two writes passes less.
LONGEST_PAUSE_S = 0.05
# One write in so many is followed by a rotation.
WRITES_PER_ROTATION = 40
# How long a job that is to be started anew waits for its lines to be told; what is not is a finding.
WAIT_TOLD_S = 30.0


class Daemon(Protocol):
    """What logs have to know of the daemon: whether it has a file open, what it told; `done`: all is over."""

    counts: Counter[str]
    done: threading.Event

    def holder_of(self, path: Path) -> Run | None: ...


@dataclass(frozen=True, slots=True)
class Habits:
    """How logs are treated. `kept`: how many rotated files are.

    `patient`: the share of the rotations that destroy something that waits until its lines were told.
    `is_kept_in_sight`: the patterns fit rotated files, too. `is_daemon_killed`: then also what only an open
    file survives destroys something.
    """

    kept: int
    patient: float
    is_kept_in_sight: bool
    is_daemon_killed: bool


class Log:
    """One log and its writers. `rotate` is one of `ROTATIONS`, `kind` its name."""

    def __init__(
        self, path: Path, kind: str, account: Account, daemon: Daemon, habits: Habits, chance: random.Random
    ) -> None:
        self.path = path
        self.kind = kind
        self.chance = chance
        self._account = account
        self._daemon = daemon
        self._habits = habits
        self._ident = f"{path.parent.name}-{path.stem}".lower()
        self._numbers = itertools.count()
        self._steps = itertools.count()
        # Which text stands in which file.
        self._at: dict[Path, Text] = {}
        self._rotations = 0
        self._writers: list[int] = []
        # Writers of a file that was renamed, who have not been told.
        self._late: list[tuple[int, Text]] = []
        self.open()

    # -- writing

    def open(self, *, truncate: bool = False, banner: bytes = b"") -> None:
        """Two processes open the log: one text begins, unless it goes on there."""
        self._close_writers()
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        if truncate:
            self._cut()
        self._writers = [os.open(self.path, flags, 0o644) for _ in range(2)]
        if self.path not in self._at:
            self.text = self._at[self.path] = self._account.begin(self.kind)
        if banner:
            self._write(self._writers[0], self.text, banner)

    def write(self) -> None:
        """A burst of lines, now and then in halves, among what healthy jobs write."""
        for writer in self._writers:
            self._write(writer, self.text, self._healthy(CHATTER, self.chance.randrange(20)))
            if self.chance.random() < 0.05:
                self._write(writer, self.text, self._healthy(PROGRESS, 20))
            self._lines(writer, self.text, self.chance.randrange(4))
        if self._writers and self.chance.random() < 0.1:
            self._in_halves(self._writers[0], self.text, lambda: None)
        self._write_late()

    def _lines(self, fd: int, text: Text, count: int) -> None:
        lines = [self._compose() for _ in range(count)]
        self._write(fd, text, b"".join(line for _, line in lines))
        now = time.monotonic()
        text.lines += [(token, now) for token, _ in lines]

    def _in_halves(self, fd: int, text: Text, between: Callable[[], None]) -> None:
        token, line = self._compose()
        cut = self.chance.randrange(1, len(line))
        self._write(fd, text, line[:cut])
        between()
        time.sleep(self.chance.uniform(0, LONGEST_PAUSE_S))
        self._write(fd, text, line[cut:])
        text.lines.append((token, time.monotonic()))

    def _write_late(self) -> None:
        for fd, text in self._late:
            self._lines(fd, text, 1)
        if self._late and self.chance.random() < 0.1:
            os.close(self._late.pop(0)[0])

    def _healthy(self, line: bytes, count: int) -> bytes:
        """Lines in which nothing is but progress: no two parts of a log are alike."""
        return b"".join(line % next(self._steps) for _ in range(count))

    def _compose(self) -> tuple[str, bytes]:
        token = f"{self._ident}:{next(self._numbers)}"
        return token, b"rank0: TELLTALE %s! lost\n" % token.encode()

    def _write(self, fd: int, text: Text, data: bytes) -> None:
        if not data:
            return
        text.note(time.monotonic(), data)
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]

    def _close_writers(self) -> None:
        for writer in self._writers:
            os.close(writer)
        self._writers = []

    def close(self) -> None:
        self._close_writers()
        self._let_go()

    # -- rotating

    def rename(self) -> None:
        """As `logrotate` does: numbers move on; a writer who was not told goes on for a while."""
        self._shift()
        old = self.text

        def move() -> None:
            self._hide_first()
            self._move(self.path, self._numbered(1))
            if self.chance.random() < 0.5:
                # Between the rename and the new file somebody may look.
                time.sleep(self.chance.uniform(0, LONGEST_PAUSE_S))

        kept = self._writers.pop()
        if self.chance.random() < 0.3:
            self._in_halves(kept, old, move)
        else:
            move()
        self._late.append((kept, old))
        self.open()

    def compress(self) -> None:
        """Renamed and compressed; all writers have been told."""
        self._let_go()
        if self._habits.is_daemon_killed and not self._is_safe_to_destroy():
            return
        self._shift()
        rotated = self._numbered(1)
        self._hide_first()
        self._move(self.path, rotated)
        self.open()
        rotated.with_name(f"{rotated.name}.gz").write_bytes(gzip.compress(rotated.read_bytes(), 1))
        self._remove(rotated, "compressed")

    def copytruncate(self) -> None:
        self._let_go()
        self._shift()
        copy = self._numbered(1)
        copy.write_bytes(self.path.read_bytes())
        self._at[copy] = self.text
        self._hide(self.text)
        self.open(truncate=True)

    def restart(self) -> None:
        """The job is started anew in the same file, behind the same banner."""
        self._let_go()
        if self._is_safe_to_destroy():
            self.open(truncate=True, banner=self.chance.choice(BANNERS))

    def recreate(self) -> None:
        """Deleted and made anew; the file system gives the same inode again, if nobody holds it."""
        self._let_go()
        if self._is_safe_to_destroy():
            self._remove(self.path, "deleted")
            self.open(banner=BANNERS[0])

    def replace(self) -> None:
        """Written anew with more, and put in place at once, as `rsync` does it; nobody else writes there."""
        self._close_writers()
        whole = self.path.with_name(f".{self.path.name}.new")
        whole.write_bytes(self.path.read_bytes())
        with whole.open("ab", buffering=0) as file:
            self._lines(file.fileno(), self.text, self.chance.randrange(1, 100))
        self._rename_a_tick_later(whole)

    def swap(self) -> None:
        """The log is a link, and leads elsewhere from now on; the old file is written on for a while."""
        if self._habits.is_daemon_killed and not self._is_safe_to_destroy():
            return
        link = self.path.with_name(f".{self.path.name}.link")
        target = self.path.parent / "targets" / f"{self.path.stem}-{next(self._numbers)}.txt"
        target.parent.mkdir(exist_ok=True)
        target.touch()
        link.symlink_to(target)
        old = self._at.pop(self.path)
        # The way to what was never looked at was this link.
        holder = self._daemon.holder_of(self.path)
        link.rename(self.path)
        old.destroy(time.monotonic(), "behind a link that was swapped", holder)
        self._late.append((self._writers.pop(), old))
        self.open()

    def anything(self) -> None:
        """Any of them; a log that people handle by hand."""
        kinds = ["rename", "compress", "copytruncate", "recreate"]
        ROTATIONS[self.chance.choice(kinds)](self)

    # -- within

    def _let_go(self) -> None:
        """All who wrote to files of this log end."""
        while self._late:
            os.close(self._late.pop()[0])

    def _is_safe_to_destroy(self) -> bool:
        """Whether this job destroys its log now: in most cases only after its lines were told."""
        if self.chance.random() >= self._habits.patient:
            return True
        deadline = time.monotonic() + WAIT_TOLD_S
        told = self._daemon.counts
        while not all(token in told for token, _ in self.text.lines):
            if time.monotonic() > deadline or self._daemon.done.wait(0.01):
                return False
        return True

    def _hide(self, text: Text) -> None:
        if not self._habits.is_kept_in_sight:
            text.hidden_at = time.monotonic()

    def _hide_first(self) -> None:
        """Later ones are looked for beside the log that is known by then."""
        if self._rotations == 1:
            self._hide(self.text)

    def _numbered(self, number: int, end: str = "") -> Path:
        return self.path.with_name(f"{self.path.name}.{number}{end}")

    def _shift(self) -> None:
        for number in range(min(self._rotations, self._habits.kept), 0, -1):
            for end in ("", ".gz"):
                older = self._numbered(number, end)
                if older.exists() and number == self._habits.kept:
                    self._remove(older, "rotated away")
                elif older.exists():
                    self._move(older, self._numbered(number + 1, end))
        self._rotations += 1

    def _move(self, old: Path, new: Path) -> None:
        old.rename(new)
        if old in self._at:
            self._at[new] = self._at.pop(old)

    def _remove(self, path: Path, reason: str) -> None:
        holder = self._daemon.holder_of(path)
        path.unlink()
        text = self._at.pop(path, None)
        if text is not None and all(other is not text for other in self._at.values()):
            text.destroy(time.monotonic(), reason, holder)

    def _cut(self) -> None:
        os.truncate(self.path, 0)
        text = self._at.pop(self.path)
        if all(other is not text for other in self._at.values()):
            text.destroy(time.monotonic(), "cut")

    def _rename_a_tick_later(self, whole: Path) -> None:
        """Programs are not so fast that two system calls fall into one tick of the file system's clock."""
        written_ns = whole.stat().st_mtime_ns
        probe = whole.with_name(f"{whole.name}.tick")
        while True:
            probe.touch()
            if probe.stat().st_mtime_ns > written_ns:
                break
        probe.unlink()
        whole.rename(self.path)


ROTATIONS: Mapping[str, Callable[[Log], None]] = {
    "rename": Log.rename,
    "compress": Log.compress,
    "copytruncate": Log.copytruncate,
    "restart": Log.restart,
    "recreate": Log.recreate,
    "replace": Log.replace,
    "swap": Log.swap,
    "anything": Log.anything,
}
