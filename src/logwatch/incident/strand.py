"""All events of one error in one job (or, without a job, on one machine): what is kept of them.

A strand costs the same for one event and for a million: repeats add to counters, and what is remembered of
the rest has an upper bound.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from logwatch.incident.event import Event
from logwatch.incident.incident import Evidence, Place, Remark
from logwatch.incident.pointers import Involved, Pointers

# Places are told apart, and counted exactly, up to here; one strand costs at most some hundred kilobytes.
MAX_DISTINCT_PLACES = 4096
# Ranks, pids, devices and the like that are kept for finding what belongs together.
MAX_INVOLVED = 1024
# Separate times at which an error was seen. What is older than the look-back of any line explains nothing.
MAX_SPELLS = 64
# Lines that are closer together than this are one spell.
SPELL_GAP_S = 1.0
_TOO_MANY = "…"
# What tells places apart within a file: a log may hold the lines of all ranks, a kernel's those of all GPUs.
_APART = ("rank", "pod", "host", "node")


class Moment(NamedTuple):
    """When a line was written: seconds since the epoch, and its offset, which orders lines of one file."""

    time: float
    offset: int


@dataclass(slots=True)
class Strand:
    """Events of one error in one job or on one machine.

    `home` is the job, else the machine; `job` is empty in the latter case. `first` and `last` are by the
    times in the log, `arrived` is when the first event was heard of. `parent` is the strand that explains
    this one, `why` the remark that says so. `serial` numbers strands in the order of their arrival. `troubled`
    are the subjects (servers, say) of which no line has said yet that they are well again.
    """

    key: str
    error_id: str
    job: str
    home: str
    serial: int
    seed: str
    labels: dict[str, str]
    host: str
    evidence: Evidence
    arrived: float
    first: Moment
    first_path: str
    last: float
    is_dated: bool
    count: int = 0
    places: dict[str, Place] = field(default_factory=dict)
    involved: Involved = field(default_factory=Involved)
    troubled: set[str] = field(default_factory=set)
    spells: list[tuple[float, float]] = field(default_factory=list)
    parent: str = ""
    why: Remark | None = None
    incident: str = ""
    incidents: int = 0

    @classmethod
    def of(cls, event: Event, job: str, home: str, serial: int, now: float) -> "Strand":
        """An empty strand for `event` and what will be like it."""
        moment = moment_of(event)
        return cls(
            key=f"{event.error_id}\0{job}\0{home}\0{serial}",
            error_id=event.error_id,
            job=job,
            home=home,
            serial=serial,
            seed=event.event_id,
            labels=dict(event.labels),
            host=event.node or event.host,
            evidence=_evidence(event),
            arrived=now,
            first=moment,
            first_path=event.path,
            last=moment.time,
            is_dated=event.is_dated,
        )

    def add(self, event: Event, said: Pointers, times: int = 1, lasted_s: float = 0.0) -> bool:
        """Takes in an event that was seen `times` times within `lasted_s`; whether that is news.

        A repeat is none: it changes only numbers.
        """
        self.count += times
        _add_place(self.places, event, said, times)
        self._keep_common(event.labels)
        # One that is not kept is not known to be well again: then a sign that is never taken away stands for it.
        self.troubled.add(event.subject if len(self.troubled) < MAX_INVOLVED else _TOO_MANY)
        is_new = self.involved.learn(said, MAX_INVOLVED)
        return self._date(event, lasted_s) or is_new

    def clear(self, subject: str) -> bool:
        """A line says that it is over for `subject`, or without one for all; whether all is well then."""
        if subject:
            self.troubled.discard(subject)
        else:
            self.troubled.clear()
        # A line that names nobody may have meant anybody.
        return not any(self.troubled)

    def _date(self, event: Event, lasted_s: float) -> bool:
        """A time that is only what serves instead counts as long as there is no better one."""
        if self.is_dated and not event.is_dated:
            return False
        moment = moment_of(event)
        begins = event.is_dated and not self.is_dated
        if begins:
            self.is_dated, self.spells, self.last = True, [], moment.time
        self.last = max(self.last, moment.time + lasted_s)
        if begins or (moment, event.path) < (self.first, self.first_path):
            self.first, self.first_path, self.evidence, self.seed = (
                moment,
                event.path,
                _evidence(event),
                event.event_id,
            )
            begins = True
        return _add_spell(self.spells, moment.time, moment.time + lasted_s) or begins

    def _keep_common(self, labels: Mapping[str, str]) -> None:
        """What is said of all events is what they agree on."""
        if self.labels != labels:
            self.labels = {name: value for name, value in self.labels.items() if labels.get(name) == value}

    def seen_between(self, since: float, until: float) -> bool:
        """Whether the error was seen at any time from `since` to `until`."""
        return any(start <= until and end >= since for start, end in self.spells)

    def to_dict(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in self.__slots__}
        body["involved"] = self.involved.to_dict()
        body["troubled"] = sorted(self.troubled)
        body["evidence"] = _plain(self.evidence)
        body["places"] = {key: _plain(place) for key, place in self.places.items()}
        body["why"] = self.why and _plain(self.why)
        return body

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Strand":
        """The inverse of `to_dict`, also after a way through JSON."""
        fields = dict(body)
        fields["involved"] = Involved.from_dict(body["involved"])
        fields["troubled"] = set(body.get("troubled", ()))
        fields["evidence"] = Evidence(**body["evidence"])
        fields["places"] = {key: Place(**place) for key, place in body["places"].items()}
        fields["why"] = body["why"] and Remark(**body["why"])
        fields["first"] = Moment(*body["first"])
        fields["spells"] = [(start, end) for start, end in body["spells"]]
        return cls(**fields)


def _plain(value: Evidence | Place | Remark) -> dict[str, Any]:
    """Its fields by name. The standard library's way copies all that is in them, which takes ten times as long."""
    return {name: getattr(value, name) for name in value.__slots__}


def moment_of(event: Event) -> Moment:
    return Moment(datetime.fromisoformat(event.time).timestamp(), event.offset)


def _evidence(event: Event) -> Evidence:
    return Evidence(event.line, event.path, event.line_number, list(event.context))


def _add_place(places: dict[str, Place], event: Event, said: Pointers, times: int) -> None:
    """Counts the event where it happened: the file, and in it the process or device that a line names."""
    labels = {name: event.labels[name] for name in _APART if name in event.labels}
    if said.devices:
        labels["device"] = min(said.devices)
    key = "\0".join([event.path, *labels.values()])
    if key in places:
        places[key] = Place(event.path, labels, places[key].count + times)
    elif len(places) < MAX_DISTINCT_PLACES:
        places[key] = Place(event.path, labels, times)


def _add_spell(spells: list[tuple[float, float]], start: float, end: float) -> bool:
    """Adds a time at which the error was seen; whether it had not been seen around then before."""
    index = bisect_left(spells, (start - SPELL_GAP_S, start - SPELL_GAP_S))
    if index and spells[index - 1][1] >= start - SPELL_GAP_S:
        index -= 1
    near = index
    while near < len(spells) and spells[near][0] <= end + SPELL_GAP_S:
        start, end = min(start, spells[near][0]), max(end, spells[near][1])
        near += 1
    spells[index:near] = [(start, end)]
    if len(spells) > MAX_SPELLS:
        del spells[0]
    return near == index
