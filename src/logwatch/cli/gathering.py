"""Sightings gathered by error: counts, the first and the last. What is kept does not grow with a storm."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from logwatch.incident.event import Event
from logwatch.incident.fold import MAX_DISTINCT_PLACES, Advisor, Open
from logwatch.incident.incident import Evidence
from logwatch.render.report import Finding, Spot

# What tells places in one file apart: a log may hold the lines of all ranks.
_APART = ("rank", "local_rank", "pod", "host", "pid")


@dataclass(slots=True)
class _Gathered:
    """All sightings of one error. `event` is that of the first."""

    event: Event
    first: Spot
    last: Spot
    count: int = 0
    places: set[tuple[str, ...]] = field(default_factory=set)
    more_places: int = 0

    def add(self, spot: Spot) -> None:
        self.count += 1
        if not _is_earlier(spot, self.last):
            self.last = spot
        place = (spot.path, *(spot.labels.get(name, "") for name in _APART))
        if len(self.places) < MAX_DISTINCT_PLACES:
            self.places.add(place)
        elif place not in self.places:
            self.more_places += 1


def _is_earlier(one: Spot, other: Spot) -> bool:
    """By the log's own times; where one of them has none, the order of reading stands."""
    return one.time is not None and other.time is not None and one.time < other.time


class Gathering:
    """Collects sightings and tells them as findings."""

    def __init__(self, advisor: Advisor) -> None:
        self._advisor = advisor
        self._by_error: dict[str, _Gathered] = {}

    def __len__(self) -> int:
        return len(self._by_error)

    def is_first(self, error_id: str, spot: Spot) -> bool:
        """Whether `spot` would be the first of its error: then `add` wants the whole event."""
        gathered = self._by_error.get(error_id)
        return gathered is None or _is_earlier(spot, gathered.first)

    def add_first(self, event: Event, spot: Spot) -> None:
        gathered = self._by_error.get(event.error_id)
        if gathered is None:
            gathered = self._by_error[event.error_id] = _Gathered(event, spot, spot)
        gathered.event, gathered.first = event, spot
        gathered.add(spot)

    def add(self, error_id: str, spot: Spot) -> None:
        self._by_error[error_id].add(spot)

    def findings(self) -> Iterator[Finding]:
        for gathered in self._by_error.values():
            last = gathered.last if gathered.count > 1 else None
            yield Finding(self._advisor.incident(_opened(gathered)), gathered.first, last)


def _opened(gathered: _Gathered) -> Open:
    event = gathered.event
    evidence = Evidence(event.line, event.path, event.line_number, list(event.context))
    return Open(
        incident_id=event.event_id,
        error_id=event.error_id,
        scope="",
        labels={},
        host=event.host,
        first_seen=gathered.first.time or 0.0,
        last_seen=gathered.last.time or 0.0,
        evidence=asdict(evidence),
        count=gathered.count,
        more_places=len(gathered.places) + gathered.more_places,
    )
