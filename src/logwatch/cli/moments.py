"""Durations and times as people type them."""

import re
from datetime import datetime, timedelta, tzinfo

_DURATION = re.compile(
    r"(?:(\d{1,5})w)?(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?", re.ASCII
)
_UNITS_S = (7 * 86_400, 86_400, 3_600, 60, 1)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)


def seconds_of(text: str) -> float:
    """`2h`, `90m`, `1d12h` in seconds.

    Raises:
        ValueError: with what to write instead.
    """
    found = _DURATION.fullmatch(text.strip())
    parts = found.groups() if found else ()
    total = sum(int(part) * unit for part, unit in zip(parts, _UNITS_S, strict=False) if part)
    if not total:
        raise ValueError(f"{text!r} is no duration: write it as 2h, 90m or 1d12h")
    return float(total)


def moment_of(text: str, now: float, zone: tzinfo) -> float:
    """A time in seconds since the epoch: `18:00` (the next one) or `2026-11-23 08:00`, if need be with a zone.

    Raises:
        ValueError: with what to write instead.
    """
    here = datetime.fromtimestamp(now, zone)
    if clock := _CLOCK.fullmatch(text.strip()):
        hour, minute = int(clock[1]), int(clock[2])
        if hour < 24 and minute < 60:
            today = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
            return (today if today > here else today + timedelta(days=1)).timestamp()
    try:
        told = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time: write it as 18:00 or 2026-11-23T08:00") from None
    return (told if told.tzinfo else told.replace(tzinfo=zone)).timestamp()


def spoken(seconds: float) -> str:
    """A duration in its two largest units, as `1d 3h`."""
    left = max(0, round(seconds))
    said: list[str] = []
    for unit, name in zip(_UNITS_S[1:], "dhms", strict=True):
        count, left = divmod(left, unit)
        if count or said:
            said.append(f"{count}{name}")
    return " ".join(part for part in said[:2] if not part.startswith("0")) or "0s"
