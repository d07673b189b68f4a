"""What stands before the message: when a line was written, and by which process.

Launchers, loggers and collectors each put something in front: `[rank3]:`, `(EngineCore pid=12)`, syslog's
`Jul  1 04:05:19 node7 kernel:`, glog's `E1218 20:27:21.433063 4321 file.cc:1]`, NCCL's `node1:812:1023 [3]`.
A prefix is taken apart piece by piece from the left. Every pattern is anchored where it is tried and
bounded in what it may take, so hostile text costs no more than other text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple

from logwatch.scan.digits import shape_of
from logwatch.scan.records import record_around

# A prefix ends long before; behind progress bars, which are glued in front, only unmistakable marks count.
MAX_PREFIX = 600
# syslog, kernel time, launcher, logger, level, place in the source, rank: the longest seen has nine pieces.
_MAX_PIECES = 12
# Clocks of a cluster differ, and a log without a zone may come from one that is ahead.
_AHEAD_S = 86400.0
# What claims to be older was written before its host had set its clock.
_EARLIEST_S = 946684800.0  # 2000-01-01
# How far up a line without a time looks for one, in bytes: a traceback is 5 to 60 lines.
LOOK_BACK = 8192


class Stamp(NamedTuple):
    """A time as it is written: the year and the zone may be missing."""

    year: int | None
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int
    zone: tzinfo | None

    def seconds(self, reference: float, zone: tzinfo = UTC) -> float | None:
        """Seconds since the epoch, or None where that cannot be.

        `reference` is a time that the line cannot have been written much later than (seconds; of a file,
        its modification time); the latest year that fits is taken. `zone` is for stamps without their own.
        """
        minute = _minute(
            self.year, self.month, self.day, self.hour, self.minute, self.zone or zone, reference
        )
        if minute is None:
            return None
        # Leap seconds are written as 60.
        return ((minute + min(self.second, 59)) * 1_000_000 + self.microsecond) / 1_000_000


# Lines that stand together are of one minute, and read by one clock.
@lru_cache(maxsize=256)
def _minute(
    year: int | None, month: int, day: int, hour: int, minute: int, zone: tzinfo, reference: float
) -> int | None:
    """When it began, in seconds since the epoch; None where there is no such minute, or it cannot have been then."""
    if year is not None:
        return _plausible(_begin(year, month, day, hour, minute, zone), reference)
    latest = datetime.fromtimestamp(reference, UTC).year + 1
    # 29 February is there in every fourth year, seldom only in every eighth.
    begins = (_begin(some, month, day, hour, minute, zone) for some in range(latest, latest - 9, -1))
    return next((begin for begin in begins if _plausible(begin, reference) is not None), None)


def _begin(year: int, month: int, day: int, hour: int, minute: int, zone: tzinfo) -> int | None:
    try:
        return int(datetime(year, month, day, hour, minute, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None


class Prefix(NamedTuple):
    """What was read from the left of a line: labels, and a time where there is one with a date.

    `end` is where the message begins.
    """

    labels: Mapping[str, str]
    stamp: Stamp | None
    end: int = 0


def labels_of(text: str) -> dict[str, str]:
    """Which process wrote this line: any of rank, local_rank, host, pid, gpu, process, pod, container."""
    return dict(read(text).labels)


def log_time(text: str, reference: float, zone: tzinfo = UTC) -> float | None:
    """When this line was written, in seconds since the epoch; None where it does not say the date.

    `reference` gives a missing year and refuses times more than a day ahead of it; `zone` is the log's
    where the line names none.
    """
    stamp = _when(text, _anatomy_of(text))
    return None if stamp is None else stamp.seconds(reference, zone)


def time_above(above: bytes, reference: float, zone: tzinfo = UTC) -> float | None:
    """The time of the last line in `above` that says its own; see `log_time`."""
    shape = shape_of(above)
    end = len(shape)
    while (at := _may_be_time(shape, end)) >= 0:
        start, end = record_around(above, at)
        found = log_time(above[start:end].decode("utf-8", "replace"), reference, zone)
        if found is not None:
            return found
        end = start
    return None


def _may_be_time(shape: bytes, end: int) -> int:
    """Where in `shape`, before `end`, the last that can be a time stands; -1 where none does.

    Every time that is understood has hours and minutes in it, or seconds since the epoch as JSON has them. Ten digits
    alone are most often a loss.
    """
    at = shape.rfind(b"00:00", 0, end)
    if _TEN_DIGITS in shape:
        at = max([at, *(found.start() for found in _EPOCH.finditer(shape, 0, end))])
    return at


def read(text: str) -> Prefix:
    """Takes the prefix of `text` apart. The outermost of several times is the one that is kept."""
    anatomy = _anatomy_of(text)
    return Prefix(_cut(text, anatomy.labels), _when(text, anatomy), anatomy.end)


def _when(text: str, anatomy: "_Anatomy") -> Stamp | None:
    return _docker_stamp(text) or (_stamp(_cut(text, anatomy.time)) if anatomy.time else None)


# A named piece of text: its name, and where it begins and ends.
_Part = tuple[str, int, int]


class _Anatomy(NamedTuple):
    """Where texts of one shape say who wrote them and when, in characters, and where their prefix ends."""

    labels: Sequence[_Part]
    time: Sequence[_Part]
    end: int


def _anatomy_of(text: str) -> _Anatomy:
    return _anatomy(shape_of(text[:MAX_PREFIX].encode("utf-8", "surrogatepass")))


# Lines of one program differ in digits only, and no pattern here tells one digit from another. Where a prefix is not
# known yet, to take it apart costs ten times as much. Half a megabyte, as lines are.
@lru_cache(maxsize=1024)
def _anatomy(shape: bytes) -> _Anatomy:
    text = shape.decode("utf-8", "surrogatepass")
    labels: dict[str, _Part] = {}
    time: list[_Part] = []
    at = 0
    for found in _pieces(text):
        its = _note(found, labels)
        time = time or its
        at = found.end()
    at = _skip_blanks(text, at)
    for found in _anywhere(text, at):
        its = _note(found, labels)
        time = time or its
    return _Anatomy(list(labels.values()), time, at)


def _note(found: re.Match[str], labels: dict[str, _Part]) -> list[_Part]:
    """Keeps what a piece says unless an outer one has said it; returns what belongs to a time with a date."""
    parts = [(name, *found.span(name)) for name, said in found.groupdict().items() if said]
    time = [part for part in parts if part[0] in _TIME_PARTS]
    for part in parts:
        if part[0] not in _TIME_PARTS:
            labels.setdefault(part[0], part)
    return time if any(name in _DATES for name, _, _ in time) else []


def _cut(text: str, parts: Sequence[_Part]) -> dict[str, str]:
    return {name: text[start:end] for name, start, end in parts}


def _pieces(text: str) -> Iterator[re.Match[str]]:
    at = 0
    for number in range(_MAX_PIECES):
        at = _skip_blanks(text, at)
        found = _piece(text, at, is_first=number == 0)
        if found is None:
            return
        yield found
        at = found.end()


def _anywhere(text: str, at: int) -> Iterator[re.Match[str]]:
    return filter(None, (pattern.search(text, at) for mark, pattern in _ANYWHERE if mark in text))


def _skip_blanks(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at


def _piece(text: str, at: int, *, is_first: bool) -> re.Match[str] | None:
    if is_first and (found := _ONLY_FIRST.match(text, at)) is not None:
        return found
    return _BY_FIRST.get(text[at : at + 1], _WORDS).match(text, at)


def _docker_stamp(text: str) -> Stamp | None:
    """Docker's json-file driver puts the time behind the message."""
    found = _DOCKER_TIME.search(text, max(0, len(text) - 64)) if text.startswith('{"log":') else None
    return found and _stamp({name: said for name, said in found.groupdict().items() if said})


