"""The examples of Alertmanager's documentation, and the edges of each field."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.deliver.time_intervals import (
    TimeInterval,
    day_range,
    minutes,
    month_range,
    time_range,
    weekday_range,
    year_range,
    zone_of,
)


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


OFFICE = TimeInterval(times=[time_range("09:00", "17:00")], weekdays=[weekday_range("monday:friday")])


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        ("2026-11-20 09:00", True),
        ("2026-11-20 16:59:59", True),
        ("2026-11-20 17:00", False),
        ("2026-11-20 08:59:59", False),
        ("2026-11-21 12:00", False),
        ("2026-11-22 12:00", False),
        ("2026-11-23 12:00", True),
    ],
)
def test_office_hours_do_not_contain_their_end_nor_the_weekend(moment: str, inside: bool) -> None:
    assert OFFICE.contains(at(moment)) is inside


def test_a_day_ends_at_24() -> None:
    late = TimeInterval(times=[time_range("17:00", "24:00")])
    assert late.contains(at("2026-11-20 23:59:59"))
    assert not late.contains(at("2026-11-21 00:00"))


@pytest.mark.parametrize(
    ("text", "moment", "inside"),
    [
        ("1:5", "2026-11-05", True),
        ("1:5", "2026-11-06", False),
        ("-3:-1", "2026-11-28", True),
        ("-3:-1", "2026-11-27", False),
        ("-1", "2028-02-29", True),
        ("-1", "2028-02-28", False),
        # Beyond the end of a month lies its end, but not for a range that begins there.
        ("25:31", "2027-02-28", True),
        ("30:31", "2027-02-28", False),
        ("-31:-25", "2027-02-01", True),
        ("10:-10", "2026-11-21", True),
        ("10:-10", "2026-11-22", False),
    ],
)
def test_days_of_a_month_are_counted_from_either_end(text: str, moment: str, inside: bool) -> None:
    assert TimeInterval(days_of_month=[day_range(text)]).contains(at(moment)) is inside


@pytest.mark.parametrize("text", ["1:3", "january:march", "January:March", "jAnuary:3"])
def test_months_have_names_and_numbers(text: str) -> None:
    quarter = TimeInterval(months=[month_range(text)])
    assert quarter.contains(at("2026-03-31"))
    assert not quarter.contains(at("2026-04-01"))


def test_years_are_single_or_ranges() -> None:
    some = TimeInterval(years=[year_range("2020:2022"), year_range("2030")])
    inside = [year for year in range(2019, 2032) if some.contains(at(f"{year}-06-01"))]
    assert inside == [2020, 2021, 2022, 2030]


def test_the_week_begins_on_sunday() -> None:
    assert weekday_range("sunday:saturday") == (0, 6)
    with pytest.raises(ValueError, match="ends before it begins"):
        weekday_range("saturday:sunday")


def test_any_range_of_a_field_will_do_and_all_fields_must() -> None:
    either = TimeInterval(
        weekdays=[weekday_range("saturday"), weekday_range("sunday")], months=[month_range("11")]
    )
    assert either.contains(at("2026-11-21"))
    assert either.contains(at("2026-11-22"))
    assert not either.contains(at("2026-12-05"))


def test_an_interval_lies_in_its_time_zone() -> None:
    """Berlin is an hour ahead of UTC in winter and two in summer."""
    morning = TimeInterval(times=[time_range("09:00", "10:00")], zone=zone_of("Europe/Berlin"))
    assert morning.contains(at("2026-11-20 08:30"))
    assert morning.contains(at("2026-07-20 07:30"))
    assert not morning.contains(at("2026-07-20 08:30"))
    assert zone_of("Local") is None


BAD: list[tuple[Callable[[str], object], str]] = [
    (minutes, "9:00"),
    (minutes, "24:01"),
    (minutes, "12:60"),
    (minutes, "noon"),
    (weekday_range, "mon"),
    (weekday_range, "1"),
    (weekday_range, "monday:"),
    (weekday_range, ""),
    (day_range, "0"),
    (day_range, "32"),
    (day_range, "-3:3"),
    (day_range, "5:1"),
    (day_range, "-1:-3"),
    (month_range, "13"),
    (month_range, "may:january"),
    (year_range, "26"),
    (year_range, "2028:2026"),
    (zone_of, "Mars/Olympus"),
    (zone_of, "../../etc/passwd"),
    (zone_of, ""),
]


@pytest.mark.parametrize(("parse", "text"), BAD)
def test_what_is_not_in_the_grammar_is_refused_by_name(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_span_over_midnight_is_two() -> None:
    with pytest.raises(ValueError, match="as two"):
        time_range("22:00", "06:00")


@given(st.floats(min_value=0, max_value=4e9))
def test_an_interval_and_its_complement_never_hold_at_once(now: float) -> None:
    early = TimeInterval(times=[time_range("00:00", "12:00")])
    late = TimeInterval(times=[time_range("12:00", "24:00")])
    assert early.contains(now) is not late.contains(now)
    assert TimeInterval().contains(now)
    days = [TimeInterval(days_of_month=[day_range(str(d))]).contains(now) for d in range(1, 32)]
    assert days.index(True) + 1 == datetime.fromtimestamp(now, UTC).day
    assert sum(days) == 1
