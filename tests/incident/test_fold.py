"""What is told, and when: timelines of one failure or several, as a daemon sees them."""

import json
from itertools import pairwise

import pytest

from logwatch.incident.open import Holds
from logwatch.incident.strand import moment_of

from .scene import START, Play, a_fold, event, shown, told, trees


def test_an_error_that_follows_from_nothing_known_is_told_after_a_second() -> None:
    assert told("0 llm/3 app/bug") == ["1 opened app/bug 1"]


def test_an_error_that_may_be_an_effect_waits_a_moment_longer() -> None:
    assert told("0 llm/3 app/cuda") == ["2 opened app/cuda 1"]


@pytest.mark.parametrize(
    ("error", "seconds"), [("net/closed", 10), ("nccl/timeout", 30), ("run/failed", 15), ("nvidia/xid-45", 5)]
)
def test_symptoms_wait_for_their_cause(error: str, seconds: int) -> None:
    assert told(f"0 llm/3 {error}") == [f"{seconds} opened {error} 1"]


def test_waits_can_be_chosen() -> None:
    assert told("0 llm/3 nccl/timeout", holds=Holds(timeout_s=0.5)) == ["0.5 opened nccl/timeout 1"]


def test_one_out_of_memory_and_sixty_three_timeouts_are_one_message_and_its_correction() -> None:
    timeouts = "\n".join(f"1800.{rank:02} llm/{rank} nccl/timeout ran_ms=1800000" for rank in range(63))
    assert told(f"0 llm/63 app/oom\n{timeouts}\n1802 llm/ run/failed", until=2000) == [
        "1 opened app/oom 1",
        "1810 updated app/oom 1+64",
    ]


def test_a_cause_within_the_wait_is_told_instead_of_its_symptoms() -> None:
    assert told("0 llm/0 nccl/timeout ran_ms=600000\n8 llm/3 app/oom at=-590") == ["9 opened app/oom 1+1"]


def test_a_cause_that_arrives_late_takes_over_the_message() -> None:
    play = Play().run("0 llm/0 nccl/timeout ran_ms=600000\n50 llm/3 app/oom at=-590", until=60)
    assert play.told == ["30 opened nccl/timeout 1", "51 updated app/oom 1+1"]
    assert len({notice.incident.incident_id for notice in play.notices}) == 1
    [remark] = play.notices[1].what_changed
    assert (remark.kind, dict(remark.values)) == ("new_root", {"error": "app/oom", "before": "nccl/timeout"})


def test_two_errors_of_a_job_without_an_edge_stay_two_incidents() -> None:
    assert told("0 llm/0 app/bug\n1 llm/1 app/oom") == ["1 opened app/bug 1", "2 opened app/oom 1"]


def test_the_same_error_in_two_jobs_is_two_incidents() -> None:
    assert told("0 llm/0 app/oom\n0 vision/0 app/oom") == ["1 opened app/oom 1", "1 opened app/oom 1"]


def test_an_effect_is_not_looked_for_in_another_job() -> None:
    assert told("0 llm/0 app/oom\n1 vision/0 net/closed", until=20) == [
        "1 opened app/oom 1",
        "11 opened net/closed 1",
    ]


def test_a_machine_without_a_job_explains_what_happens_in_any_job_there() -> None:
    play = Play().run(
        "0 @node7 gpu/lost\n1 llm/0 app/cuda node=node7\n1 vision/0 app/cuda node=node8", until=9
    )
    assert play.told == ["1 opened gpu/lost 1", "3 opened app/cuda 1"]
    assert trees(play.fold.current()) == [("app/cuda", 1, {}), ("gpu/lost", 1, {"app/cuda": 1})]


def test_a_machine_that_is_named_nowhere_is_taken_to_be_this_one() -> None:
    assert told("0 @node7 gpu/lost\n0.5 llm/0 app/cuda") == ["1 opened gpu/lost 1+1"]


def test_an_incident_of_a_machine_that_hit_one_job_is_labelled_with_it() -> None:
    play = Play().run("0 @node7 gpu/lost\n0.5 llm/0 app/cuda", until=5)
    assert play.notices[0].incident.labels == {"job": "llm"}