def _stamp(said: Mapping[str, str]) -> Stamp:
    if "epoch" in said:
        return _since_epoch(said["epoch"])
    if "md" in said:  # glog does not pad the month
        year, month, day = None, int(said["md"][:-2]), int(said["md"][-2:])
    else:
        year = int(said["Y"]) if "Y" in said else None
        month = _MONTHS.index(said["mon"]) + 1 if "mon" in said else int(said["M"])
        day = int(said["D"])
    time = int(said["h"]), int(said["m"]), int(said.get("s", "0")), _microsecond(said.get("f", ""))
    return Stamp(year, month, day, *time, _zone(said.get("z", "")))


def _since_epoch(written: str) -> Stamp:
    """Seconds with a fraction, or milliseconds."""
    at = datetime.fromtimestamp(int(written[:10]), UTC)
    fraction = _microsecond(written[10:].lstrip("."))
    return Stamp(at.year, at.month, at.day, at.hour, at.minute, at.second, fraction, UTC)


def _microsecond(fraction: str) -> int:
    return int(f"{fraction[:6]:0<6}")


def _zone(written: str) -> tzinfo | None:
    if not written:
        return None
    if written[0] not in "+-":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if written[0] == "-" else offset) if hours < 24 and minutes < 60 else None


def _plausible(at: int | None, reference: float) -> int | None:
    return at if at is not None and _EARLIEST_S <= at <= reference + _AHEAD_S else None


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_TIME_PARTS = frozenset({"Y", "M", "D", "mon", "md", "h", "m", "s", "f", "z", "epoch"})
# One of them says the day.
_DATES = frozenset({"D", "md", "epoch"})

