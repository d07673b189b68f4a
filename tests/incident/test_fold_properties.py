"""What holds whatever happens: for any events, in any order, with a restart anywhere."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from logwatch.incident.event import Event
from logwatch.incident.fold import Fold
from logwatch.incident.incident import Incident, Notice
from logwatch.incident.replay import fold as replayed
from logwatch.incident.strand import moment_of

from .scene import ADVISOR, CLASSES, EDGES, START, a_fold, event, trees

_pointers = st.one_of(
    st.just({}),
    st.sampled_from(["2079991", "77"]).map(lambda pid: {"pid": pid}),
    st.sampled_from(["2079991", "77"]).map(lambda pid: {"victim_pid": pid}),
    st.sampled_from(["0000:3b:00", "0000:4b:00"]).map(lambda device: {"device": device}),
    st.just({"previous_xid": "31"}),
    st.sampled_from(["0", "3"]).map(lambda rank: {"line": f"collective_timeout_from__rank_{rank}"}),
    st.sampled_from(["10000", "90000"]).map(lambda waited: {"ran_ms": waited}),
)
_wheres = st.sampled_from(["llm/0", "llm/3", "llm/", "vision/0", "@node7", "@node8"])
# Log times within one spell of trouble: a pause would split strands, and that is told apart by order.
_seconds = st.integers(0, 200)


def _event(seconds: int, where: str, error: str, said: dict[str, str]) -> Event:
    return event(seconds, where, error, **said)


events = st.lists(
    st.builds(_event, _seconds, _wheres, st.sampled_from([*CLASSES]), _pointers), min_size=1, max_size=12
)

_subjects = st.sampled_from([{}, {"subject": "a"}, {"subject": "b"}])
_signs = st.sampled_from(["", "-"]).flatmap(
    lambda sign: st.sampled_from([f"{sign}{name}" for name in CLASSES])
)
# The lines that say that something is over among them.
events_and_ends = st.lists(
    st.builds(_event, _seconds, _wheres, _signs, st.one_of(_pointers, _subjects)), min_size=1, max_size=12
)


def settled(some: list[Event]) -> list[Any]:
    """The incidents after `some` were heard of at one moment, in this order."""
    fold = a_fold()
    for one in some:
        fold.feed(one, START)
    check(fold)
    return told_of(fold.current())


def told_of(incidents: list[Incident]) -> list[Any]:
    """All that is told, but for names that depend on who came first."""
    bodies = [{**incident.to_dict(), "incident_id": "", "absorbed": ()} for incident in incidents]
    for body in bodies:
        body["places"] = sorted(body["places"], key=repr)
    return sorted(bodies, key=repr)


def check(fold: Fold) -> None:
    """Every strand lies in one incident, together with what explains it, and is reached by its name."""
    seen: set[str] = set()
    for incident_id, open_ in fold._open.items():
        assert open_.root in open_.strands
        assert open_.total == sum(strand.count for strand in open_.strands.values())
        for key, strand in open_.strands.items():
            assert fold._forest[key] is strand
            assert strand.incident == incident_id
            assert not strand.parent or strand.parent in open_.strands
            assert fold._forest.root_of(strand).key == open_.root
        assert seen.isdisjoint(open_.strands)
        seen |= set(open_.strands)
    assert len(seen) == len(fold._forest)


@settings(max_examples=300, deadline=None)
@given(events.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_any_order_of_arrival_gives_the_same_incidents(orders: tuple[list[Event], list[Event]]) -> None:
    assert settled(orders[0]) == settled(orders[1])


@settings(deadline=None)
@given(events, st.integers(1, 1000))
def test_counts_are_exact(some: list[Event], times: int) -> None:
    fold = a_fold()
    for one in some:
        fold.feed(one, START, times)
    counts = [n.count + sum(echo.count for echo in n.echoes) for n in fold.current()]
    assert sum(counts) == len(some) * times


def lived(some: list[Event], restart_before: int | None = None) -> tuple[list[Notice], Fold]:
    """Plays `some` at the times of their lines; before one of them all is stored and taken up again."""
    fold, notices = a_fold(quiet_after_s=100.0), []
    stored: dict[str, str] = {}
    for number, one in enumerate(sorted(some, key=lambda e: (e.time, e.event_id))):
        now = moment_of(one).time
        notices += until(fold, now)
        store(fold, stored)
        if number == restart_before:
            fold = a_fold(quiet_after_s=100.0)
            fold.restore([json.loads(body) for body in stored.values()])
        if one.clears:
            fold.clear(one, now)
        else:
            notices += fold.feed(one, now)[1]
        store(fold, stored)
        check(fold)
    notices += until(fold, START + 9999)
    return notices, fold


def until(fold: Fold, at: float) -> list[Notice]:
    notices: list[Notice] = []
    while (due := fold.deadline()) is not None and due < at:
        notices += fold.tick(due)
    return notices


def store(fold: Fold, stored: dict[str, str]) -> None:
    """As the daemon does it, through JSON."""
    touched, closed = fold.changed()
    stored.update((open_.incident_id, json.dumps(open_.to_dict())) for open_ in touched)
    for incident_id in closed:
        stored.pop(incident_id, None)


@settings(max_examples=200, deadline=None)
@given(events_and_ends, st.integers(0, 11))
def test_a_restart_anywhere_changes_nothing_that_is_told(some: list[Event], restart_before: int) -> None:
    def as_sent(notices: list[Notice]) -> list[Any]:
        return [json.loads(json.dumps([n.id, n.kind, n.time, n.incident.to_dict()])) for n in notices]

    assert as_sent(lived(some, restart_before)[0]) == as_sent(lived(some)[0])


@settings(deadline=None)
@given(events_and_ends)
def test_every_incident_is_opened_once_and_ends_once_and_no_two_notices_are_called_the_same(
    some: list[Event],
) -> None:
    notices, fold = lived(some)
    assert len({notice.id for notice in notices}) == len(notices)
    opened = [n.incident.incident_id for n in notices if n.kind == "opened"]
    assert len(set(opened)) == len(opened)
    assert {n.incident.incident_id for n in notices} == set(opened)
    assert {n.incident.incident_id for n in notices if n.kind == "quiet"} == set(opened)
    assert len(fold) == 0


@settings(deadline=None)
@given(events)
def test_nothing_is_stored_of_what_is_over(some: list[Event]) -> None:
    _, fold = lived(some)
    assert (len(fold._forest), fold._open, fold.deadline()) == (0, {}, None)


@settings(deadline=None)
@given(events)
def test_what_is_read_afterwards_is_folded_as_it_was_live(some: list[Event]) -> None:
    fold = a_fold()
    for one in sorted(some, key=lambda e: (e.time, e.path, e.offset)):
        until(fold, moment_of(one).time)
        fold.feed(one, moment_of(one).time)
    assert trees(replayed(some, ADVISOR, EDGES)) == trees(fold.current())


@settings(deadline=None)
@given(st.lists(st.builds(_event, st.integers(0, 9999), _wheres, st.sampled_from([*CLASSES]), _pointers)))
def test_a_fold_stays_within_its_bound(some: list[Event]) -> None:
    fold = a_fold(max_open=4)
    for one in some:
        fold.feed(one, moment_of(one).time)
        assert len(fold._forest) <= 4
        check(fold)
