"""Times of the week, month and year, in the grammar of Alertmanager's `time_intervals`. Pure.

prometheus.io/docs/alerting/latest/configuration/#time_interval: within a field any range may hold, of the
fields all must; a field that is left out always holds. A range of times does not contain its end, all other
ranges do. The week begins on Sunday, and days of a month may be counted from its end: -1 is the last.
"""

import calendar
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

MINUTES_A_DAY = 24 * 60
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_CLOCK = re.compile(r"(\d{2}):(\d{2})", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,4}", re.ASCII)

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """Ranges of minutes of the day, weekdays (Sunday is 0), days of the month, months and years.

    `zone` None is the zone of the machine.
    """

    times: Sequence[Range] = ()
    weekdays: Sequence[Range] = ()
    days_of_month: Sequence[Range] = ()
    months: Sequence[Range] = ()
    years: Sequence[Range] = ()
    zone: tzinfo | None = UTC

    def contains(self, now: float) -> bool:
        """Whether `now`, in seconds since the epoch, lies in it."""
        at = datetime.fromtimestamp(now, UTC).astimezone(self.zone)
        minute = at.hour * 60 + at.minute
        _, length = calendar.monthrange(at.year, at.month)
        return (
            (not self.times or any(start <= minute < end for start, end in self.times))
            and _within(at.isoweekday() % 7, self.weekdays)
            and (not self.days_of_month or any(_has_day(at.day, r, length) for r in self.days_of_month))
            and _within(at.month, self.months)
            and _within(at.year, self.years)
        )


def minutes(text: str) -> int:
    """`17:30` as minutes since midnight; `24:00` is the end of the day.

    Raises:
        ValueError: with what to write instead.
    """
    found = _CLOCK.fullmatch(text)
    total = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else MINUTES_A_DAY + 1
    if total > MINUTES_A_DAY:
        raise ValueError(f"{text!r} is no time of day: write hours and minutes as '09:00', at most '24:00'")
    return total


def time_range(start: str, end: str) -> Range:
    """Raises: ValueError, where either is no time or the end does not come later."""
    pair = minutes(start), minutes(end)
    if pair[0] >= pair[1]:
        raise ValueError(
            f"{end} does not come after {start}: write a span over midnight as two, up to '24:00' and "
            "from '00:00'"
        )
    return pair


def weekday_range(text: str) -> Range:
    """`monday:friday` or `sunday`. Raises: ValueError."""
    return _range(text, "weekday", {name: number for number, name in enumerate(WEEKDAYS)}, range(0))


def month_range(text: str) -> Range:
    """`january:march`, `5` or `1:3`. Raises: ValueError."""
    return _range(text, "month", {name: number for number, name in enumerate(MONTHS, 1)}, range(1, 13))


def year_range(text: str) -> Range:
    """`2026` or `2026:2028`. Raises: ValueError."""
    return _range(text, "year", {}, range(1970, 10_000))


def day_range(text: str) -> Range:
    """`1:5`, `15` or `-3:-1`. Raises: ValueError."""
    start, end = _ends(text, "day of the month", {}, range(-31, 32))
    if start == 0 or end == 0:
        raise ValueError(f"{text!r}: days are counted from 1, or from -1 backwards")
    if start < 0 < end:
        raise ValueError(
            f"{text!r} begins from the end of the month and ends from its start: write it as two"
        )
    if start * end > 0 and start > end:
        raise ValueError(f"{text!r} ends before it begins")
    return start, end


def zone_of(location: str) -> tzinfo | None:
    """The zone of that name in the IANA database; `Local` is that of the machine.

    Raises:
        ValueError: there is none.
    """
    if location == "Local":
        return None
    try:
        return ZoneInfo(location)
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(f"{location!r} is no time zone: write one as 'Europe/Berlin', or 'UTC'") from error


def _within(value: int, ranges: Sequence[Range]) -> bool:
    return not ranges or any(start <= value <= end for start, end in ranges)


def _has_day(day: int, days: Range, length: int) -> bool:
    """Whether `day` lies in `days` of a month of `length` days. Ends beyond the month lie at its ends."""
    start, end = (length + 1 + d if d < 0 else d for d in days)
    return start <= length and max(start, 1) <= day <= min(end, length)


def _range(text: str, what: str, names: Mapping[str, int], numbers: range) -> Range:
    start, end = _ends(text, what, names, numbers)
    if start > end:
        raise ValueError(f"{text!r} ends before it begins")
    return start, end


def _ends(text: str, what: str, names: Mapping[str, int], numbers: range) -> Range:
    first, colon, last = text.partition(":")
    start = _one(first, text, what, names, numbers)
    return start, _one(last, text, what, names, numbers) if colon else start


def _one(part: str, text: str, what: str, names: Mapping[str, int], numbers: range) -> int:
    part = part.strip().lower()
    if part in names:
        return names[part]
    if _NUMBER.fullmatch(part) and int(part) in numbers:
        return int(part)
    example = f"'{next(iter(names))}'" if names else f"'{max(numbers.start, 1)}'"
    raise ValueError(f"{text!r} is no {what} or range of them: write it as {example} or 'from:to'")