_MONTH = rf"(?P<mon>{'|'.join(_MONTHS)})"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_CLOCK = r"(?P<h>\d\d):(?P<m>\d\d):(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?"
_ISO = (
    r"(?P<Y>\d{4})[-/.](?P<M>\d\d)[-/.](?P<D>\d\d)[T _]"
    r"(?P<h>\d\d):(?P<m>\d\d)(?::(?P<s>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r"(?: ?(?P<z>Z|UTC|GMT|[+-]\d\d:?\d\d)(?!\w))?"
)
# glog, absl, klog, c10d and PyTorch's Python logger. Only that last one writes a process id; the others'
# number is a thread's.
_GLOG = (
    rf"[DIWEF](?P<md>\d{{3,4}}) {_CLOCK}\s{{1,8}}"
    r"(?:(?P<pid>\d{1,9})\s{1,4}(?=[\w./-]{1,200}\.py:)|\d{1,18}\s{1,4})?[\w./<>+-]{1,200}:\d{1,6}\]"
)
_LEVEL = r"(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL|TRACE)"
_PROGRAM = r"[\w./()-]{1,48}(?:\[(?P<pid>\d{1,9})\])?: "
_HOST = r"(?P<host>[A-Za-z0-9][\w.-]{0,63})"


class _FirstOf:
    """Patterns of which the first that fits counts. To try them as one takes a third of the time."""

    def __init__(self, *patterns: str) -> None:
        # Without their own groups, so that the group which took part tells which of them fits.
        nameless = (re.sub(r"\(\?P<\w+>", "(?:", pattern) for pattern in patterns)
        self._any = re.compile("|".join(f"(?:{pattern})()" for pattern in nameless), re.ASCII)
        self.patterns = patterns
        self._compiled: dict[int, re.Pattern[str]] = {}

    def match(self, text: str, at: int) -> re.Match[str] | None:
        found = self._any.match(text, at)
        if found is None or found.lastindex is None:
            return None
        if found.lastindex not in self._compiled:
            self._compiled[found.lastindex] = re.compile(self.patterns[found.lastindex - 1], re.ASCII)
        return self._compiled[found.lastindex].match(text, at)


