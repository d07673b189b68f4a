"""Events become incidents, and incidents become notices. Time comes in as an argument.

An incident gathers the events of one error in one job; a log without a job belongs to its host.
It is opened by its first event, told again while it grows (after 1, 5, 15 and 60 minutes, then hourly),
and goes quiet when nothing has been added for a while. It is never called resolved: a log does not say so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from logwatch.catalogue.entry import Entry, Language, ranked_dead_ends, ranked_workarounds
from logwatch.incident.event import Advice, Event, advice, event_id, warning
from logwatch.incident.incident import MAX_PLACES, Echo, Evidence, Incident, Notice, NoticeKind, Place

# A growing incident is told again 1, 5, 15 and 60 minutes after its opening, then hourly.
UPDATE_GAPS_S = (60.0, 240.0, 600.0, 2700.0, 3600.0)
QUIET_AFTER_S = 1800.0
# Distinct places are counted exactly up to here; one incident costs at most some hundred kilobytes.
MAX_DISTINCT_PLACES = 4096
# Open incidents held at once; beyond, the one that has been silent longest goes quiet early.
MAX_OPEN = 10_000


@dataclass(slots=True)
class Open:
    """An incident in the making. `told` is the count when it was last told; times are in seconds."""

    incident_id: str
    error_id: str
    scope: str
    labels: dict[str, str]
    host: str
    first_seen: float
    last_seen: float
    evidence: dict[str, Any]
    count: int = 0
    told: int = 0
    told_at: float = 0.0
    notices: int = 0
    places: dict[str, int] = field(default_factory=dict)
    place_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    more_places: int = 0
    echoes: dict[str, int] = field(default_factory=dict)

    def next_due(self, quiet_after_s: float) -> float:
        """When there is something to say: an update of what has grown, or that it went quiet."""
        quiet = self.last_seen + quiet_after_s
        if self.count == self.told:
            return quiet
        gap = UPDATE_GAPS_S[min(self.notices, len(UPDATE_GAPS_S)) - 1]
        return min(quiet, self.told_at + gap)

    @property
    def key(self) -> tuple[str, str]:
        return self.error_id, self.scope

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Open":
        return cls(**body)


@dataclass(frozen=True, slots=True)
class Advisor:
    """What the catalogue in force adds to an incident."""

    entries: Mapping[str, Entry]
    catalogue_version: str
    language: Language = "en"

    def incident(self, open_: Open) -> Incident:
        """The published form of `open_`. An entry that is gone from the catalogue leaves its fields empty."""
        entry = self.entries.get(open_.error_id)
        labels = open_.labels
        return Incident(
            incident_id=open_.incident_id,
            error_id=open_.error_id,
            severity=str(entry.severity) if entry else "error",
            decision=str(entry.decision) if entry and entry.decision else None,
            title=entry.title(self.language) if entry else open_.error_id,
            domain=entry.home if entry else open_.error_id.split("/", 1)[0],
            category=entry.category if entry else "",
            labels=labels,
            host=open_.host,
            first_seen=open_.first_seen,
            last_seen=open_.last_seen,
            count=open_.count,
            places=[
                Place(open_.place_labels[place].get("path", ""), _shown(open_.place_labels[place]), n)
                for place, n in list(open_.places.items())[:MAX_PLACES]
            ],
            place_count=len(open_.places) + open_.more_places,
            root_cause=entry.cause(self.language) if entry else "",
            workarounds=self._workarounds(entry),
            dead_ends=[warning(d) for d in ranked_dead_ends(entry)] if entry else [],
            evidence=Evidence(**open_.evidence),
            echoes=[Echo(error, n) for error, n in open_.echoes.items()],
            confidence=entry.confidence if entry else 0.0,
            verification_tier=entry.verification_tier if entry else "",
            resolvable=entry.resolvable if entry else "partial",
            doc_url=entry.official_doc_url if entry else "",
            catalogue_version=self.catalogue_version,
            next_hits=[t.error_id for t in entry.transition_graph.leads_to] if entry else [],
        )

    def retold(self, incident: Incident) -> Incident:
        """`incident` in the language of this advisor."""
        entry = self.entries.get(incident.error_id)
        if entry is None:
            return incident
        return replace(
            incident,
            title=entry.title(self.language),
            root_cause=entry.cause(self.language),
            workarounds=self._workarounds(entry),
        )

    def _workarounds(self, entry: Entry | None) -> list[Advice]:
        if entry is None:
            return []
        return [advice(w) for w in ranked_workarounds(entry, language=self.language)]


def _shown(labels: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "path"}


class Fold:
    """The incidents that are open. All state can be taken out and put back (`changed`, `restore`)."""

    def __init__(
        self, advisor: Advisor, *, quiet_after_s: float = QUIET_AFTER_S, max_open: int = MAX_OPEN
    ) -> None:
        self._advisor = advisor
        self._quiet_after_s = quiet_after_s
        self._max_open = max_open
        self._open: dict[tuple[str, str], Open] = {}
        self._touched: dict[str, Open] = {}
        self._closed: list[str] = []

    def __len__(self) -> int:
        return len(self._open)

    def use(self, advisor: Advisor) -> None:
        """Speaks from another catalogue from now on; open incidents stay open."""
        self._advisor = advisor

    def restore(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Puts back incidents that were taken out with `changed`."""
        for body in bodies:
            open_ = Open.from_dict(body)
            self._open[open_.key] = open_

    def feed(self, event: Event, now: float) -> tuple[str, list[Notice]]:
        """Adds one event: the id of its incident, and what is due to be said at once."""
        scope = event.labels.get("job") or event.host
        open_ = self._open.get((event.error_id, scope))
        notices: list[Notice] = []
        if open_ is None:
            notices = self._make_room(now)
            open_ = self._opened(event, scope, now)
        open_.count += 1
        open_.last_seen = now
        _add_place(open_, event)
        self._touched[open_.incident_id] = open_
        if open_.count == 1:
            notices.append(self._notice("opened", open_, now))
        return open_.incident_id, notices

    def tick(self, now: float) -> list[Notice]:
        """What has become due by `now`: updates of what grew, and the going quiet of what did not."""
        due: list[Notice] = []
        for open_ in [o for o in self._open.values() if now >= o.next_due(self._quiet_after_s)]:
            if now >= open_.last_seen + self._quiet_after_s:
                due.append(self._quiet(open_, now))
            else:
                due.append(self._notice("updated", open_, now))
        return due

    def deadline(self) -> float | None:
        """When `tick` has something to do next."""
        return min((o.next_due(self._quiet_after_s) for o in self._open.values()), default=None)

    def changed(self) -> tuple[list[Open], list[str]]:
        """The incidents touched and the ids of those closed since the last call."""
        touched, closed = list(self._touched.values()), self._closed
        self._touched, self._closed = {}, []
        return touched, closed

    def current(self) -> list[Incident]:
        """All open incidents as they would be told now, newest last."""
        return [self._advisor.incident(o) for o in sorted(self._open.values(), key=lambda o: o.first_seen)]

    def _opened(self, event: Event, scope: str, now: float) -> Open:
        open_ = Open(
            incident_id=event_id(event.event_id, 0, "incident"),
            error_id=event.error_id,
            scope=scope,
            labels=dict(event.labels),
            host=event.host,
            first_seen=now,
            last_seen=now,
            evidence=asdict(Evidence(event.line, event.path, event.line_number, list(event.context))),
        )
        self._open[open_.key] = open_
        return open_

    def _make_room(self, now: float) -> list[Notice]:
        if len(self._open) < self._max_open:
            return []
        return [self._quiet(min(self._open.values(), key=lambda o: o.last_seen), now)]

    def _quiet(self, open_: Open, now: float) -> Notice:
        notice = self._notice("quiet", open_, now)
        del self._open[open_.key]
        self._touched.pop(open_.incident_id, None)
        self._closed.append(open_.incident_id)
        return notice

    def _notice(self, kind: NoticeKind, open_: Open, now: float) -> Notice:
        new = open_.count - open_.told
        open_.told = open_.count
        open_.told_at = now
        open_.notices += 1
        self._touched[open_.incident_id] = open_
        return Notice(
            id=event_id(open_.incident_id, open_.notices, kind),
            kind=kind,
            time=now,
            incident=self._advisor.incident(open_),
            what_changed=f"{new} more" if kind == "updated" else "",
        )


def _add_place(open_: Open, event: Event) -> None:
    """Counts the event where it happened: the file, and the process within it where the line says which."""
    labels = {name: event.labels[name] for name in ("rank", "pod", "host", "node") if name in event.labels}
    place = "\0".join([event.path, *labels.values()])
    if place in open_.places:
        open_.places[place] += 1
    elif len(open_.places) >= MAX_DISTINCT_PLACES:
        open_.more_places += 1
    else:
        open_.places[place] = 1
        open_.place_labels[place] = {"path": event.path, **labels}
