"""Who hears what: with plans made by hand, and an hour that passes in no time."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from logwatch.daemon.dispatch import Dispatch
from logwatch.daemon.plan import Plan, Route
from logwatch.deliver.flood import DIGEST_ID, MAX_LISTED
from logwatch.deliver.outbox import Receiver
from logwatch.deliver.silences import Silence
from logwatch.incident.incident import Incident, Notice, NoticeKind
from render.incidents import incident

NOW = 1_795_326_000.0
HOUR = 3600.0


def route(name: str = "oncall", **changes: Any) -> Route:
    made = Route(name, "", cast("Receiver", None), lambda _: True, lambda incident: incident)
    return replace(made, **changes)


def plan(
    *routes: Route, shadow: Sequence[str] = (), aliases: Mapping[str, Sequence[str]] | None = None
) -> Plan:
    entries = {error_id: SimpleNamespace(aliases=former) for error_id, former in (aliases or {}).items()}
    knowledge = SimpleNamespace(catalogue=SimpleNamespace(entries=entries))
    return Plan(cast("Any", knowledge), (), routes or (route(),), 1800.0, 1, shadow=shadow)


class Desk:
    """A dispatch, with the incidents that are open and what was held back."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.held: list[tuple[str, str]] = []
        self.open: dict[str, Incident] = {}
        self.rows: dict[tuple[str, str], Any] = {}
        self.dispatch = self._made()

    def told(self) -> Iterable[str]:
        return list(self.open)

    def incident(self, incident_id: str) -> Incident | None:
        return self.open.get(incident_id)

    def silence(self, *silences: Silence) -> None:
        self.dispatch.use(silences)

    def say(self, kind: NoticeKind, number: int, now: float = NOW, **changes: Any) -> list[str]:
        """What goes out for a notice about incident `number`, one in a job of its own."""
        about = incident(
            incident_id=f"{number:032x}",
            labels={"job": f"job-{number}", "cluster": "eu1"},
            **{"error_id": "nccl/watchdog-timeout", **changes},
        )
        self.open[about.incident_id] = about
        if kind == "quiet":
            del self.open[about.incident_id]
        return self._kinds(self.dispatch.send([Notice(f"{kind}-{number}-{now}", kind, now, about)], now))

    def tick(self, now: float) -> list[Notice]:
        return [notice for _, notice in self.dispatch.due(self, now)]

    def restart(self) -> None:
        """Another process, with what was remembered by way of the store's JSON."""
        for key, body in self.dispatch.changed().items():
            if body is None:
                self.rows.pop(key, None)
            else:
                self.rows[key] = json.loads(json.dumps(body))
        self.dispatch = self._made()
        self.dispatch.restore(self.rows)

    def _made(self) -> Dispatch:
        return Dispatch(self.plan, host="n1", on_held_back=lambda *what: self.held.append(what))

    @staticmethod
    def _kinds(sent: Iterable[tuple[Route, Notice]]) -> list[str]:
        return [f"{route.name} {notice.kind}" for route, notice in sent]


def silence(error: str = "nccl/*", ends: float = NOW + HOUR, **changes: str) -> Silence:
    return Silence(id="s1", error=error, owner="ada", created=NOW, ends=ends, **changes)


def test_everybody_who_wants_it_hears_it() -> None:
    desk = Desk(plan(route("a"), route("b"), route("c", accepts=lambda _: False)))
    assert desk.say("opened", 1) == ["a opened", "b opened"]
    assert desk.say("quiet", 1) == ["a quiet", "b quiet"]


def test_a_muted_incident_is_counted_and_told_when_the_silence_ends() -> None:
    desk = Desk(plan())
    desk.silence(silence())
    assert desk.say("opened", 1) == []
    assert desk.say("updated", 1) == []
    assert desk.tick(NOW + HOUR - 1) == []
    [told] = desk.tick(NOW + HOUR)
    assert (told.kind, [r.kind for r in told.what_changed]) == ("updated", ["unmuted"])
    assert told.what_changed[0].values == {"count": "2"}
    assert desk.tick(NOW + HOUR + 1) == []
    assert desk.held == [("oncall", "silence")] * 2
    assert [hits for _, hits in desk.dispatch.silences()] == [2]


def test_removing_a_silence_tells_at_once() -> None:
    desk = Desk(plan())
    desk.silence(silence())
    desk.say("opened", 1)
    desk.silence()
    assert [notice.kind for notice in desk.tick(NOW + 1)] == ["updated"]


