"""Going through files once, keeping account of what was looked at and what was not."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from logwatch.cli.checks.finding import counted
from logwatch.cli.sightings import Sighting, Watch
from logwatch.errors import Problem
from logwatch.render.report import Effort
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import KEPT_HEAD, KEPT_TAIL, MAX_RECORD, Reading, Target, Targets

# A folder of checkpoints would fill the screen.
_MOST_SKIPPED_TOLD = 5
_OVERLONG = (
    f"of more than {MAX_RECORD >> 10} KiB: only the first {KEPT_HEAD >> 10} and the last "
    f"{KEPT_TAIL >> 10} KiB of each were looked at"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """What a part of `target` gave, in order; with bytes read, bytes unpacked and lines of it so far."""

    target: Target
    found: Sequence[T]
    read: int
    size: int
    lines: int


@dataclass(frozen=True, slots=True)
class Account:
    """How the reading of all of `target` went, with the same counts."""

    target: Target
    read: int
    size: int
    lines: int
    skipped: str
    trouble: str
    overlong: int
    timeouts: Counter[str]


def in_turn(
    files: Iterable[Target], scanner: Scanner, testify: Callable[[Sighting], T]
) -> Iterator[Batch[T] | Account]:
    """Reads one file after the other; what `testify` makes of the sightings comes as soon as it is there."""
    for target in files:
        reading = Reading(target.path)
        watch = Watch(scanner, reading)
        framer = reading.framer
        for sightings in watch.batches():
            found = [testify(sighting) for sighting in sightings]
            yield Batch(target, found, reading.read, framer.offset, framer.lines)
        yield Account(
            target=target,
            read=reading.read,
            size=framer.offset,
            lines=framer.lines,
            skipped=reading.skipped,
            trouble=reading.trouble,
            overlong=framer.overlong,
            timeouts=watch.timeouts,
        )


@dataclass(slots=True)
class Inspection:
    """One pass over `targets`.

    `say` tells a person something; `advanced` gets the bytes read so far and the path. `trouble` is whether
    anything that was asked for could not be looked at.
    """

    targets: Targets
    say: Callable[[Problem], None]
    advanced: Callable[[int, str], None]
    trouble: bool = False
    _files: int = 0
    _read: int = 0
    _size: int = 0
    _lines: int = 0
    _at_hand: Batch[Any] | None = None
    _skipped: int = 0
    _timeouts: Counter[str] = field(default_factory=Counter)
    _started: float = field(default_factory=time.monotonic)

    def testimonies(self, messages: Iterable[Batch[T] | Account]) -> Iterator[T]:
        """Everything that was found, by file in order and by offset. Says what has to be said on the way."""
        for problem in self.targets.problems:
            self._tell_trouble(problem)
        for message in messages:
            if isinstance(message, Account):
                self._account(message)
                continue
            self._at_hand = message
            yield from message.found
            self.advanced(self._read + message.read, message.target.path)
        self._tell_what_was_left_out()

    def effort(self, known: int) -> Effort:
        """What it took, the file at hand included; `known` is how many errors were looked for."""
        now = self._at_hand
        return Effort(
            lines=self._lines + (now.lines if now else 0),
            files=self._files + (now is not None),
            size=self._size + (now.size if now else 0),
            seconds=time.monotonic() - self._started,
            known=known,
        )

    def _account(self, account: Account) -> None:
        self._timeouts.update(account.timeouts)
        self._read += account.read
        self._at_hand = None
        if account.skipped:
            self._tell_skipped(account)
            return
        self._files += 1
        self._lines += account.lines
        self._size += account.size
        if account.trouble:
            self._tell_trouble(Problem(account.target.path, account.trouble))
        if account.overlong:
            self.say(Problem(account.target.path, f"{counted(account.overlong, 'line')} {_OVERLONG}"))

    def _tell_skipped(self, account: Account) -> None:
        self._skipped += 1
        problem = Problem(account.target.path, f"skipped: {account.skipped}")
        if account.target.named:
            self._tell_trouble(problem)
        elif self._skipped <= _MOST_SKIPPED_TOLD:
            self.say(problem)

    def _tell_trouble(self, problem: Problem) -> None:
        self.trouble = True
        self.say(problem)

    def _tell_what_was_left_out(self) -> None:
        if self._skipped > _MOST_SKIPPED_TOLD:
            more = counted(self._skipped - _MOST_SKIPPED_TOLD, "more file")
            self.say(Problem("scan", f"skipped {more}"))
        for error_id, times in self._timeouts.items():
            lines = counted(times, "line")
            self.say(Problem(error_id, f"its pattern took too long on {lines} and may have missed them"))
