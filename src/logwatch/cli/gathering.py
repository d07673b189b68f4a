"""Sightings gathered by error: counts, the first and the last. What is kept does not grow with a storm."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from logwatch.incident.account import Account
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event
from logwatch.incident.incident import Evidence
from logwatch.incident.strand import MAX_DISTINCT_PLACES
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


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting as it is gathered; `event` is there if it may be the first of its error."""

    error_id: str
    spot: Spot
    event: Event | None


@dataclass(slots=True)
class Firsts:
    """Knows which spots were the first of their error when they were asked about."""

    _spots: dict[str, Spot] = field(default_factory=dict)

    def is_first(self, error_id: str, spot: Spot) -> bool:
        known = self._spots.get(error_id)
        if known is None or _is_earlier(spot, known):
            self._spots[error_id] = spot
            return True
        return False


@dataclass(slots=True)
class Gathering:
    """Collects what was seen and tells them as findings."""

    _firsts: Firsts = field(default_factory=Firsts)
    _by_error: dict[str, _Gathered] = field(default_factory=dict)

    def add(self, said: Seen) -> None:
        gathered = self._by_error.get(said.error_id)
        if said.event is not None and self._firsts.is_first(said.error_id, said.spot):
            if gathered is None:
                gathered = self._by_error[said.error_id] = _Gathered(said.event, said.spot, said.spot)
            gathered.event, gathered.first = said.event, said.spot
        if gathered is not None:
            gathered.add(said.spot)

    def findings(self, advisor: Advisor) -> Iterator[Finding]:
        for gathered in self._by_error.values():
            last = gathered.last if gathered.count > 1 else None
            yield Finding(advisor.incident(_opened(gathered)), gathered.first, last)


def _opened(gathered: _Gathered) -> Account:
    event = gathered.event
    return Account(
        incident_id=event.event_id,
        error_id=event.error_id,
        labels={},
        host=event.host,
        first_seen=gathered.first.time or 0.0,
        last_seen=gathered.last.time or 0.0,
        evidence=Evidence(event.line, event.path, event.line_number, list(event.context)),
        count=gathered.count,
        place_count=len(gathered.places) + gathered.more_places,
    )