def test_what_was_muted_from_the_first_to_the_last_is_never_told() -> None:
    desk = Desk(plan())
    desk.silence(silence())
    desk.say("opened", 1)
    assert desk.say("quiet", 1) == []
    assert desk.tick(NOW + 2 * HOUR) == []
    assert desk.held == [("oncall", "silence")] * 2


def test_who_heard_that_it_began_hears_that_it_ended() -> None:
    desk = Desk(plan())
    assert desk.say("opened", 1) == ["oncall opened"]
    desk.silence(silence())
    assert desk.say("updated", 1) == []
    assert desk.say("quiet", 1) == ["oncall quiet"]


def test_the_knowledge_of_what_was_muted_survives_a_restart() -> None:
    desk = Desk(plan())
    desk.silence(silence())
    desk.say("opened", 1)
    desk.restart()
    desk.silence(silence())
    assert [hits for _, hits in desk.dispatch.silences()] == [1]
    assert desk.tick(NOW + 1) == []
    assert [notice.kind for notice in desk.tick(NOW + HOUR)] == ["updated"]
    desk.restart()
    assert not desk.dispatch.held_back()


def test_a_silence_for_a_former_id_goes_on_after_a_renaming() -> None:
    desk = Desk(plan(aliases={"nccl/watchdog-timeout": ["nccl/old"]}))
    desk.silence(silence("nccl/old"))
    assert desk.say("opened", 1) == []


def test_a_silence_of_one_job_leaves_the_others() -> None:
    desk = Desk(plan())
    desk.silence(silence(job="job-1"))
    assert desk.say("opened", 1) == []
    assert desk.say("opened", 2) == ["oncall opened"]


def test_shadow_is_counted_and_never_told() -> None:
    desk = Desk(plan(shadow=["nccl/*"]))
    assert desk.say("opened", 1) == []
    assert desk.say("updated", 1) == []
    assert desk.tick(NOW + 10 * HOUR) == []
    assert desk.say("quiet", 1) == []
    assert desk.held == [("oncall", "shadow")] * 3
    assert desk.say("opened", 2, error_id="cuda/oom") == ["oncall opened"]


def test_at_night_nobody_is_woken_and_in_the_morning_what_goes_on_is_told() -> None:
    morning = NOW + HOUR
    night = route("oncall", muted_at=lambda now: "night" if now < morning else "")
    desk = Desk(plan(night, route("other")))
    assert desk.say("opened", 1) == ["other opened"]
    assert desk.say("opened", 2) == ["other opened"]
    assert desk.say("quiet", 2) == ["other quiet"]
    assert desk.tick(morning - 1) == []
    assert [notice.incident.labels["job"] for notice in desk.tick(morning)] == ["job-1"]


def test_beyond_its_budget_a_receiver_gets_one_digest_at_the_end_of_the_hour() -> None:
    desk = Desk(plan(route(budget=10)))
    sent = [said for n in range(223) for said in desk.say("opened", n, NOW + n)]
    assert sent == ["oncall opened"] * 10
    assert desk.held == [("oncall", "budget")] * 213
    assert desk.tick(NOW + HOUR - 1) == []
    [digest] = desk.tick(NOW + HOUR)
    assert digest.incident.error_id == DIGEST_ID
    assert digest.what_changed[0].values == {"count": "213", "incidents": "213"}
    assert len(digest.what_changed) == MAX_LISTED + 2
    assert digest.what_changed[-1].values == {"count": str(213 - MAX_LISTED)}
    assert desk.tick(NOW + HOUR + 1) == []
    # The digest was the first message of the next hour.
    after = [said for n in range(20) for said in desk.say("updated", n, NOW + HOUR + 2)]
    assert len(after) == 9


def test_a_budget_survives_a_restart() -> None:
    desk = Desk(plan(route(budget=1)))
    desk.say("opened", 1)
    desk.say("opened", 2)
    desk.restart()
    assert desk.say("opened", 3, NOW + 60) == []
    [digest] = desk.tick(NOW + HOUR)
    assert digest.what_changed[0].values == {"count": "2", "incidents": "2"}


def test_an_hour_within_its_budget_needs_no_digest() -> None:
    desk = Desk(plan(route(budget=2)))
    for hour in range(3):
        assert desk.say("opened", hour, NOW + hour * HOUR) == ["oncall opened"]
        assert desk.tick(NOW + hour * HOUR + 1) == []


