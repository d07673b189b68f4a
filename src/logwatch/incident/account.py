"""What was observed of an incident, without what the catalogue says about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from logwatch.catalogue.causality import Edges, EventClass
from logwatch.incident.incident import Echo, Evidence, Place, Remark
from logwatch.incident.open import Open

# More would not be read.
MAX_REASONS = 4
MAX_BLAMED = 4

_SYMPTOMS = frozenset({EventClass.TRANSPORT, EventClass.TIMEOUT})
# What a scheduler or a program does is as bad as its entry says; what breaks is as bad as what it breaks.
_AS_BAD_AS_ITS_ECHOES = frozenset({EventClass.HARDWARE, EventClass.LAUNCHER, *_SYMPTOMS})


@dataclass(frozen=True, slots=True)
class Account:
    """An incident as it was observed. Times are seconds since the epoch.

    The incident is as bad as the worst of `error_id` and `as_bad_as`.
    """

    incident_id: str
    error_id: str
    labels: Mapping[str, str]
    host: str
    first_seen: float
    last_seen: float
    evidence: Evidence
    count: int
    places: Sequence[Place] = ()
    place_count: int = 0
    echoes: Sequence[Echo] = ()
    as_bad_as: Sequence[str] = ()
    reasons: Sequence[Remark] = ()
    absorbed: Sequence[str] = ()


def account_of(open_: Open, edges: Edges) -> Account:
    """What there is to tell of `open_` as it stands."""
    root, echoes = open_.root_strand, _echoes(open_)
    may_be_worse = edges.class_of(root.error_id) in _AS_BAD_AS_ITS_ECHOES
    return Account(
        incident_id=open_.incident_id,
        error_id=root.error_id,
        labels=_labels(open_),
        host=root.host,
        first_seen=root.first.time,
        last_seen=max(strand.last for strand in open_.strands.values()),
        evidence=root.evidence,
        count=open_.counts()[0],
        places=list(root.places.values()),
        place_count=len(root.places),
        echoes=echoes,
        as_bad_as=[echo.error_id for echo in echoes] if may_be_worse else (),
        reasons=_reasons(open_, edges),
        absorbed=tuple(open_.absorbed),
    )


def _echoes(open_: Open) -> list[Echo]:
    counts: dict[str, int] = {}
    for strand in open_.strands.values():
        counts[strand.error_id] = counts.get(strand.error_id, 0) + strand.count
    del counts[open_.root_strand.error_id]
    return [Echo(name, n) for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _labels(open_: Open) -> dict[str, str]:
    """Those of the root; the trouble of a machine that hit one job is that job's, too."""
    labels = dict(open_.root_strand.labels)
    jobs = {strand.job for strand in open_.strands.values()} - {""}
    if "job" not in labels and len(jobs) == 1:
        labels["job"] = jobs.pop()
    return labels


def _reasons(open_: Open, edges: Edges) -> list[Remark]:
    """What is not known, and why these events are told together, what a line itself says first.

    An edge that explains several errors is given once, for the one that was seen most often, or first.
    """
    explained = [
        (_weight(strand.why), -strand.count, strand.first, strand.key, strand.why)
        for strand in open_.strands.values()
        if strand.why and strand.key != open_.root
    ]
    whys: dict[str, Remark] = {}
    for *_, why in sorted(explained):
        whys.setdefault(why.values.get("edge") or repr(why), why)
    return [*_gaps(open_, edges), *whys.values()][:MAX_REASONS]


def _weight(why: Remark) -> int:
    """What a line itself says comes before what is known of such lines."""
    return {"edge": 2, "edge_looking_back": 1}.get(why.kind, 0)


def _gaps(open_: Open, edges: Edges) -> Iterator[Remark]:
    kind = edges.class_of(open_.root_strand.error_id)
    if kind is EventClass.LAUNCHER:
        yield Remark("only_summary")
    elif kind in _SYMPTOMS:
        yield Remark("elsewhere")
        yield from _blamed(open_, "culprits", "points_to_rank", "rank")
        yield from _blamed(open_, "peers", "points_to_peer", "peer")


def _blamed(open_: Open, names: str, kind: str, value: str) -> Iterator[Remark]:
    """Whom the lines point to; where they point to many, they point to none."""
    blamed = {name for strand in open_.strands.values() for name in getattr(strand.involved, names)}
    if 0 < len(blamed) <= MAX_BLAMED:
        yield Remark(kind, {value: ", ".join(sorted(blamed, key=_by_number))})


def _by_number(name: str) -> tuple[int, str]:
    return (int(name) if name.isdecimal() else 0, name)
