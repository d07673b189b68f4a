"""Events become incidents, and incidents become notices. Time comes in as an argument.

One page, one cause. The way of an event:

1. It joins its *strand*: all events of one error in one job, or on one machine where nothing names a job
   (`strand`). For most events that is all: a counter goes up.
2. When it brings news (a new strand, a time, a rank, a pid), strands are asked again which of them explains
   which (`forest`, by the rules of `kinship`): first what a line itself points to, then the class of the
   error, then time, looking back as far as the edge, or the line itself, says. Without an edge or a pointer,
   two errors of a job stay two incidents. After a pause an error is a strand of its own: what explained it
   an hour ago need not explain it now.
3. Each tree of strands is one *incident*, about the strand at its root. A cause that arrives late takes over
   the incident of its effects: the message is corrected, not repeated. When two incidents turn out to be
   one, the one that was told first goes on, and the other one says where it went.
4. It is told when nothing better can be expected (`Holds`): a cause within seconds, a symptom after the time
   in which its cause would have been heard of. Afterwards it is told again when its root turns out to be
   another one, while it grows (after 1, 5, 15 and 60 minutes, then hourly), and when it goes quiet: when
   nothing was added for a while, or a line said that it is over. It is never called resolved: logs do not
   say so; and it is remembered for two hours more, because what follows from it may be late.

Memory is bounded: by the number of strands, and within a strand by what is kept of each kind.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from logwatch.catalogue.causality import NO_EDGES, Edges
from logwatch.incident.account import account_of
from logwatch.incident.advisor import Advisor
from logwatch.incident.agenda import Agenda
from logwatch.incident.event import Event, event_id
from logwatch.incident.forest import Forest
from logwatch.incident.incident import Incident, Notice, NoticeKind, Remark
from logwatch.incident.open import MAX_ABSORBED, Holds, Open
from logwatch.incident.pointers import Pointers, job_of, read, short_host
from logwatch.incident.strand import Strand, moment_of

# Longer than collectives usually wait: an incident should not go quiet just before its effects are told.
QUIET_AFTER_S = 2400.0
# Strands held at once; beyond, the incident that has been silent longest is let go.
MAX_OPEN = 10_000
# After so long a pause the same error is asked anew for its cause.
PAUSE_S = 300.0
# A clock that is corrected is set back by less than this.
CLOCK_SET_S = 5.0


def _to_nobody(_incident: Incident) -> None: ...


class Fold:
    """The incidents that are open. All state can be taken out and put back (`changed`, `restore`).

    `on_untold` hears of those that were over before anybody was told.
    """

    def __init__(
        self,
        advisor: Advisor,
        edges: Edges = NO_EDGES,
        *,
        holds: Holds | None = None,
        quiet_after_s: float = QUIET_AFTER_S,
        max_open: int = MAX_OPEN,
        on_untold: Callable[[Incident], None] = _to_nobody,
    ) -> None:
        self._advisor = advisor
        self._holds = holds or Holds()
        self._quiet_after_s = quiet_after_s
        self._max_open = max_open
        self._on_untold = on_untold
        self._forest = Forest(edges)
        # The one that has been silent longest comes first.
        self._open: OrderedDict[str, Open] = OrderedDict()
        self._agenda = Agenda()
        self._serial = 0
        self._latest = 0.0
        self._touched: dict[str, Open] = {}
        self._closed: list[str] = []

    def __len__(self) -> int:
        return sum(not open_.is_quiet for open_ in self._open.values())

    def use(self, advisor: Advisor, edges: Edges, holds: Holds, quiet_after_s: float) -> None:
        """Goes by another catalogue and other times from now on; open incidents stay open."""
        self._advisor, self._forest.edges = advisor, edges
        self._holds, self._quiet_after_s = holds, quiet_after_s
        for open_ in self._open.values():
            self._agenda.note(open_.incident_id, open_.due_at(quiet_after_s))

    def restore(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Puts back incidents that were taken out with `changed`, as `to_dict` gave them.

        What another version has stored in another form is left out.
        """
        restored = [Open.from_dict(body) for body in bodies if "strands" in body]
        for open_ in sorted(restored, key=lambda open_: open_.stirred_at):
            self._open[open_.incident_id] = open_
            self._latest = max(self._latest, open_.stirred_at)
            for strand in sorted(open_.strands.values(), key=lambda strand: strand.serial):
                self._forest.plant(strand)
                self._serial = max(self._serial, strand.serial + 1)
            self._agenda.note(open_.incident_id, open_.due_at(self._quiet_after_s))

    def feed(
        self, event: Event, now: float, times: int = 1, lasted_s: float = 0.0
    ) -> tuple[str, list[Notice]]:
        """Adds one event, seen `times` times within `lasted_s`.

        Gives the id of its incident, and what is due to be said at once.
        """
        self._mind_the_clock(now)
        said = read(event)
        strand = self._strand_of(event, said, now)
        notices: list[Notice] = []
        if strand.incident:
            self._open[strand.incident].total += times
        if strand.add(event, said, times, lasted_s) or not strand.incident:
            changed = self._forest.settle(strand)
            if changed or not strand.incident:
                notices = self._regroup([strand, *changed], now)
        open_ = self._open[strand.incident]
        open_.stir(strand, now, self._holds.cause_s)
        self._touch(open_)
        return open_.incident_id, [*notices, *self._make_room(now)]

    def clear(self, event: Event, now: float) -> None:
        """The line of `event` says that its error is over, in its job or, without one, on its machine.

        Unless the error comes back within a minute its incident then goes quiet. What was not told until then
        and brought nothing about is not told at all.
        """
        self._mind_the_clock(now)
        job = job_of(event)
        strand = self._forest.latest(event.error_id, job, job or short_host(event.node or event.host))
        if strand is None:
            return
        open_ = self._open[strand.incident]
        self._touched[open_.incident_id] = open_
        if strand.clear(event.subject) and open_.root == strand.key and not open_.is_quiet:
            open_.cleared_at = now
            self._touch(open_)

    def tick(self, now: float, most: int | None = None) -> list[Notice]:
        """What has become due by `now`; of very much only that of `most` incidents, see `deadline`."""
        self._mind_the_clock(now)
        notices: list[Notice] = []
        for incident_id in self._agenda.take(now, most):
            open_ = self._open[incident_id]
            while incident_id in self._open and open_.due_at(self._quiet_after_s) <= now:
                if open_.is_quiet:
                    self._close(open_)
                elif open_.over_untold_at is not None:
                    self._on_untold(self._incident(open_))
                    self._close(open_)
                else:
                    notices.append(self._tell(open_, now))
            if incident_id in self._open:
                self._agenda.note(incident_id, open_.due_at(self._quiet_after_s))
        return notices

    def release(self, now: float) -> list[Notice]:
        """Tells everything that is still held back: nothing more is going to come."""
        held = [
            open_
            for open_ in self._open.values()
            if open_.retell_at is not None or not (open_.is_told or open_.over_untold_at is not None)
        ]
        return [self._tell(open_, now) for open_ in sorted(held, key=lambda open_: open_.opens_at)]

    def deadline(self) -> float | None:
        """When `tick` may have something to do next."""
        return self._agenda.next()

    def changed(self) -> tuple[list[Open], list[str]]:
        """The incidents touched and the ids of those closed since the last call."""
        touched, closed = list(self._touched.values()), self._closed
        self._touched, self._closed = {}, []
        return touched, closed

    def told(self) -> list[str]:
        """Ids of the open incidents that were told."""
        return [o.incident_id for o in self._open.values() if o.is_told and not o.is_quiet]

    def incident(self, incident_id: str) -> Incident | None:
        """The open incident of that id as it would be told now; None where there is none."""
        open_ = self._open.get(incident_id)
        return None if open_ is None or open_.is_quiet else self._incident(open_)

    def current(self) -> list[Incident]:
        """All open incidents as they would be told now, newest last."""
        incidents = [self._incident(open_) for open_ in self._open.values() if not open_.is_quiet]
        return sorted(incidents, key=lambda incident: (incident.first_seen, incident.incident_id))

    def _strand_of(self, event: Event, said: Pointers, now: float) -> Strand:
        """The strand that `event` belongs to; not yet added to it."""
        job = job_of(event)
        home = job or short_host(event.node or event.host)
        latest = self._forest.latest(event.error_id, job, home)
        if latest is not None and not self._starts_anew(latest, event, said, now):
            return latest
        strand = Strand.of(event, job, home, self._serial, now)
        self._serial += 1
        self._forest.plant(strand)
        return strand

    def _starts_anew(self, latest: Strand, event: Event, said: Pointers, now: float) -> bool:
        """Whether `event` comes after a pause and has another cause than those before.

        What went quiet and comes again is another incident.
        """
        open_ = self._open[latest.incident]
        if open_.is_quiet and open_.root == latest.key:
            return True
        at = moment_of(event).time
        if not (event.is_dated and latest.is_dated):
            return False
        if latest.first.time - PAUSE_S <= at <= latest.last + PAUSE_S:
            return False
        alone = Strand.of(event, latest.job, latest.home, self._serial, now)
        alone.add(event, said)
        best = self._forest.best_link(alone)
        return (best.cause.key if best else "") != latest.parent

    def _regroup(self, strands: Sequence[Strand], now: float) -> list[Notice]:
        """After `strands` have got other parents: one incident for each tree. Says which were merged."""
        around = [*strands, *(self._forest[s.parent] for s in strands if s.parent)]
        before = {s.incident: self._open[s.incident] for s in around if s.incident}
        members = {s.key: s for open_ in before.values() for s in open_.strands.values()}
        members.update((s.key, s) for s in strands)
        trees: dict[str, dict[str, Strand]] = {}
        for strand in members.values():
            trees.setdefault(self._forest.root_of(strand).key, {})[strand.key] = strand
        claims: dict[str, list[Open]] = {}
        for open_ in before.values():
            claims.setdefault(self._forest.root_of(open_.root_strand).key, []).append(open_)
        notices: list[Notice] = []
        for root, tree in trees.items():
            first, *others = sorted(claims.get(root, []), key=_first_told) or [self._begin(tree[root], now)]
            notices.extend(self._merge(first, others, tree[root], now))
            self._give(first, tree, tree[root], now)
        return notices

    def _begin(self, root: Strand, now: float) -> Open:
        open_ = Open(self._free_id(root), root=root.key, stirred_at=now)
        self._open[open_.incident_id] = open_
        return open_

    def _free_id(self, root: Strand) -> str:
        """The next name of an incident about `root`. A line that is told twice may stand at two roots."""
        while (name := event_id(root.seed, root.incidents, "incident")) in self._open:
            root.incidents += 1
        root.incidents += 1
        return name

    def _give(self, open_: Open, tree: dict[str, Strand], root: Strand, now: float) -> None:
        """`open_` consists of `tree` from now on."""
        for strand in tree.values():
            strand.incident = open_.incident_id
        open_.become(tree, root, self._holds.of(root.error_id, self._forest.edges), now)
        self._touch(open_)

    def _merge(self, first: Open, others: Sequence[Open], root: Strand, now: float) -> list[Notice]:
        """`others` turned out to be part of `first`. Whoever was told of them is told so."""
        notices = []
        for other in others:
            where = Remark("merged", {"error": root.error_id, "incident": first.incident_id})
            if other.is_told:
                notices.append(self._notice("quiet", other, now, [where]))
            first.absorbed = [*first.absorbed, *other.absorbed, other.incident_id][-MAX_ABSORBED:]
            first.stirred_at = max(first.stirred_at, other.stirred_at)
            self._drop(other)
        return notices

    def _tell(self, open_: Open, now: float) -> Notice:
        """What is due about `open_`."""
        if not open_.is_told:
            return self._notice("opened", open_, now)
        if open_.quiet_at(self._quiet_after_s) <= now:
            open_.is_quiet = True
            return self._notice("quiet", open_, now, [Remark("cleared")] if open_.cleared_at else [])
        return self._notice("updated", open_, now, list(open_.changes()))

    def _notice(
        self, kind: NoticeKind, open_: Open, now: float, what_changed: Sequence[Remark] = ()
    ) -> Notice:
        open_.note_told(now)
        self._touched[open_.incident_id] = open_
        name = event_id(open_.incident_id, open_.notices, kind)
        return Notice(name, kind, now, self._incident(open_), what_changed)

    def _incident(self, open_: Open) -> Incident:
        return self._advisor.incident(account_of(open_, self._forest.edges))

    def _make_room(self, now: float) -> list[Notice]:
        """Lets go of what has been silent longest. Nothing goes untold."""
        notices: list[Notice] = []
        while len(self._forest) > self._max_open:
            open_ = next(iter(self._open.values()))
            if not open_.is_told:
                notices.append(self._notice("opened", open_, now))
            if not open_.is_quiet:
                notices.append(self._notice("quiet", open_, now, [Remark("crowded_out")]))
            self._close(open_)
        return notices

    def _touch(self, open_: Open) -> None:
        self._touched[open_.incident_id] = open_
        self._open.move_to_end(open_.incident_id)
        self._agenda.note(open_.incident_id, open_.due_at(self._quiet_after_s))

    def _close(self, open_: Open) -> None:
        for strand in open_.strands.values():
            self._forest.fell(strand)
        self._drop(open_)

    def _drop(self, open_: Open) -> None:
        del self._open[open_.incident_id]
        self._agenda.forget(open_.incident_id)
        self._touched.pop(open_.incident_id, None)
        self._closed.append(open_.incident_id)

    def _mind_the_clock(self, now: float) -> None:
        """A clock that was set back must not hold anything back: what waits moves with it."""
        if now >= self._latest - CLOCK_SET_S:
            self._latest = max(self._latest, now)
            return
        self._agenda.shift(now - self._latest)
        for open_ in self._open.values():
            open_.shift(now - self._latest)
        self._latest = now


def _first_told(open_: Open) -> tuple[bool, float, float, str]:
    return not open_.is_told, open_.told_at, open_.opens_at, open_.incident_id