def test_a_previous_xid_is_believed_without_an_edge() -> None:
    play = Play().run(
        """
        0    @node7 nvidia/xid-45 previous_xid=31 device=0000:3b:00
        0.1  @node7 nvidia/xid-31 device=0000:3b:00
        """,
        until=9,
    )
    assert play.told == ["1.1 opened nvidia/xid-31 1+1"]
    assert [remark.kind for remark in play.notices[0].incident.reasons] == ["previous_xid"]


def test_a_previous_xid_of_another_gpu_is_not_meant() -> None:
    assert told(
        """
        0    @node7 nvidia/xid-45 previous_xid=31 device=0000:3b:00
        0.1  @node7 nvidia/xid-31 device=0000:4b:00
        """,
        until=9,
    ) == ["1.1 opened nvidia/xid-31 1", "5 opened nvidia/xid-45 1"]


def test_a_pid_in_a_line_names_the_process_that_was_killed() -> None:
    play = Play().run("0 @node7 os/killed victim_pid=3722\n1 llm/ run/sigkill pid=3722", until=9)
    [reason] = play.fold.current()[0].reasons
    assert (reason.kind, reason.values["pid"]) == ("same_pid", "3722")


def test_a_rank_in_a_line_outweighs_an_error_that_came_first() -> None:
    line = "collective_timeout_from__rank_3"
    play = Play().run(f"0 llm/1 app/bug\n5 llm/3 app/oom\n9 llm/0 nccl/dump line={line}", until=20)
    assert trees(play.fold.current()) == [("app/bug", 1, {}), ("app/oom", 1, {"nccl/dump": 1})]


def test_of_two_errors_the_one_when_the_waiting_began_is_the_cause() -> None:
    play = Play().run("0 llm/1 app/bug\n100 llm/3 app/oom\n700 llm/0 nccl/timeout ran_ms=600000", until=705)
    assert trees(play.fold.current()) == [("app/bug", 1, {}), ("app/oom", 1, {"nccl/timeout": 1})]


def test_how_far_to_look_back_stands_in_the_line() -> None:
    late = "0 llm/3 app/oom\n1300 llm/0 nccl/timeout ran_ms={}"
    assert told(late.format(1290000), until=1340)[-1] == "1310 updated app/oom 1+1"
    assert told(late.format(600000), until=1340)[-1] == "1330 opened nccl/timeout 1"


def test_a_scheduler_that_acts_first_is_the_cause_of_what_follows() -> None:
    play = Play().run("0 llm/ sched/cancelled\n1 llm/0 app/bug\n2 llm/0 net/closed", until=20)
    assert trees(play.fold.current()) == [("sched/cancelled", 1, {"app/bug": 1, "net/closed": 1})]


def test_a_scheduler_that_acts_after_a_failure_is_its_echo() -> None:
    play = Play().run("0 llm/0 app/bug\n1 llm/ sched/cancelled\n2 llm/0 net/closed", until=20)
    assert trees(play.fold.current()) == [("app/bug", 1, {"sched/cancelled": 1, "net/closed": 1})]


def test_symptoms_alone_say_that_the_cause_is_elsewhere_and_whom_they_blame() -> None:
    line = "collective_timeout_from__rank_7"
    play = Play().run(f"0 llm/0 nccl/timeout\n1 llm/0 nccl/dump line={line}", until=31)
    reasons = play.notices[0].incident.reasons
    assert [reason.kind for reason in reasons] == ["elsewhere", "points_to_rank", "edge"]
    assert reasons[1].values == {"rank": "7"}


def test_a_launchers_summary_alone_says_that_it_is_one() -> None:
    play = Play().run("0 llm/ run/failed", until=20)
    assert [reason.kind for reason in play.notices[0].incident.reasons] == ["only_summary"]


def test_a_broken_link_is_as_bad_as_what_it_breaks() -> None:
    play = Play().run("0 @node7 net/link-down\n0.5 llm/0 net/closed", until=9)
    assert play.notices[0].incident.severity == "error"


def test_a_scheduler_is_as_bad_as_its_entry_says() -> None:
    play = Play().run("0 llm/ sched/cancelled\n0.5 llm/0 net/closed", until=9)
    assert play.notices[0].incident.severity == "warning"


def test_what_grows_is_told_at_longer_and_longer_intervals() -> None:
    hours = "\n".join(f"{10 * n} llm/0 app/bug" for n in range(1500))
    times = [float(line.split()[0]) for line in told(hours, until=14990)]
    assert times[:5] == [1, 61, 301, 901, 3601]
    assert {b - a for a, b in pairwise(times[4:])} == {3600.0}