def test_a_clock_that_was_set_back_does_not_shut_a_receiver_up() -> None:
    desk = Desk(plan(route(budget=1)))
    desk.say("opened", 1, NOW + 1000 * HOUR)
    assert desk.say("opened", 2, NOW) == ["oncall opened"]


def test_when_many_jobs_have_one_error_one_message_tells_of_all() -> None:
    desk = Desk(plan(route(crowd=10)))
    sent = [desk.say("opened", n, NOW + n) for n in range(100)]
    assert sent[:11] == [["oncall opened"]] * 11
    # It is told again as it grows, a minute after it was told first.
    assert [said for said in sent[11:] if said] == [["oncall updated"]]
    assert desk.held == [("oncall", "crowd")] * 90


def test_a_crowd_names_its_number_and_no_job() -> None:
    desk = Desk(plan(route(crowd=2)))
    for n in range(2):
        desk.say("opened", n)
    about = replace(
        next(iter(desk.open.values())), incident_id="x", labels={"job": "job-9", "cluster": "eu1"}
    )
    [(_, told)] = desk.dispatch.send([Notice("n", "opened", NOW, about)], NOW)
    assert told.what_changed[0].values == {"jobs": "3"}
    assert told.incident.labels == {"cluster": "eu1"}
    assert told.incident.incident_id != "x"


def test_a_crowd_ends_with_its_last_member_and_those_told_before_end_by_themselves() -> None:
    desk = Desk(plan(route(crowd=2)))
    for n in range(5):
        desk.say("opened", n)
    desk.restart()
    assert desk.say("quiet", 0) == ["oncall quiet"]
    assert desk.say("quiet", 3) == []
    assert desk.say("quiet", 2) == []
    assert desk.say("quiet", 4) == ["oncall quiet"]
    desk.restart()
    assert desk.say("opened", 7, NOW + HOUR) == ["oncall opened"]


def test_as_many_jobs_over_a_whole_day_are_no_crowd() -> None:
    desk = Desk(plan(route(crowd=2)))
    assert all(desk.say("opened", n, NOW + n * HOUR) == ["oncall opened"] for n in range(20))
    assert not desk.held


def test_one_job_may_have_an_error_as_often_as_it_likes() -> None:
    desk = Desk(plan(route(crowd=2)))
    assert all(desk.say("updated", 1, NOW + n) == ["oncall updated"] for n in range(20))


def test_a_receiver_that_forgets_is_told_again_until_it_is_quiet() -> None:
    desk = Desk(plan(route("am", refresh_s=60.0), route("slack")))
    desk.say("opened", 1)
    assert desk.tick(NOW + 59) == []
    first, second = desk.tick(NOW + 60), desk.tick(NOW + 120)
    assert [n.kind for n in (*first, *second)] == ["updated"] * 2
    assert first[0].id != second[0].id
    assert desk.tick(NOW + 121) == []
    desk.say("quiet", 1)
    assert desk.tick(NOW + 300) == []


def test_after_a_restart_it_is_told_of_everything_that_is_open() -> None:
    desk = Desk(plan(route("am", refresh_s=60.0)))
    desk.say("opened", 1)
    desk.restart()
    assert len(desk.tick(NOW + 5)) == 1


def test_what_is_silenced_is_not_told_again() -> None:
    desk = Desk(plan(route("am", refresh_s=60.0)))
    desk.say("opened", 1)
    desk.silence(silence())
    assert desk.tick(NOW + 60) == []
    desk.silence()
    assert len(desk.tick(NOW + 180)) == 1


def test_a_receiver_that_is_gone_leaves_nothing_behind() -> None:
    desk = Desk(plan(route("a"), route("b")))
    desk.silence(silence())
    desk.say("opened", 1)
    assert desk.dispatch.held_back() == {"a": 1, "b": 1}
    desk.dispatch.adopt(plan(route("b")))
    assert desk.dispatch.held_back() == {"b": 1}


@pytest.mark.parametrize("number", [1, 7])
def test_a_digest_counts_messages_by_incident(number: int) -> None:
    desk = Desk(plan(route(budget=1)))
    desk.say("opened", 0)
    for _ in range(number):
        desk.say("updated", 1)
    [digest] = desk.tick(NOW + HOUR)
    assert digest.what_changed[1].values == {
        "error": "nccl/watchdog-timeout",
        "job": "job-1",
        "count": str(number),
    }
