"""Whether one strand explains another. Pure rules about two strands; nothing here remembers anything.

A cause can explain an effect when all of this holds:

1. They can meet: the same job; or one of them belongs to no job (a kernel log), and nothing says that they
   were on different machines.
2. An edge of the catalogue leads from the one error to the other, and they are as near as the edge demands:
   the same process, device, node or job. What is not known speaks against nothing.
   A line of the driver that says `caused by previous Xid N` needs no edge.
3. In time: the cause was seen within the edge's time before the effect, or, where the edge says so, within
   the time that the effect's own line says it had waited. Clocks differ, so a cause may seem to be a few
   seconds late. A log without times is not judged by time, only within one file by the order of its lines.

Of several causes the most probable is, in this order:

1. the one that the effect's line names: a previous Xid, a pid, a rank, a peer;
2. the one of the more probable class: hardware, then what a process or the scheduler did, then transport,
   timeouts, and last what launchers sum up;
3. the one that comes nearest to when the effect began to wait, where its line says when that was;
4. the earlier one. So a scheduler's action outranks the processes it ends, and is outranked by a process
   that had failed before.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from logwatch.catalogue.causality import CLOCK_SKEW_S, Edge, Edges, EventClass, Scope
from logwatch.incident.incident import Remark
from logwatch.incident.pointers import xid_of
from logwatch.incident.strand import Strand

# The driver tears channels down at once; a process that hangs in it may take its time.
PREVIOUS_XID_S = 600.0
# PyTorch's collectives time out after 10 minutes (NCCL, since 2.2), before and with gloo after 30. A rank may
# have left some minutes before the others began to wait for it.
USUAL_LOOK_BACK_S = 1800.0
GRACE_S = 300.0

_TIERS = {
    EventClass.HARDWARE: 0,
    EventClass.PROCESS: 1,
    EventClass.SCHEDULER: 1,
    EventClass.TRANSPORT: 2,
    EventClass.TIMEOUT: 3,
    EventClass.LAUNCHER: 4,
}
_NAMED, _KNOWN = 0, 1
Seniority = tuple[int, float, int, str, str]


@dataclass(frozen=True, slots=True)
class Link:
    """How one strand explains another. The lower `rank` is the more probable explanation."""

    cause: Strand
    why: Remark
    rank: tuple[int, int, float, Seniority]


def seniority(strand: Strand, edges: Edges) -> Seniority:
    """Orders strands: the lower, the more probable it is that this one brought about the others."""
    tier = _TIERS[edges.class_of(strand.error_id)]
    return tier, strand.first.time, strand.first.offset, strand.error_id, strand.home


def link(cause: Strand, effect: Strand, edges: Edges) -> Link | None:
    """How `cause` explains `effect`; None where it does not."""
    if cause is effect or not _can_meet(cause, effect):
        return None
    senior = seniority(cause, edges)
    if why := _previous_xid(cause, effect):
        return Link(cause, why, (_NAMED, senior[0], 0.0, senior))
    for edge in edges.between(cause.error_id, effect.error_id):
        if _fits(edge, cause, effect):
            why = next(_named(cause, effect), None)
            rank = (_NAMED if why else _KNOWN, senior[0], _distance_s(edge, cause, effect), senior)
            return Link(cause, why or _known(edge, cause, effect), rank)
    return None


def _can_meet(one: Strand, other: Strand) -> bool:
    if one.job and other.job:
        return one.job == other.job
    return _may_share(one.involved.nodes, other.involved.nodes)


def _may_share(some: Collection[str], others: Collection[str]) -> bool:
    """Whether both can be about the same one: what is not known speaks against nothing."""
    return not some or not others or not set(some).isdisjoint(others)


def _fits(edge: Edge, cause: Strand, effect: Strand) -> bool:
    return _is_near(edge.scope, cause, effect) and _is_timely(
        cause, effect, _window_s(edge, effect), late_s=edge.late_s
    )


def _is_near(scope: Scope, cause: Strand, effect: Strand) -> bool:
    if scope is Scope.JOB:
        return True
    one, other = cause.involved, effect.involved
    if not _may_share(one.nodes, other.nodes):
        return False
    if scope is Scope.DEVICE:
        return _may_share(one.devices, other.devices)
    return scope is Scope.NODE or _may_share(one.ranks, other.ranks)


def _window_s(edge: Edge, effect: Strand) -> float:
    if edge.within_s is not None:
        return edge.within_s
    return (effect.involved.look_back_s or USUAL_LOOK_BACK_S) + GRACE_S


def _is_timely(cause: Strand, effect: Strand, window_s: float, late_s: float) -> bool:
    if not late_s and cause.first_path == effect.first_path and cause.first > effect.first:
        return False
    if not (cause.is_dated and effect.is_dated):
        return True
    return cause.seen_between(effect.first.time - window_s, effect.first.time + late_s)


def _distance_s(edge: Edge, cause: Strand, effect: Strand) -> float:
    """How far the cause is from when the effect began to wait; 0 where that is not known."""
    looked_back_s = effect.involved.look_back_s
    if edge.within_s is not None or not looked_back_s or not (cause.is_dated and effect.is_dated):
        return 0.0
    return abs(effect.first.time - looked_back_s - cause.first.time)


def _previous_xid(cause: Strand, effect: Strand) -> Remark | None:
    xid = xid_of(cause.error_id)
    if not xid or xid not in effect.involved.previous_xids:
        return None
    if not _may_share(cause.involved.devices, effect.involved.devices):
        return None
    if not _is_timely(cause, effect, PREVIOUS_XID_S, late_s=CLOCK_SKEW_S):
        return None
    return Remark("previous_xid", {"effect": effect.error_id, "xid": xid})


def _named(cause: Strand, effect: Strand) -> Iterator[Remark]:
    """Why the line of `effect` itself speaks for `cause`."""
    one, other = cause.involved, effect.involved
    about = {"effect": effect.error_id, "cause": cause.error_id}
    if shared := (one.named_pids & other.pids) | (one.pids & other.named_pids):
        yield Remark("same_pid", {**about, "pid": min(shared)})
    if shared := one.ranks & other.culprits:
        yield Remark("named_rank", {**about, "rank": min(shared)})
    if shared := one.nodes & other.peers:
        yield Remark("named_peer", {**about, "peer": min(shared)})


def _known(edge: Edge, cause: Strand, effect: Strand) -> Remark:
    about = {"effect": effect.error_id, "cause": cause.error_id, "edge": edge.name}
    if edge.within_s is None and effect.involved.look_back_s:
        return Remark("edge_looking_back", {**about, "seconds": f"{effect.involved.look_back_s:.0f}"})
    return Remark("edge", about)