def test_what_comes_in_one_burst_is_told_once() -> None:
    burst = "\n".join(f"900.{n} llm/{n} app/bug" for n in range(1, 9))
    assert told(f"0 llm/0 app/bug\n{burst}", until=1000) == ["1 opened app/bug 1", "910.1 updated app/bug 9"]


def test_an_update_says_what_is_new() -> None:
    play = Play().run("0 llm/0 app/bug\n10 llm/1 app/bug\n10 llm/1 net/closed", until=70)
    assert [(r.kind, r.values["count"]) for r in play.notices[1].what_changed] == [
        ("more", "1"),
        ("more_echoes", "1"),
        ("more_places", "1"),
    ]


def test_silence_is_told_once() -> None:
    assert told("0 llm/0 app/bug", until=99999, quiet_after_s=600) == [
        "1 opened app/bug 1",
        "600 quiet app/bug 1",
    ]


def test_what_is_only_remembered_is_not_open() -> None:
    play = Play(a_fold(quiet_after_s=600)).run("0 llm/0 app/bug\n500 vision/0 app/oom", until=700)
    [open_now] = play.fold.current()
    assert (len(play.fold), play.fold.told()) == (1, [open_now.incident_id])
    assert [play.fold.incident(name) for name in dict.fromkeys(play.ids)] == [None, open_now]


def test_an_error_that_comes_again_after_silence_is_another_incident() -> None:
    play = Play(a_fold(quiet_after_s=600)).run("0 llm/0 app/bug\n700 llm/0 app/bug", until=800)
    assert play.told == ["1 opened app/bug 1", "600 quiet app/bug 1", "701 opened app/bug 1"]
    assert play.ids[0] != play.ids[1]


def test_what_follows_from_an_incident_that_went_quiet_wakes_it() -> None:
    line = "0 llm/3 app/oom\n1800 llm/0 nccl/timeout ran_ms=1795000"
    assert told(line, until=1900, quiet_after_s=600) == [
        "1 opened app/oom 1",
        "600 quiet app/oom 1",
        "1801 updated app/oom 1+1",
    ]


def test_after_a_pause_the_same_symptom_is_asked_for_its_cause_again() -> None:
    play = Play().run(
        """
        0     llm/3 app/oom
        1     llm/0 net/closed
        1000  llm/4 app/bug
        1001  llm/0 net/closed
        """,
        until=1100,
    )
    assert trees(play.fold.current()) == [
        ("app/bug", 1, {"net/closed": 1}),
        ("app/oom", 1, {"net/closed": 1}),
    ]


def test_an_effect_of_an_effect_belongs_to_the_first_cause() -> None:
    play = Play().run(
        "0 @node7 net/link-down\n9 llm/0 net/closed\n300 llm/5 nccl/timeout ran_ms=290000", until=310
    )
    assert trees(play.fold.current()) == [("net/link-down", 1, {"net/closed": 1, "nccl/timeout": 1})]


def test_two_incidents_that_turn_out_to_be_one_go_on_as_the_one_told_first() -> None:
    play = Play().run(
        """
        0   @node7 os/killed victim_pid=77
        3   llm/0  net/closed
        20  llm/   run/sigkill pid=77 at=2
        """,
        until=40,
    )
    assert play.told == ["1 opened os/killed 1", "13 opened net/closed 1", "20 quiet net/closed 1"]
    first, second, merged = (notice.incident for notice in play.notices)
    assert merged.incident_id == second.incident_id
    [remark] = play.notices[2].what_changed
    assert dict(remark.values) == {"error": "os/killed", "incident": first.incident_id}
    [left] = play.fold.current()
    assert (left.incident_id, left.absorbed) == (first.incident_id, (second.incident_id,))


def test_errors_that_explain_each_other_in_a_ring_have_the_more_probable_one_as_their_root() -> None:
    play = Play().run("0 llm/ sched/cancelled line=a\n0 llm/ run/failed line=b", until=20)
    assert trees(play.fold.current()) == [("sched/cancelled", 1, {"run/failed": 1})]


def test_clocks_that_differ_by_seconds_do_not_turn_causes_into_effects() -> None:
    assert told("0 llm/0 net/closed\n1 llm/3 app/oom at=4", until=3) == ["2 opened app/oom 1+1"]


