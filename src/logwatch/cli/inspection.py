"""Going through files once, keeping account of what was looked at and what was not."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from logwatch.cli.checks.finding import counted
from logwatch.cli.watch import Watch
from logwatch.errors import Problem
from logwatch.render.effort import Effort
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import KEPT_HEAD, KEPT_TAIL, MAX_RECORD, Target, Targets
from logwatch.tail.parts import Part

if TYPE_CHECKING:
    from logwatch.cli.sightings import Sighting

# A folder of checkpoints would fill the screen.
_MOST_SKIPPED_TOLD = 5
_OVERLONG = (
    f"of more than {MAX_RECORD >> 10} KiB: only the first {KEPT_HEAD >> 10} and the last "
    f"{KEPT_TAIL >> 10} KiB of each were looked at"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Batch(Generic[T]):
    """What some of a part gave, in order; with bytes read, bytes unpacked and lines of it so far.

    `lines` is None where they are not counted.
    """

    target: Target
    found: Sequence[T]
    read: int
    size: int
    lines: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """How the reading of a part of `target` went, with the same counts. `is_last`: it has no further part."""

    target: Target
    read: int
    size: int
    lines: int | None
    skipped: str
    trouble: str
    overlong: int
    timeouts: Counter[str]
    is_last: bool


def in_turn(
    parts: Iterable[Part], scanner: Scanner, testify: "Callable[[Sighting], T | None]"
) -> Iterator[Batch[T] | Account]:
    """Reads one part after the other; what `testify` makes of the sightings comes as soon as it is there.

    Of some sightings it may make nothing.
    """
    for part in parts:
        reading = part.reading()
        watch = Watch(scanner, reading)
        framer = reading.framer
        for sightings in watch.batches():
            found = [told for sighting in sightings if (told := testify(sighting)) is not None]
            # The part of a large file is over soon, and its account says how far the work has got.
            if found or part.lines is None:
                yield Batch(part.target, found, reading.read, reading.size, framer.lines)
        yield Account(
            target=part.target,
            read=reading.read,
            size=reading.size,
            lines=framer.lines,
            skipped=reading.skipped,
            trouble=reading.trouble,
            overlong=framer.overlong,
            timeouts=watch.timeouts,
            is_last=part.end is None,
        )


@dataclass(slots=True)
class Inspection:
    """One pass over `targets`.

    `say` tells a person something; `advanced` gets the bytes read so far and the path. `trouble` is whether
    anything that was asked for could not be looked at; `interrupted`, whether somebody did not want to wait:
    what was found until then is worth telling.
    """

    targets: Targets
    say: Callable[[Problem], None]
    advanced: Callable[[int, str], None]
    trouble: bool = False
    interrupted: bool = False
    _files: int = 0
    _read: int = 0
    _size: int = 0
    # None once there was something of which lines are not counted.
    _lines: int | None = 0
    _overlong: int = 0
    _at_hand: Batch[Any] | None = None
    _in_trouble: Target | None = None
    _is_within: bool = False
    _skipped: int = 0
    _timeouts: Counter[str] = field(default_factory=Counter)
    _started: float = field(default_factory=time.monotonic)

    def testimonies(self, messages: Iterable[Batch[T] | Account]) -> Iterator[T]:
        """Everything that was found, by file in order and by offset. Says what has to be said on the way."""
        for problem in self.targets.problems:
            self._tell_trouble(problem)
        try:
            for message in messages:
                if isinstance(message, Account):
                    self._account(message)
                else:
                    self._at_hand = message
                    yield from message.found
                self.advanced(self._read + (self._at_hand.read if self._at_hand else 0), message.target.path)
        except KeyboardInterrupt:
            self.interrupted = True
        self._tell_what_was_left_out()

    def effort(self, known: int) -> Effort:
        """What it took, the file at hand included; `known` is how many errors were looked for."""
        now = self._at_hand
        return Effort(
            lines=_sum(self._lines, now.lines if now else 0),
            files=self._files + (now is not None or self._is_within),
            size=self._size + (now.size if now else 0),
            seconds=time.monotonic() - self._started,
            known=known,
        )

    def _account(self, account: Account) -> None:
        self._timeouts.update(account.timeouts)
        self._read += account.read
        self._at_hand = None
        self._is_within = not account.is_last
        if account.skipped:
            self._tell_skipped(account)
            return
        self._lines = _sum(self._lines, account.lines)
        self._size += account.size
        self._overlong += account.overlong
        if account.trouble and account.target != self._in_trouble:
            self._in_trouble = account.target
            self._tell_trouble(Problem(account.target.path, account.trouble))
        if account.is_last:
            self._files += 1
            self._tell_overlong(account.target.path)

    def _tell_overlong(self, path: str) -> None:
        if self._overlong:
            self.say(Problem(path, f"{counted(self._overlong, 'line')} {_OVERLONG}"))
        self._overlong = 0

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


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
