"""Time intervals as Alertmanager's users write them, quoted or not; receivers name those that are there."""

import pytest

from logwatch.config import parse

from .test_load import FILE, config, only_mistake

NIGHT = """
time_intervals:
  - name: night
    time_intervals: [{times: [{start_time: "22:00", end_time: "24:00"}]}]
"""
SLACK = "notify: [{type: terminal, name: a, %s}]\n"


def test_numbers_that_yaml_takes_for_others_are_what_they_look_like() -> None:
    """PyYAML reads 17:30 as 1050, and 1:5 as 65."""
    written = """
time_intervals:
  - name: odd
    time_intervals:
      - times: [{start_time: 09:00, end_time: 17:30}]
        days_of_month: [1:5, 15, "-3:-1"]
        months: [5, 6:8, january]
        years: [2026, 2028:2030]
"""
    [odd] = parse(written, FILE, {}).time_intervals
    [times] = odd.time_intervals
    assert [(t.start_time, t.end_time) for t in times.times] == [("09:00", "17:30")]
    assert times.days_of_month == ("1:5", "15", "-3:-1")
    assert times.months == ("5", "6:8", "january")
    assert times.years == ("2026", "2028:2030")


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ('{times: [{start_time: "22:00", end_time: "06:00"}]}', "write a span over midnight as two"),
        ('{times: [{start_time: "9", end_time: "10:00"}]}', "write hours and minutes"),
        ("{weekdays: [mon]}", "'sunday'"),
        ("{days_of_month: [0]}", "counted from 1"),
        ("{location: Mars}", "'Europe/Berlin'"),
        ("{weekday: [monday]}", "did you mean `weekdays`?"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(times: str, said: str) -> None:
    line, _, remedy = only_mistake(f"time_intervals:\n  - name: a\n    time_intervals: [{times}]\n")
    assert line == "3"
    assert said in remedy


def test_a_receiver_names_intervals_that_are_there() -> None:
    read = config(NIGHT + SLACK % "mute_time_intervals: [night]")
    assert read.notify[0].mute_time_intervals == ("night",)
    _, what, remedy = only_mistake(NIGHT + SLACK % "active_time_intervals: [nigth]")
    assert "there is no time interval 'nigth'" in what
    assert "night" in remedy


def test_slack_has_a_budget_and_machines_have_none() -> None:
    read = config(
        """
notify:
  - {type: slack_bot, name: a, channel: C1, token: x}
  - {type: alertmanager, name: b, urls: ["http://a:9093"]}
  - {type: terminal, name: c, budget: 5, crowd: null}
"""
    )
    assert [(r.budget, r.crowd) for r in read.notify] == [(60, 10), (None, None), (5, None)]