def test_a_line_that_says_it_is_over_makes_the_incident_quiet() -> None:
    play = Play().run("0 @node7 net/link-down\n20 @node7 -net/link-down", until=200)
    assert play.told == ["1 opened net/link-down 1", "80 quiet net/link-down 1"]
    assert [remark.kind for remark in play.notices[1].what_changed] == ["cleared"]


def test_an_error_that_comes_back_was_not_over() -> None:
    play = Play().run("0 @node7 net/link-down\n20 @node7 -net/link-down\n50 @node7 net/link-down", until=200)
    assert play.told[1:] == ["61 updated net/link-down 2"]


def test_it_is_over_when_all_that_were_named_are_well_again() -> None:
    down = "0 @node7 net/link-down subject=a\n1 @node7 net/link-down subject=b\n2 @node7 net/link-down"
    play = Play().run(f"{down}\n20 @node7 -net/link-down subject=b", until=200)
    assert [notice.kind for notice in play.notices] == ["opened", "updated"]
    play.run("210 @node7 -net/link-down subject=a", until=300)
    assert play.told[2:] == ["270 quiet net/link-down 3"]


def test_a_line_that_names_nobody_means_all() -> None:
    down = "0 @node7 net/link-down subject=a\n1 @node7 net/link-down subject=b"
    play = Play().run(f"{down}\n20 @node7 -net/link-down", until=300)
    assert play.told[-1] == "80 quiet net/link-down 2"


def test_of_too_many_nobody_claims_that_all_are_well_again() -> None:
    down = [f"{i} @node7 net/link-down subject=s{i}" for i in range(1100)]
    up = [f"{1100 + i} @node7 -net/link-down subject=s{i}" for i in range(1100)]
    play = Play().run("\n".join(down + up), until=3000)
    assert "quiet" not in [notice.kind for notice in play.notices]


def test_what_is_over_before_it_was_told_is_not_told() -> None:
    play = Play().run("0 @node7 net/link-down\n0.5 @node7 -net/link-down", until=9999)
    assert play.told == []
    assert len(play.fold) == 0


def test_what_was_over_at_once_but_comes_back_is_told() -> None:
    play = Play().run("0 @node7 net/link-down\n0.5 @node7 -net/link-down\n20 @node7 net/link-down", until=30)
    assert play.told == ["20 opened net/link-down 2"]


def test_what_is_over_is_not_held_back_and_so_not_released() -> None:
    play = Play().run("0 @node7 net/link-down\n0.5 @node7 -net/link-down")
    assert play.fold.release(START + 1) == []


def test_what_is_over_but_broke_something_is_told() -> None:
    play = Play().run("0 @node7 net/link-down\n0.1 llm/0 net/closed\n0.5 @node7 -net/link-down", until=20)
    assert play.told == ["1 opened net/link-down 1+1"]


def test_an_effect_that_is_over_does_not_end_its_cause() -> None:
    timeline = "0 @node7 net/link-down\n0.1 llm/0 net/closed\n20 llm/0 -net/closed"
    assert Play().run(timeline, until=200).told[1:] == []


def test_nothing_is_over_that_was_not_there() -> None:
    play = Play().run("0 llm/0 app/bug\n20 @node7 -net/link-down\n20 vision/ -app/bug", until=100)
    assert play.told == ["1 opened app/bug 1"]


def test_when_nothing_more_is_to_come_all_that_is_held_back_is_told() -> None:
    play = Play().run("0 llm/0 nccl/timeout\n0 vision/0 app/bug\n0.5 vision/0 nccl/timeout")
    assert [shown(notice) for notice in play.fold.release(START + 2)] == [
        "2 opened app/bug 1+1",
        "2 opened nccl/timeout 1",
    ]
    assert play.fold.release(START + 3) == []


def test_a_million_repeats_cost_a_counter() -> None:
    play = Play().run("0 @node7 gpu/lost device=0000:3b:00", until=5)
    size = len(json.dumps(play.fold.changed()[0][0].to_dict()))
    for n in range(800):
        play.fold.feed(event(6 + n / 1000, "@node7", "gpu/lost", device="0000:3b:00"), START + 6, times=1000)
    [incident] = play.fold.current()
    assert incident.count == 800_001
    assert len(json.dumps(play.fold.changed()[0][0].to_dict())) < size + 100


