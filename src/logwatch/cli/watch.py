"""Looks through one file, chunk by chunk. What is needed for a sighting is only imported at the first one."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import Reading
from logwatch.tail.parts import ABOVE

if TYPE_CHECKING:
    from logwatch.cli.sightings import Sighting, Sightings


@dataclass(slots=True)
class Watch:
    """Finds the sightings in one file, or in a part of one."""

    scanner: Scanner
    reading: Reading
    timeouts: Counter[str] = field(default_factory=Counter)
    _sightings: "Sightings | None" = None

    def batches(self) -> "Iterator[Iterator[Sighting]]":
        """Everything known in the file, in order, chunk by chunk as it is read."""
        above, passed = b"", 0
        for chunk in self.reading.chunks():
            above = above or self.reading.above
            found = self.scanner.scan(chunk.data)
            self.timeouts.update(found.timeouts)
            if matches := list(found.in_order()):
                sightings = self._sightings or self._first_sight()
                yield sightings.of(chunk, matches, above, passed, self.reading.modified)
            else:
                yield iter(())
            end = chunk.data[-ABOVE:]
            above = end if len(end) == ABOVE else (above + end)[-ABOVE:]
            passed += len(chunk.data)

    def _first_sight(self) -> "Sightings":
        from logwatch.cli.sightings import Sightings  # noqa: PLC0415 - see above

        self._sightings = Sightings(self.reading.path)
        return self._sightings
