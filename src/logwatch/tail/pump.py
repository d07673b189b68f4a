"""One hop into a worker thread: look, read, scan. What comes back is small."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logwatch.scan.clean import visible
from logwatch.scan.scanner import Match, Scanner
from logwatch.tail.follow import Follower
from logwatch.tail.life import NOWHERE, Finding, Life
from logwatch.tail.reading import Chunk

# Enough of a traceback to see where it comes from; more stands in the log.
LINES_BEFORE = 6
LINES_AFTER = 3
_REACH = 4096


@dataclass(frozen=True, slots=True)
class Remembered:
    """A life as it is to be remembered: positions of the moment at which it was taken."""

    key: str
    source: str
    path: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Haul:
    """What one hop brought in. Counts are in bytes and belong to the source.

    `lives` are those whose remembered part changed, as it was when this hop ended; `ended` are keys of those
    that are over. `scanned` and `skipped` add up to the bytes that were seen and are settled.
    """

    source: str
    findings: list[tuple[Life, Finding]] = field(default_factory=list)
    lives: list[Remembered] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    timeouts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    scanned: int = 0
    lag: int = 0
    files: Counter[str] = field(default_factory=Counter)
    next_due: float = 0.0


class Pump:
    """The files of one source, and the scanner that looks at what they say."""

    def __init__(self, follower: Follower, scanner: Callable[[], Scanner], kind: str) -> None:
        self.follower = follower
        self._scanner = scanner
        self._kind = kind

    def hop(
        self, now: float, rings: Iterable[str], most: int, appeared: Mapping[str, int] | None = None
    ) -> Haul:
        """Reads at most about `most` bytes; `rings` and `appeared` are hints of the file system."""
        turn = self.follower.turn(now, rings, most, appeared)
        haul = Haul(self.follower.source.name)
        haul.findings.extend(turn.released)
        for life, finding in turn.released:
            life.note_said(finding.offset)
        # Asked for anew each time: a reload changes it.
        scanner = self._scanner()
        for chunk in turn.chunks:
            self._scan(chunk, scanner, haul)
        haul.ended, haul.problems = turn.ended, self.follower.problems
        haul.scanned, haul.skipped, haul.happened = turn.scanned, turn.skipped, turn.happened
        self._survey(haul)
        haul.next_due = self.follower.next_due(now)
        return haul

    def finish(self) -> Haul:
        """At the very end of `run --once`: unfinished lines will not be finished."""
        haul = Haul(self.follower.source.name)
        haul.findings = self.follower.release_all()
        for life, finding in haul.findings:
            life.note_said(finding.offset)
        self._survey(haul)
        return haul

    def _scan(self, chunk: Chunk, scanner: Scanner, haul: Haul) -> None:
        result = scanner.scan(chunk.data, self._kind)
        haul.timeouts.update(result.timeouts)
        for match in result.matches:
            finding = _finding(chunk, match)
            if finding.offset in chunk.life.said:
                continue
            if match.start >= chunk.settled:
                chunk.life.held.append(finding)
                continue
            haul.findings.append((chunk.life, finding))
            if chunk.record != NOWHERE or chunk.life.has_begun(finding.offset):
                # Another part of the same record may match again.
                chunk.life.note_said(finding.offset)

    def _survey(self, haul: Haul) -> None:
        lives = self.follower.lives()
        haul.lag = sum(life.unread for life in lives if not life.is_waiting)
        haul.lives = [
            Remembered(life.key, life.source, life.path, life.to_dict()) for life in self.follower.changed()
        ]
        haul.files = Counter(map(_state, lives))


def _state(life: Life) -> str:
    if life.is_nameless:
        return "nameless"
    return "behind" if life.unread and not life.is_waiting else "current"


def _finding(chunk: Chunk, match: Match) -> Finding:
    offset, line_number = chunk.place(match.start)
    return Finding(match, offset, line_number, tuple(_context(chunk, match)))


def _context(chunk: Chunk, match: Match) -> Sequence[str]:
    """The lines around a match, as far as they were read with it."""
    head = chunk.data[max(0, match.start - _REACH) : match.start]
    if match.start < _REACH:
        head = chunk.before + head
    before = [line for line in visible(head).replace("\r", "\n").split("\n") if line.strip()]
    after = visible(chunk.data[match.end : match.end + _REACH]).replace("\r", "\n").split("\n")
    following = [line for line in after if line.strip()]
    return [*before[-LINES_BEFORE:], match.text, *following[:LINES_AFTER]]