def test_places_are_told_apart_by_rank_and_by_device() -> None:
    play = Play().run(
        """
        0  @node7 gpu/lost device=0000:3b:00
        1  @node7 gpu/lost device=0000:4b:00.0
        2  @node7 gpu/lost device=0000:4b:00
        """,
        until=3,
    )
    [incident] = play.fold.current()
    assert [(dict(p.labels), p.count) for p in incident.places] == [
        ({"device": "0000:3b:00"}, 1),
        ({"device": "0000:4b:00"}, 2),
    ]


def test_labels_are_those_on_which_all_events_agree() -> None:
    play = Play().run("0 llm/0 app/bug", until=2)
    assert play.fold.current()[0].labels == {"job": "llm", "rank": "0"}
    assert play.run("3 llm/1 app/bug").fold.current()[0].labels == {"job": "llm"}


def test_the_first_line_by_its_own_time_is_the_evidence() -> None:
    play = Play().run("0 llm/0 app/bug line=second\n1 llm/1 app/bug line=first at=-3", until=2)
    [incident] = play.fold.current()
    assert (incident.evidence.line, incident.first_seen) == ("first", START - 3)


def test_beyond_its_bound_a_fold_lets_go_of_what_has_been_silent_longest_and_says_so() -> None:
    jobs = "\n".join(f"{n}  job{n}/0 app/bug" for n in range(4))
    assert told(jobs, until=3, max_open=3) == [
        "1 opened app/bug 1",
        "2 opened app/bug 1",
        "3 opened app/bug 1",
        "3 quiet app/bug 1",
    ]


def test_nothing_goes_untold_for_want_of_room() -> None:
    assert told("0 a/0 nccl/timeout\n1 b/0 nccl/timeout", until=2, max_open=1) == [
        "1 opened nccl/timeout 1",
        "1 quiet nccl/timeout 1",
    ]


def test_twenty_thousand_jobs_stay_within_the_bound() -> None:
    fold, opened = a_fold(max_open=1000), 0
    for n in range(20_000):
        _, notices = fold.feed(event(n, f"job{n}/0", "app/bug"), START + n / 1000)
        opened += sum(notice.kind == "opened" for notice in [*notices, *fold.tick(START + n / 1000)])
        if n % 1000 == 0:
            fold.changed()
    assert len(fold) == 1000
    assert len(fold._forest) == 1000
    assert opened + sum(n.kind == "opened" for n in fold.tick(START + 200)) == 20_000


def test_a_clock_that_is_set_back_holds_nothing_back() -> None:
    play = Play().run("0 llm/0 app/bug")
    assert play.fold.tick(START - 7200) == []
    assert [shown(notice) for notice in play.fold.tick(START - 7199)] == ["-7199 opened app/bug 1"]


def test_a_clock_that_jumps_ahead_tells_what_is_held_back() -> None:
    play = Play().run("0 llm/0 nccl/timeout")
    assert [shown(notice) for notice in play.fold.tick(START + 9999)] == [
        "9999 opened nccl/timeout 1",
        "9999 quiet nccl/timeout 1",
    ]


def test_a_line_that_is_told_twice_opens_no_second_incident_in_the_place_of_the_first() -> None:
    fold = a_fold()
    # The clock is set back between the two, and a cause is in reach of what was then.
    for seconds, error in ((0, "app/oom"), (301, "run/failed"), (0, "run/failed"), (301, "run/failed")):
        one = event(seconds, "llm/0", error)
        fold.feed(one, moment_of(one).time)
    assert (
        sum(incident.count + sum(echo.count for echo in incident.echoes) for incident in fold.current()) == 4
    )
    assert len({incident.incident_id for incident in fold.current()}) == 3


def test_lines_from_the_future_are_folded_like_others() -> None:
    assert told("0 llm/3 app/oom at=86400\n1 llm/0 net/closed at=86401") == [
        "1 opened app/oom 1",
        "61 updated app/oom 1+1",
    ]


def test_with_another_catalogue_open_incidents_stay_open() -> None:
    play = Play().run("0 llm/0 app/bug", until=5)
    fold = play.fold
    fold.use(fold._advisor, fold._forest.edges, Holds(), 50.0)
    assert play.run(until=100).told[1:] == ["50 quiet app/bug 1"]
