"""From matches to sightings: which error stands where, written when and by whom, with what around it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import NamedTuple

from logwatch.incident.event import MAX_CONTEXT_LINE
from logwatch.scan.clean import visible
from logwatch.scan.prefix import LOOK_BACK, Prefix, read, time_above
from logwatch.scan.scanner import Match
from logwatch.tail.oneshot import Chunk

# Enough to see where an error comes from, and still to see the error.
_LINES_BEFORE = 2
_LINES_AFTER = 1
# Two lines that are longer than this, in bytes, explain nothing.
_REACH = 2048


class Sighting(NamedTuple):
    """A match in a file.

    `written` is when, by the log itself: by the line's prefix, else by the nearest line above that has a
    time; None where there is none. `now` is what serves instead: the file's modification time, or the
    present for a stream. Both are in seconds since the epoch. `surroundings` gives the lines around the
    match, the match among them.
    """

    match: Match
    path: str
    offset: int
    line_number: int
    labels: Mapping[str, str]
    written: float | None
    now: float
    surroundings: Callable[[], Sequence[str]]

    @property
    def time(self) -> float:
        return self.now if self.written is None else self.written


@dataclass(slots=True)
class _Clock:
    """Tells when lines of one file were written. Positions are in bytes from its beginning."""

    now: float = 0.0
    _zone: tzinfo = UTC
    _last: float | None = None
    _looked_at: int = -LOOK_BACK - 1

    def set(self, modified: float | None) -> None:
        """`modified` is None for a stream: its lines are written as they are read."""
        if modified is None or not self.now:
            self.now = time.time() if modified is None else modified
            # Logs without a zone are in local time, as it was then.
            self._zone = datetime.fromtimestamp(self.now).astimezone().tzinfo or UTC

    def written(self, prefix: Prefix, text: bytes, start: int, position: int) -> float | None:
        """When the line at `start` in `text` was written; `position` is where that is in the file."""
        written = None if prefix.stamp is None else prefix.stamp.seconds(self.now, self._zone)
        if written is None:
            # What lies above the line that was looked at before has been looked through already.
            since = position - self._looked_at
            above = text[max(0, start - min(since, LOOK_BACK)) : start]
            written = time_above(above, self.now, self._zone)
            if written is None and since <= LOOK_BACK:
                written = self._last
        self._last, self._looked_at = written, position
        return written


@dataclass(slots=True)
class Sightings:
    """Makes sightings of the matches in one file, which come chunk by chunk, in order."""

    path: str
    _clock: _Clock = field(default_factory=_Clock)

    def of(
        self, chunk: Chunk, matches: Sequence[Match], above: bytes, passed: int, modified: float | None
    ) -> Iterator[Sighting]:
        """The sightings in `chunk`, `passed` bytes behind the beginning and right below `above`."""
        self._clock.set(modified)
        text, shift = above + chunk.data, len(above)
        places = chunk.places(match.start for match in matches)
        for match, (offset, line_number) in zip(matches, places, strict=True):
            start, end = shift + match.start, shift + match.end
            prefix = read(match.text)
            yield Sighting(
                match=match,
                path=self.path,
                offset=offset,
                line_number=line_number,
                labels=prefix.labels,
                written=self._clock.written(prefix, text, start, passed + match.start),
                now=self._clock.now,
                surroundings=partial(_surroundings, text, start, end, match.text),
            )


def _surroundings(text: bytes, start: int, end: int, line: str) -> Sequence[str]:
    before = _lines(text[max(0, start - _REACH) : start])[-_LINES_BEFORE:]
    if len(line) > MAX_CONTEXT_LINE:
        # It is published in full beside its surroundings; shortened among them, it would be there twice.
        return before
    return [*before, line, *_lines(text[end : end + _REACH])[:_LINES_AFTER]]


def _lines(data: bytes) -> list[str]:
    """Lines as a screen would show them: of a progress bar the last redraw, blank lines left out."""
    redraws = ([part for part in line.split("\r") if part.strip()] for line in visible(data).split("\n"))
    return [parts[-1].rstrip() for parts in redraws if parts]
