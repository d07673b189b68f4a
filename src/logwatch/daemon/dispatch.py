"""Who hears what, and what is held back: shadow, silences, time intervals, crowds and budgets.

Nothing is lost without a word. What is not sent is counted by reason, and for every receiver it is known of
which incidents it heard nothing: when the reason is over while such an incident goes on, an update tells it.
A notice that an incident went quiet is always told to whoever had heard of that incident.

No clock and no waiting here: time is an argument, and what changed is taken out by `changed`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from logwatch.daemon.plan import Plan, Route
from logwatch.deliver.flood import Budget, Crowd
from logwatch.deliver.silences import Silence
from logwatch.incident.event import event_id
from logwatch.incident.incident import Incident, Notice, Remark

# Kinds of rows in the store.
_HELD, _BUDGET, _CROWD, _HITS = "held", "budget", "crowd", "silence"
# Neither receivers nor error ids hold it.
_SEP = "\n"

Sent = tuple[Route, Notice]
OnHeldBack = Callable[[str, str], None]


class Book(Protocol):
    """The open incidents."""

    def told(self) -> Iterable[str]:
        """Ids of those that were told."""
        ...

    def incident(self, incident_id: str) -> Incident | None:
        """One of them as it would be told now; None where it is not open."""
        ...


@dataclass(frozen=True, slots=True)
class Why:
    """Why something is held back: `shadow`, `silence`, `interval`, `crowd` or `budget`, and which one."""

    reason: str
    which: str


@dataclass(slots=True)
class _Held:
    """What one receiver did not hear of one incident. `told`: it had heard of it before."""

    why: Why
    told: bool
    count: int = 0


@dataclass(slots=True)
class _State:
    """All that has to survive a restart."""

    held: dict[tuple[str, str], _Held] = field(default_factory=dict)
    budgets: dict[str, Budget] = field(default_factory=dict)
    crowds: dict[tuple[str, str], Crowd] = field(default_factory=dict)
    hits: dict[str, int] = field(default_factory=dict)


class Dispatch:
    """Decides for every notice and every receiver. `on_held_back` hears (receiver, reason)."""

    def __init__(self, plan: Plan, *, host: str, on_held_back: OnHeldBack) -> None:
        self._plan = plan
        self._host = host
        self._on_held_back = on_held_back
        self._silences: Mapping[str, Silence] = {}
        self._state = _State()
        # When each open incident is told again, by receiver that wants that. Not remembered: a restart
        # tells everything again, which is what such a receiver needs.
        self._refresh: dict[str, dict[str, float]] = {}
        self._changed: dict[tuple[str, str], Mapping[str, Any] | None] = {}
        self._touched_budgets: set[str] = set()
        self._touched_crowds: set[tuple[str, str]] = set()

    def adopt(self, plan: Plan) -> None:
        """Goes over to another plan. What receivers that are gone have not heard is forgotten."""
        self._plan = plan
        names = {route.name for route in plan.routes}
        self._refresh = {name: due for name, due in self._refresh.items() if name in names}
        for receiver, incident_id in [key for key in self._state.held if key[0] not in names]:
            self._forget(receiver, incident_id)

    def use(self, silences: Sequence[Silence]) -> None:
        """These silences, and no others, are in force until they end."""
        self._silences = {silence.id: silence for silence in silences}
        for gone in self._state.hits.keys() - self._silences.keys():
            del self._state.hits[gone]
            self._changed[(_HITS, gone)] = None

    def restore(self, rows: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
        """Puts back what `changed` gave."""
        state = self._state
        for (kind, key), body in rows.items():
            first, _, second = key.partition(_SEP)
            match kind:
                case "held":
                    why = Why(body["reason"], body["which"])
                    state.held[(first, second)] = _Held(why, body["told"], body["count"])
                case "budget":
                    state.budgets[key] = Budget.from_dict(body)
                case "crowd":
                    state.crowds[(first, second)] = Crowd.from_dict(body)
                case "silence":
                    state.hits[key] = body["hits"]

    def changed(self) -> dict[tuple[str, str], Mapping[str, Any] | None]:
        """What is to be remembered since the last call; None for what is to be forgotten."""
        changed, self._changed = self._changed, {}
        # These hold what stands for many incidents: they are put into words once, not with each notice.
        for name in self._touched_budgets:
            changed[(_BUDGET, name)] = self._state.budgets[name].to_dict()
        for receiver, error_id in self._touched_crowds:
            crowd = self._state.crowds.get((receiver, error_id))
            # One that nobody was told of need not survive.
            body = crowd.to_dict() if crowd is not None and crowd.is_told else None
            changed[(_CROWD, f"{receiver}{_SEP}{error_id}")] = body
        self._touched_budgets, self._touched_crowds = set(), set()
        return changed

    def silences(self) -> list[tuple[Silence, int]]:
        """Those in force or ended lately, and how many notices each held back, counted once per receiver."""
        return [(silence, self._state.hits.get(silence.id, 0)) for silence in self._silences.values()]

    def held_back(self) -> Mapping[str, int]:
        """Of how many open incidents each receiver does not hear at present."""
        counts: dict[str, int] = {}
        for receiver, _ in self._state.held:
            counts[receiver] = counts.get(receiver, 0) + 1
        return counts

    def send(self, notices: Iterable[Notice], now: float) -> Iterator[Sent]:
        """What goes out for `notices`."""
        for notice in notices:
            for route in self._plan.routes:
                if notice.kind == "quiet":
                    yield from self._end(route, notice, now)
                elif route.accepts(notice.incident):
                    yield from self._offer(route, notice, now)

    def due(self, book: Book, now: float) -> Iterator[Sent]:
        """What has become due by `now`: digests, what is not held back any more, what is told again."""
        routes = {route.name: route for route in self._plan.routes}
        yield from self._digests(routes, now)
        yield from self._released(routes, book, now)
        for route in self._plan.routes:
            if route.refresh_s is not None:
                yield from self._refreshed(route, route.refresh_s, book, now)

    def _offer(self, route: Route, notice: Notice, now: float) -> Iterator[Sent]:
        incident = notice.incident
        why = self._muted(route, incident, now)
        if why is not None:
            if why.reason == "silence":
                self._hit(why.which)
            self._hold(route, notice, why)
            return
        crowd = self._crowd(route, incident.error_id) if route.crowd is not None else None
        if crowd is not None and route.crowd is not None:
            about_all = crowd.hear(notice, route.crowd, now)
            self._note_crowd(route, incident.error_id, crowd, now)
            if about_all is not None:
                yield from self._within_budget(route, about_all, now)
            if crowd.is_told:
                self._hold(route, notice, Why("crowd", incident.error_id))
                return
        yield from self._within_budget(route, notice, now)

    def _within_budget(self, route: Route, notice: Notice, now: float) -> Iterator[Sent]:
        if route.budget is not None:
            budget = self._state.budgets.setdefault(route.name, Budget())
            allowed = budget.allows(route.budget, now)
            if not allowed:
                budget.hold(notice.incident)
            self._touched_budgets.add(route.name)
            if not allowed:
                self._hold(route, notice, Why("budget", route.name))
                return
        self._forget(route.name, notice.incident.incident_id)
        if route.refresh_s is not None:
            due = self._refresh.setdefault(route.name, {})
            due[notice.incident.incident_id] = now + route.refresh_s
        yield route, notice

    def _end(self, route: Route, notice: Notice, now: float) -> Iterator[Sent]:
        """An incident went quiet: whoever heard of it hears that, too."""
        incident = notice.incident
        self._refresh.get(route.name, {}).pop(incident.incident_id, None)
        for (receiver, error_id), crowd in list(self._state.crowds.items()):
            if receiver == route.name and (about_all := crowd.leave(notice, now)):
                self._note_crowd(route, error_id, crowd, now)
                yield route, about_all
        held = self._state.held.get((route.name, incident.incident_id))
        self._forget(route.name, incident.incident_id)
        if held is not None and not held.told:
            self._on_held_back(route.name, held.why.reason)
        elif held is not None or route.accepts(incident):
            yield route, notice

    def _muted(self, route: Route, incident: Incident, now: float) -> Why | None:
        """Why nothing about `incident` is said to this receiver at present, whatever it is."""
        names = (incident.error_id, *self._former_ids(incident.error_id))
        for pattern in self._plan.shadow:
            if any(fnmatchcase(name, pattern) for name in names):
                return Why("shadow", pattern)
        for silence in self._silences.values():
            if silence.mutes(incident, now, names):
                return Why("silence", silence.id)
        interval = route.muted_at(now)
        return Why("interval", interval) if interval else None

    def _former_ids(self, error_id: str) -> Sequence[str]:
        entry = self._plan.knowledge.catalogue.entries.get(error_id)
        return entry.aliases if entry is not None else ()

    def _hold(self, route: Route, notice: Notice, why: Why) -> None:
        self._on_held_back(route.name, why.reason)
        key = (route.name, notice.incident.incident_id)
        held = self._state.held.setdefault(key, _Held(why, told=notice.kind != "opened"))
        held.why = why
        held.count += 1
        body = {"reason": why.reason, "which": why.which, "told": held.told, "count": held.count}
        self._changed[(_HELD, _SEP.join(key))] = body

    def _forget(self, receiver: str, incident_id: str) -> None:
        if self._state.held.pop((receiver, incident_id), None) is not None:
            self._changed[(_HELD, f"{receiver}{_SEP}{incident_id}")] = None

    def _hit(self, silence_id: str) -> None:
        self._state.hits[silence_id] = self._state.hits.get(silence_id, 0) + 1
        self._changed[(_HITS, silence_id)] = {"hits": self._state.hits[silence_id]}

    def _crowd(self, route: Route, error_id: str) -> Crowd:
        return self._state.crowds.setdefault((route.name, error_id), Crowd())

    def _note_crowd(self, route: Route, error_id: str, crowd: Crowd, now: float) -> None:
        if crowd.is_idle(now):
            del self._state.crowds[(route.name, error_id)]
        self._touched_crowds.add((route.name, error_id))

    def _digests(self, routes: Mapping[str, Route], now: float) -> Iterator[Sent]:
        for name, budget in self._state.budgets.items():
            route = routes.get(name)
            if route is None or route.muted_at(now):
                continue
            notice = budget.digest(name, self._host, route.language, now)
            if notice is not None:
                self._touched_budgets.add(name)
                for key in [k for k, held in self._state.held.items() if held.why == Why("budget", name)]:
                    self._forget(*key)
                yield route, notice

    def _released(self, routes: Mapping[str, Route], book: Book, now: float) -> Iterator[Sent]:
        """Updates about incidents that somebody did not hear of and now may."""
        muted = {name for name, route in routes.items() if route.muted_at(now)}
        for (receiver, incident_id), held in list(self._state.held.items()):
            route = routes.get(receiver)
            if route is None or receiver in muted or self._still(route, held.why, now):
                continue
            incident = book.incident(incident_id)
            if incident is None or not route.accepts(incident):
                self._forget(receiver, incident_id)
            elif (why := self._muted(route, incident, now)) is not None:
                held.why = why
            else:
                told = [Remark("unmuted", {"count": str(held.count)})]
                name = event_id(incident_id, int(now), f"unmuted {held.count}")
                yield from self._within_budget(route, Notice(name, "updated", now, incident, told), now)

    def _still(self, route: Route, why: Why, now: float) -> bool:
        """Whether `why` holds, as far as can be said without looking at the incident."""
        match why.reason:
            case "shadow":
                return why.which in self._plan.shadow
            case "silence":
                silence = self._silences.get(why.which)
                return silence is not None and not silence.is_over(now)
            case "budget":
                return route.budget is not None
            case "crowd":
                return (route.name, why.which) in self._state.crowds
        return False

    def _refreshed(self, route: Route, refresh_s: float, book: Book, now: float) -> Iterator[Sent]:
        if route.name not in self._refresh:
            self._refresh[route.name] = dict.fromkeys(book.told(), now)
        due = self._refresh[route.name]
        # A time too far ahead is one from before the clock was set back.
        is_due = [incident_id for incident_id, at in due.items() if not now < at <= now + refresh_s]
        for incident_id in is_due:
            due[incident_id] = now + refresh_s
            incident = book.incident(incident_id)
            if incident is None:
                del due[incident_id]
            elif route.accepts(incident) and self._muted(route, incident, now) is None:
                name = event_id(incident_id, int(now // refresh_s), "refresh")
                yield route, Notice(name, "updated", now, incident)
