"""Going through files once, keeping account of what was looked at and what was not."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from logwatch.cli.sightings import Sighting, Watch
from logwatch.errors import Problem
from logwatch.render.report import Effort
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import KEPT_HEAD, KEPT_TAIL, MAX_RECORD, Reading, Target, Targets

# A folder of checkpoints would fill the screen.
_MOST_SKIPPED_TOLD = 5
_OVERLONG = (
    f"longer than {MAX_RECORD >> 10} KiB: only the first {KEPT_HEAD >> 10} and the last "
    f"{KEPT_TAIL >> 10} KiB of each were looked at"
)


@dataclass(slots=True)
class Inspection:
    """One pass over `targets`.

    `say` tells a person something; `advanced` gets the bytes read so far and the path. `trouble` is whether
    anything that was asked for could not be looked at.
    """

    scanner: Scanner
    targets: Targets
    say: Callable[[Problem], None]
    advanced: Callable[[int, str], None]
    trouble: bool = False
    lines: int = 0
    files: int = 0
    size: int = 0
    _read: int = 0
    _skipped: int = 0
    _timeouts: Counter[str] = field(default_factory=Counter)
    _started: float = field(default_factory=time.monotonic)

    def effort(self, known: int) -> Effort:
        return Effort(self.lines, self.files, self.size, time.monotonic() - self._started, known)

    def sightings(self) -> Iterator[Sighting]:
        """Everything known, by file in order and by offset; what has to be said is said on the way."""
        for problem in self.targets.problems:
            self._tell_trouble(problem)
        for target in self.targets.files:
            reading = Reading(target.path)
            watch = Watch(self.scanner, reading)
            try:
                yield from watch.sightings(partial(self._advanced, reading))
            finally:
                self._account(target, reading, watch)
        self._tell_what_was_left_out()

    def _advanced(self, reading: Reading) -> None:
        self.advanced(self._read + reading.read, reading.path)

    def _account(self, target: Target, reading: Reading, watch: Watch) -> None:
        self._read += reading.read
        self._timeouts.update(watch.timeouts)
        if reading.skipped:
            self._tell_skipped(target, reading)
            return
        self.files += 1
        self.lines += reading.framer.lines
        self.size += reading.framer.offset
        if reading.trouble:
            self._tell_trouble(Problem(target.path, reading.trouble))
        if reading.framer.overlong:
            self.say(Problem(target.path, f"{reading.framer.overlong} lines are {_OVERLONG}"))

    def _tell_skipped(self, target: Target, reading: Reading) -> None:
        self._skipped += 1
        problem = Problem(target.path, f"skipped: {reading.skipped}")
        if target.named:
            self._tell_trouble(problem)
        elif self._skipped <= _MOST_SKIPPED_TOLD:
            self.say(problem)

    def _tell_trouble(self, problem: Problem) -> None:
        self.trouble = True
        self.say(problem)

    def _tell_what_was_left_out(self) -> None:
        if self._skipped > _MOST_SKIPPED_TOLD:
            more = self._skipped - _MOST_SKIPPED_TOLD
            self.say(Problem("scan", f"{more} more files were skipped, as they hold no text"))
        for error_id, times in self._timeouts.items():
            self.say(
                Problem(error_id, f"its pattern took too long on {times} lines and may have missed them")
            )
