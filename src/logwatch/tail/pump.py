"""One hop into a worker thread: look, read, scan. What comes back is small."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from heapq import nlargest
from typing import Any, Protocol

from logwatch.breath import with_breaks
from logwatch.scan.clean import visible
from logwatch.scan.nearby import Nearby
from logwatch.scan.scanner import Match, Scanner
from logwatch.tail.life import NOWHERE, Finding, Generation, Life
from logwatch.tail.reading import Chunk, Turn

# Enough of a traceback to see where it comes from; more stands in the log.
LINES_BEFORE = 6
LINES_AFTER = 3
# A record that has not ended, while others are written around it or dots after it, is told of at the latest.
LONGEST_HOLD_S = 10.0
_REACH = 4096
# Surveying a file costs a few microseconds, and a thousand busy files bring a hundred hops a second. Positions
# that wait so long are read again after a crash, and say nothing new.
MANY = 64
SURVEY_S = 1.0
# Of all that were read on the positions are remembered so often, as long as nothing is found in them.
POSITIONS_S = 10.0
# As long as nothing is read there is hardly anything new to say, and of ten thousand idle files a survey is most of
# the work.
QUIET_SURVEY_S = 10.0
# So many are taken stock of between two breaths.
AT_A_GLANCE = 4096
# Bytes of many files that are looked through at once; most often there is nothing in any of them.
BATCH = 64 << 10
# Files named to a person who asks why a source is behind.
MAX_WORST = 5


@dataclass(frozen=True, slots=True)
class Remembered:
    """A life as it is to be remembered: positions of the moment at which it was taken."""

    key: str
    source: str
    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Behind:
    """A file of which something is not scanned: `lag` bytes yet, others never, by reason."""

    path: str
    lag: int
    skipped: Mapping[str, int]


@dataclass(slots=True)
class Haul:
    """What one hop brought in. Counts are in bytes and belong to the source.

    `lives` are those whose remembered part changed, as it was when this hop ended; `ended` are keys of those
    that are over. `scanned` and `skipped` add up to the bytes that were seen and are settled. `gaps` are
    times that records were gone before they could be read, by reason. `reads`: how often something new was read.
    `worst` are the files that are the furthest behind.
    """

    source: str
    findings: list[tuple[Generation, Finding]] = field(default_factory=list)
    lives: list[Remembered] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    timeouts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    gaps: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    scanned: int = 0
    reads: int = 0
    lag: int = 0
    worst: list[Behind] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    next_due: float = 0.0


class Named(Protocol):
    """Something to read."""

    @property
    def name(self) -> str: ...


class Reader(Protocol):
    """What gives bytes to a pump: a `Follower` of files, the `StreamReader` of a stream."""

    @property
    def source(self) -> Named: ...
    @property
    def roots(self) -> Sequence[str]: ...
    @property
    def readable(self) -> int | None: ...
    @property
    def problems(self) -> dict[str, str]: ...
    @property
    def is_caught_up(self) -> bool: ...
    def restore(self, lives: Iterable[Life], *, known_source: bool) -> None: ...
    def turn(
        self,
        now: float,
        rings: Iterable[str],
        most: int,
        appeared: Mapping[str, int] | None,
        *,
        is_innocent: Callable[[bytes], bool],
    ) -> Turn: ...
    def lives(self) -> list[Life]: ...
    def changed(self) -> list[Life]: ...
    def doubts(self, life: Life, now: float) -> bool: ...
    def next_due(self, now: float) -> float: ...
    def release_all(self) -> list[tuple[Life, Finding]]: ...
    def close(self) -> None: ...


class Pump:
    """The bytes of one source, and the scanner that looks at what they say: a `Feed`, as files are."""

    # Of a file nobody knows whether it is over.
    is_over = False

    def __init__(self, follower: Reader, scanner: Callable[[], Scanner], kind: str) -> None:
        self.follower = follower
        self._scanner = scanner
        self._kind = kind
        # What another type of source has left under this name.
        self._foreign: list[str] = []
        self._surveyed_at = self._remembered_at = 0.0
        # Whether something happened since.
        self._has_news = True
        # Whether more than reading happened since: positions of several files are remembered together then.
        self._has_happened = True
        self._surveyed: tuple[int, Counter[str], list[Behind]] = (0, Counter(), [])

    @property
    def roots(self) -> Sequence[str]:
        return self.follower.roots

    @property
    def readable(self) -> int | None:
        return self.follower.readable

    @property
    def is_caught_up(self) -> bool:
        return self.follower.is_caught_up

    def restore(self, remembered: Sequence[Remembered], *, known_source: bool) -> None:
        own = [known for known in remembered if "file" in known.body]
        self._foreign = [known.key for known in remembered if "file" not in known.body]
        lives = [Life.from_dict(known.key, known.source, known.path, dict(known.body)) for known in own]
        self.follower.restore(lives, known_source=known_source)

    def close(self) -> None:
        self.follower.close()

    def hop(
        self, now: float, rings: Iterable[str], most: int, appeared: Mapping[str, int] | None = None
    ) -> Haul:
        """Reads at most about `most` bytes; `rings` and `appeared` are hints of the file system."""
        # Asked for anew each time: a reload changes it.
        scanner = self._scanner()
        turn = self.follower.turn(now, rings, most, appeared, is_innocent=scanner.is_innocent)
        haul = Haul(self.follower.source.name)
        haul.findings.extend(turn.released)
        for life, finding in turn.released:
            life.note_said(finding.offset)
        for chunks in _together(turn.chunks):
            if len(chunks) > 1 and scanner.is_innocent(b"\n".join([chunk.data for chunk in chunks])):
                _nothing_found(chunks)
                continue
            for chunk in chunks:
                self._scan(chunk, scanner, haul, now)
        haul.reads = len(turn.chunks) + turn.grown
        haul.ended, haul.problems = [*self._foreign, *turn.ended], self.follower.problems
        self._foreign = []
        haul.scanned, haul.skipped, haul.happened = turn.scanned, turn.skipped, turn.happened
        self._has_news |= bool(turn.read or turn.scanned or turn.skipped or turn.happened)
        self._has_happened |= bool(turn.skipped or turn.happened or turn.ended)
        self._survey(haul, now)
        haul.next_due = self.follower.next_due(now)
        return haul

    def finish(self) -> Haul:
        """At the very end of `run --once`: unfinished lines will not be finished."""
        haul = Haul(self.follower.source.name)
        for life, finding in self.follower.release_all():
            haul.findings.append((life, finding))
            life.note_said(finding.offset)
        self._survey(haul)
        return haul

    def _scan(self, chunk: Chunk, scanner: Scanner, haul: Haul, now: float) -> None:
        life = chunk.life
        result = scanner.scan(chunk.data, self._kind)
        haul.timeouts.update(result.timeouts)
        matches = list(result.in_order())
        if chunk.is_undone or (matches and self.follower.doubts(life, now)):
            return
        places = chunk.places(match.start for match in matches)
        for match, (offset, line_number) in zip(matches, places, strict=True):
            finding = Finding(match, offset, line_number, Nearby(partial(_context, chunk, match)))
            if finding.offset in life.said:
                continue
            is_settled = match.start < chunk.settled
            if not is_settled:
                life.held_since = life.held_since or now
                if now - life.held_since < LONGEST_HOLD_S:
                    life.held.append(finding.alone())
                    continue
            haul.findings.append((life, finding))
            if not is_settled or chunk.record != NOWHERE or life.has_begun(finding.offset):
                # The record, or another part of it, will come again.
                life.note_said(finding.offset)
        if not life.held:
            life.held_since = 0.0

    def _survey(self, haul: Haul, now: float | None = None) -> None:
        """How all files stand. Of very many this is asked now and then, unless something became of one of them."""
        # As of the last survey: to list 100,000 files anew with each hop would be most of its work.
        are_many = self._surveyed[1].total() > MANY
        can_wait = are_many and not haul.ended and not (haul.findings and self._has_happened)
        pause_s = SURVEY_S if self._has_news else QUIET_SURVEY_S
        if can_wait and now is not None and now < self._surveyed_at + pause_s:
            # As long as no file comes, goes or is cut, each stands for itself.
            haul.lives = _remembered(_dirty(haul.findings))
            haul.lag, haul.files, haul.worst = self._surveyed
            return
        haul.lives = _remembered(self._to_remember(haul, now, can_wait=can_wait))
        self._surveyed_at, self._has_news = now or 0.0, False
        lives = self.follower.lives()
        restless = [
            life
            for life in with_breaks(lives, AT_A_GLANCE)
            if life.offset != life.size or life.is_nameless or life.has_lost
        ]
        haul.lag = sum(life.unread for life in restless if not life.is_waiting)
        haul.files = Counter(map(_state, restless))
        haul.files["current"] += len(lives) - len(restless)
        haul.worst = _furthest_behind(restless)
        self._surveyed = haul.lag, haul.files, haul.worst

    def _to_remember(self, haul: Haul, now: float | None, *, can_wait: bool) -> list[Life]:
        """Lives whose positions are to be remembered: all of a moment, or those in which something was found."""
        can_wait &= now is not None and 0 <= now - self._remembered_at < POSITIONS_S
        if can_wait and not self._has_happened:
            return _dirty(haul.findings)
        self._remembered_at, self._has_happened = now or 0.0, False
        return self.follower.changed()


def _dirty(findings: Iterable[tuple[Generation, Finding]]) -> list[Life]:
    """Lives in which something was found; they are clean from now on."""
    lives = {life.key: life for life, _ in findings if isinstance(life, Life) and life.dirty}
    for life in lives.values():
        life.dirty = False
    return list(lives.values())


def _remembered(lives: Iterable[Life]) -> list[Remembered]:
    return [Remembered(life.key, life.source, life.path, life.to_dict()) for life in lives]


def _together(chunks: Iterable[Chunk]) -> Iterator[Sequence[Chunk]]:
    """Chunks that are looked through in one go: a scan of its own costs a line more than all else."""
    batch: list[Chunk] = []
    size = 0
    for chunk in chunks:
        if size + len(chunk.data) > BATCH and batch:
            yield batch
            batch, size = [], 0
        batch.append(chunk)
        size += len(chunk.data)
    if batch:
        yield batch


def _nothing_found(chunks: Iterable[Chunk]) -> None:
    for chunk in chunks:
        if not chunk.life.held:
            chunk.life.held_since = 0.0


def _furthest_behind(lives: Iterable[Life]) -> list[Behind]:
    behind = [life for life in lives if life.has_lost or (life.unread and not life.is_waiting)]
    worst = nlargest(MAX_WORST, behind, key=lambda life: (life.unread, sum(life.skipped.values())))
    return [Behind(life.path, life.unread, dict(life.skipped)) for life in worst]


def _state(life: Life) -> str:
    if life.is_nameless:
        return "nameless"
    if not life.unread:
        return "current"
    return "unfinished" if life.is_waiting else "behind"


def _context(chunk: Chunk, match: Match) -> tuple[str, ...]:
    """The lines around a match, as far as they were read with it."""
    head = chunk.data[max(0, match.start - _REACH) : match.start]
    if match.start < _REACH:
        head = chunk.before + head
    before = [line for line in visible(head).replace("\r", "\n").split("\n") if line.strip()]
    after = visible(chunk.data[match.end : match.end + _REACH]).replace("\r", "\n").split("\n")
    following = [line for line in after if line.strip()]
    return (*before[-LINES_BEFORE:], match.text, *following[:LINES_AFTER])
