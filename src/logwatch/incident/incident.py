"""The published form of an incident, and what is due to be said about it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from logwatch.incident.event import Advice

NoticeKind = Literal["opened", "updated", "quiet"]
# A message has to fit one screen; the count is exact however many places there are.
MAX_PLACES = 20


@dataclass(frozen=True, slots=True)
class Place:
    """Where an incident was seen: a file, with the labels that tell the process apart, and how often."""

    path: str
    labels: Mapping[str, str]
    count: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """The line that opened the incident, secrets masked, with the lines around it."""

    line: str
    path: str
    line_number: int
    context: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Echo:
    """Events of another error that this incident explains."""

    error_id: str
    count: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about an incident, without words: `kind` names the phrase, `values` fill it.

    The values may come from log text.
    """

    kind: str
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Incident:
    """Events of one cause in one job. Times are seconds since the epoch.

    `place_count` is how many places there are in all; `places` lists the first of them. `reasons` say why
    these events were put together. `absorbed` are ids of incidents that turned out to be part of this one.
    """

    incident_id: str
    error_id: str
    severity: str
    decision: str | None
    title: str
    domain: str
    category: str
    labels: Mapping[str, str]
    host: str
    first_seen: float
    last_seen: float
    count: int
    places: Sequence[Place]
    place_count: int
    root_cause: str
    workarounds: Sequence[Advice]
    dead_ends: Sequence[Advice]
    evidence: Evidence
    echoes: Sequence[Echo]
    confidence: float
    verification_tier: str
    resolvable: str
    doc_url: str
    catalogue_version: str
    reasons: Sequence[Remark] = ()
    unlikely: str = ""
    next_hits: Sequence[str] = field(default_factory=tuple)
    absorbed: Sequence[str] = ()

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Incident":
        """The inverse of `to_dict`, for what was stored."""
        fields = dict(body)
        fields["places"] = [Place(**p) for p in body["places"]]
        fields["workarounds"] = [Advice(**a) for a in body["workarounds"]]
        fields["dead_ends"] = [Advice(**a) for a in body["dead_ends"]]
        fields["evidence"] = Evidence(**body["evidence"])
        fields["echoes"] = [Echo(**e) for e in body["echoes"]]
        fields["reasons"] = [Remark(**r) for r in body["reasons"]]
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is due to be said about an incident, to whoever wants to hear it.

    `id` names this notice for ever: the same on every try and after every restart.
    """

    id: str
    kind: NoticeKind
    time: float
    incident: Incident
    what_changed: Sequence[Remark] = ()