# `srun -l` and `mpiexec -l` number lines by rank; further right, a bare number says nothing.
_ONLY_FIRST = _FirstOf(
    r"(?P<rank>\d{1,6}): (?=\S)",
    r"\[(?P<rank>\d{1,6})\]:? (?=\S)",
)
_BRACKETED = _FirstOf(
    r"\[rank(?P<rank>\d{1,6})\]:?",
    # torchrun's --tee: the role and the local rank.
    r"\[(?:default|trainer|worker)(?P<local_rank>\d{1,4})\]:",
    r"\[(?:PG [^\]\n]{0,160} )?(?:Rank|RANK) (?P<rank>\d{1,6})\]:?",
    # Open MPI's --tag-output: job and rank.
    r"\[\d{1,9},(?P<rank>\d{1,6})\]<std(?:out|err|diag)>:",
    rf"\[(?:[\w ]{{1,16}} )?{_ISO}[^\]\n]{{0,80}}\]",
    rf"\[{_GLOG}",
    # dmesg -T, and the kernel's own seconds since boot with the task or CPU that printed.
    rf"\[{_WEEKDAY} {_MONTH}\s{{1,2}}(?P<D>\d{{1,2}}) {_CLOCK} (?P<Y>\d{{4}})\]",
    # NVIDIA's fabric manager.
    rf"\[{_MONTH}\s{{1,2}}(?P<D>\d{{1,2}}) (?P<Y>\d{{4}}) {_CLOCK}\]",
    r"\[\s{0,8}\d{1,9}\.\d{3,9}\]",
    r"\[\s{0,8}[TC]\d{1,9}\]",
    r"\[\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]",
    # kubectl logs --prefix
    r"\[pod/(?P<pod>[a-z0-9.-]{1,253})/(?P<container>[a-z0-9.-]{1,63})\]",
    # UCX: host:pid:n:tid
    rf"\[{_HOST}:(?P<pid>\d{{1,9}})\s{{0,4}}:\d{{1,4}}:\d{{1,9}}\]",
    rf"\[\s{{0,4}}{_LEVEL}\s{{0,4}}\]:?",
    # A place in the source, with glog's level in old c10d lines.
    r"\[(?:[DIWEF] )?[\w./<>-]{1,120}(?::[\w./<>-]{1,80}){1,3}\]",
    r"\[[A-Za-z_][\w.-]{0,60}\]",
)
_NUMBERS = _FirstOf(
    # journalctl -o short-iso, and syslog with RFC 3339 times.
    rf"{_ISO}(?: {_HOST} (?:kernel: |[\w./-]{{1,48}}\[(?P<pid>\d{{1,9}})\]: )|(?=[\s:|,\[]|$))",
    rf"{_HOST}:(?P<pid>\d{{1,9}}):\d{{1,9}} \[(?P<gpu>\d{{1,3}})\]",
    r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?=[\s|\[])",
)
_WORDS = _FirstOf(
    _GLOG,
    rf"{_MONTH}\s{{1,2}}(?P<D>\d{{1,2}}) (?:(?P<Y>\d{{4}}) )?{_CLOCK}(?: {_HOST} {_PROGRAM})?",
    rf"{_WEEKDAY} {_MONTH}\s{{1,2}}(?P<D>\d{{1,2}}) {_CLOCK} (?:[A-Z]{{3,4}} )?(?P<Y>\d{{4}})",
    # vLLM writes month and day.
    rf"{_LEVEL}\s{{1,4}}(?P<M>\d\d)-(?P<D>\d\d) {_CLOCK}",
    rf"{_LEVEL}(?=[\s:|\]-])",
    # NCCL: host:pid:tid [device]
    rf"{_HOST}:(?P<pid>\d{{1,9}}):\d{{1,9}} \[(?P<gpu>\d{{1,3}})\]",
    r"[Rr]ank ?(?P<rank>\d{1,6}): ",
    # The stream and completeness mark of CRI, the way of `dmesg -x`, glog's level alone.
    r"std(?:out|err) [FP] ",
    r"(?:kern|user|daemon|syslog)\s{0,6}:[a-z]{3,7}\s{0,6}: ",
    r"[DIWEF](?= [\w./-]{1,200}:\d{1,6}\])",
    # loguru's module:function:line, and the place that follows a bare level of glog.
    r"[\w.]{1,120}:[\w<>]{1,80}:\d{1,6}(?= - )",
    r"[\w./-]{1,200}:\d{1,6}\]",
)
_BY_FIRST: Mapping[str, _FirstOf] = {
    "[": _BRACKETED,
    **dict.fromkeys("0123456789", _NUMBERS),
    # vLLM, Ray: (Name pid=1), (Name rank=1 pid=2), (name pid=1, ip=10.0.0.1)
    "(": _FirstOf(
        r"\((?:(?P<process>[\w.:<>@/-]{1,80}) )?(?:rank=(?P<rank>\d{1,6}) )?pid=(?P<pid>\d{1,9})"
        r"(?:, ip=(?P<host>[\w.:-]{1,64}))?(?:, [^)\n]{0,80})?\)"
    ),
    "{": _FirstOf(
        r'\{"(?:ts|time|timestamp|created|@timestamp)": ?"?(?P<epoch>\d{10}(?:\d{3}|\.\d{1,9})?)(?=[,"}])',
        rf'\{{"(?:ts|time|timestamp|asctime|@timestamp)": ?"{_ISO}"',
        r'\{"(?:log|message|msg)": ?"',
    ),
    ":": _FirstOf(
        r':::MLLOG \{"namespace": "[^"\n]{0,40}", "time_ms": (?P<epoch>\d{13})',
        r":(?=\s)",
    ),
    "-": _FirstOf(r"-(?=\s)"),
    "|": _FirstOf(r"\|"),
}
# Unmistakable wherever they stand: a progress bar that was not ended by a new line is glued in front. Each is only
# looked for where the text has what they cannot do without.
_ANYWHERE = (
    ("ank", re.compile(r"(?:\[rank|\bRank )(?P<rank>\d{1,6})\]", re.ASCII)),
    ("[", re.compile(rf"\[{_GLOG}", re.ASCII)),
)
_TEN_DIGITS = b"0000000000"
_EPOCH = re.compile(rb'": ?"?' + _TEN_DIGITS)
_DOCKER_TIME = re.compile(rf'"time": ?"{_ISO}"\}}\s*$', re.ASCII)
