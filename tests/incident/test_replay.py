"""Logs that are read afterwards come to what the daemon would have told."""

import pytest

from logwatch.incident import replay
from logwatch.incident.event import Event, rfc3339
from logwatch.incident.replay import fold

from .scene import ADVISOR, EDGES, START, counted, event, parsed


def incidents(timeline: str) -> list[str]:
    return [counted(incident) for incident in fold((e for _, e in parsed(timeline)), ADVISOR, EDGES)]


def undated(one: Event, modified: float) -> Event:
    """An event of a log without times: all there is is when the file was last written."""
    return one._replace(is_dated=False, time=rfc3339(START + modified))


def test_files_are_read_one_after_the_other_and_folded_side_by_side() -> None:
    assert incidents("1800 llm/0 nccl/timeout ran_ms=1800000\n1801 llm/1 nccl/timeout\n0 llm/3 app/oom") == [
        "app/oom 1+2"
    ]


def test_days_apart_are_two_incidents_whatever_order_they_are_read_in() -> None:
    assert incidents("90000 llm/0 app/bug\n0 llm/1 app/bug") == ["app/bug 1", "app/bug 1"]


def test_an_incident_is_told_as_it_ended() -> None:
    lines = "\n".join(f"{n * 100} llm/0 app/bug" for n in range(60))
    assert incidents(lines) == ["app/bug 60"]


def test_what_follows_after_it_went_quiet_is_part_of_it() -> None:
    assert incidents("0 llm/3 app/oom\n5000 llm/0 nccl/timeout ran_ms=4990000") == ["app/oom 1+1"]


def test_incidents_that_turned_out_to_be_one_are_told_as_one() -> None:
    assert incidents(
        "0 @node7 os/killed pid=7\n3 llm/0 net/closed\n20 llm/ run/sigkill pid=7\n20.1 llm/0 net/closed"
    ) == [
        "os/killed 1+1",
        "net/closed 2",
    ]


def test_a_file_without_times_is_taken_to_end_when_the_others_do() -> None:
    died, copied = event(0, "llm/3", "app/oom"), 99999.0
    waited = event(1800, "llm/0", "nccl/timeout", ran_ms="1800000")
    [incident] = fold([undated(died, copied), waited], ADVISOR, EDGES)
    assert (counted(incident), incident.first_seen) == ("app/oom 1+1", START + 1800)


def test_without_any_times_the_order_of_the_lines_counts() -> None:
    lines = [event(n, "llm/", error) for n, error in enumerate(["app/bug", "sched/cancelled", "net/closed"])]
    [incident] = fold([undated(line, 0) for line in lines], ADVISOR, EDGES)
    assert counted(incident) == "app/bug 1+2"
    lines = [event(n, "llm/", error) for n, error in enumerate(["sched/cancelled", "app/bug", "net/closed"])]
    [incident] = fold([undated(line, 0) for line in lines], ADVISOR, EDGES)
    assert counted(incident) == "sched/cancelled 1+2"


def test_a_storm_is_counted_before_it_is_ordered() -> None:
    storm = (event(n / 1000, "@node7", "gpu/lost", device="0000:3b:00") for n in range(5000))
    assert len(replay._runs(storm)) == 1
    assert incidents("\n".join(f"{n / 10} @node7 gpu/lost" for n in range(3000))) == ["gpu/lost 3000"]


def test_a_storm_that_lasts_keeps_its_incident_awake() -> None:
    storm = [event(n * 0.9, "@node7", "gpu/lost") for n in range(6000)]
    assert [counted(i) for i in fold(storm, ADVISOR, EDGES)] == ["gpu/lost 6000"]


def test_beyond_the_bound_only_counts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MAX_RUNS", 5)
    scattered = [event(10 * n, "llm/0", "app/bug", line=f"line_{n % 7}") for n in range(2000)]
    runs = replay._runs(scattered)
    assert (len(runs), sum(run.times for run in runs)) == (6, 2000)


def test_what_a_line_says_is_over_is_over_afterwards_too() -> None:
    """After a line that ends it the error is another incident, as it would have been live."""
    twice = "0 @node7 net/link-down\n20 @node7 -net/link-down\n200 @node7 net/link-down"
    assert incidents(twice) == ["net/link-down 1", "net/link-down 1"]


def test_what_comes_and_goes_again_and_again_is_one_incident() -> None:
    flapping = "\n".join(f"{n / 4} @node7 {sign}net/link-down" for n, sign in enumerate(["", "", "-"] * 20))
    assert incidents(flapping) == ["net/link-down 40"]


def test_what_is_over_at_once_every_time_is_told_once_with_its_number() -> None:
    passing = "\n".join(
        f"{n * 300} @node7 net/link-down\n{n * 300 + 0.1} @node7 -net/link-down" for n in range(9)
    )
    assert incidents(passing) == ["net/link-down 9"]


def test_what_was_over_at_once_is_found_afterwards_all_the_same() -> None:
    assert incidents("0 @node7 net/link-down\n0.5 @node7 -net/link-down") == ["net/link-down 1"]


def test_a_line_that_ends_what_never_began_is_nothing() -> None:
    assert incidents("0 @node7 -net/link-down") == []
