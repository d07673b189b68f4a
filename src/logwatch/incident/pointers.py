"""What a line says of who is involved: whom it speaks of, whom it points to, and how far back.

The names of captures are the catalogue's: `rank`, `pid` and names that end in it, `device`, `node`, `peer`,
`previous_xid`, `ran_ms`, `timeout_ms` and their kin. Where an entry does not capture a pointer, the phrases
that are known to carry one are looked for in the text. All of it is log text, so each is cut to a plain form
(digits, an address, a name) or left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from logwatch.incident.event import Event

# A line that claims to have waited longer than this is not believed: no collective's timeout is near it.
MAX_LOOK_BACK_S = 86_400.0
# Names that one line may add; a barrier's message can list thousands of ranks.
MAX_NAMES = 64

_NOBODY: frozenset[str] = frozenset()
# Pids of somebody who is not the process in trouble.
_BYSTANDERS = frozenset({"other_pid", "second_pid", "waiter_pid", "owner_pid"})
_DIGITS = re.compile(r"\d{1,10}", re.ASCII)
_NUMBERS = re.compile(r"[\d, ]{1,256}", re.ASCII)
_PCI = re.compile(
    r"(?<![0-9A-Fa-f.])(?:[0-9A-Fa-f]{0,4}(?P<domain>[0-9A-Fa-f]{4}):)?(?P<bus>[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2})"
    r"(?![0-9A-Fa-f:])"
)
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,252}", re.ASCII)
_IPV6 = re.compile(r"[0-9A-Fa-f:]{2,45}")
_XID_OF_ENTRY = re.compile(r"nvidia/xid-(\d{1,3})(?:-|$)")
# NVIDIA's driver (kernel_rc.c).
_PREVIOUS_XID = re.compile(r"caused by previous Xid (\d{1,3})")
# PyTorch: ProcessGroupNCCL.cpp, ProcessGroup.cpp of gloo, and the report of the desync debugger.
_CULPRITS = (
    re.compile(r"(?:collective|global) timeout[^\n]{0,40}? from\s{1,4}rank (\d{1,7})"),
    re.compile(r"Ranks? (\d{1,7}(?:, \d{1,7}){0,4000}) failed to pass monitoredBarrier"),
    re.compile(r"Rank (\d{1,7}) timed out in monitoredBarrier"),
    re.compile(r"\[(\d[\d, ]{0,2000})\] are the lagging ranks"),
)
_FROM_HERE = "from this local rank"
_RAN = re.compile(r"ran for (\d{1,15}) milliseconds")
_TIMEOUT = re.compile(r"Timeout\(ms\)=(\d{1,15})")
_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?(ms|s)?")
_CLOCK = re.compile(r"(\d{1,4}):(\d\d):(\d\d)")
# How long something had been waited for, the surest first; the factor makes seconds of it.
_WAITS = {"ran_ms": 1e-3, "stuck_s": 1.0, "timeout_ms": 1e-3, "timeout_s": 1.0, "seconds": 1.0}
_TELLS_A_WAIT = frozenset({*_WAITS, "timeout"})


@dataclass(frozen=True, slots=True)
class Pointers:
    """Who is involved in one line.

    `ranks`, `pids`, `devices` (PCI addresses) and `nodes` are those it speaks of; of the pids, `named_pids`
    stand in the message, others only in front of it. `culprits` (ranks), `peers` (hosts or addresses) and
    `previous_xids` are those it blames. `look_back_s` is for how long it had waited.
    """

    ranks: frozenset[str] = _NOBODY
    pids: frozenset[str] = _NOBODY
    named_pids: frozenset[str] = _NOBODY
    devices: frozenset[str] = _NOBODY
    nodes: frozenset[str] = _NOBODY
    culprits: frozenset[str] = _NOBODY
    peers: frozenset[str] = _NOBODY
    previous_xids: frozenset[str] = _NOBODY
    look_back_s: float = 0.0


NAMES = tuple(f.name for f in fields(Pointers) if f.name != "look_back_s")


@dataclass(slots=True)
class Involved:
    """All that is known of who is involved in many lines. Of each kind only the first `most` are kept."""

    ranks: set[str] = field(default_factory=set)
    pids: set[str] = field(default_factory=set)
    named_pids: set[str] = field(default_factory=set)
    devices: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)
    culprits: set[str] = field(default_factory=set)
    peers: set[str] = field(default_factory=set)
    previous_xids: set[str] = field(default_factory=set)
    look_back_s: float = 0.0

    def learn(self, said: Pointers, most: int) -> bool:
        """Whether there was anything new in `said`."""
        is_new = False
        for name in NAMES:
            known: set[str] = getattr(self, name)
            told: frozenset[str] = getattr(said, name)
            if told and not told <= known and len(known) < most:
                known |= told
                is_new = True
        if said.look_back_s > self.look_back_s:
            self.look_back_s = said.look_back_s
            is_new = True
        return is_new

    def to_dict(self) -> dict[str, Any]:
        return {"look_back_s": self.look_back_s, **{name: sorted(getattr(self, name)) for name in NAMES}}

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Involved":
        names: Mapping[str, Any] = {name: set(body[name]) for name in NAMES}
        return cls(**names, look_back_s=body["look_back_s"])


def read(event: Event) -> Pointers:
    """Whom the line of `event` speaks of and points to."""
    captures, line = event.captures, event.line
    culprits = frozenset(_culprits(line))
    ranks = _ranks(event, culprits)
    named_pids = frozenset(_named_pids(captures))
    return Pointers(
        ranks=ranks,
        pids=named_pids or frozenset(_own_pid(event)),
        named_pids=named_pids,
        devices=frozenset(_devices(captures)),
        nodes=frozenset(_nodes(event)),
        culprits=culprits or (ranks if _FROM_HERE in line else _NOBODY),
        peers=frozenset(_peers(captures)),
        previous_xids=frozenset(_previous_xids(captures, line)),
        look_back_s=_look_back_s(captures, line),
    )


def job_of(event: Event) -> str:
    """The job that `event` belongs to; empty where nothing names one: then it belongs to its machine.

    Sources and paths name a job by its label. In the logs of Slurm's daemons the line itself has the number
    of the job, and in those of Kubernetes a pod is what comes nearest to one.
    """
    if job := event.labels.get("job"):
        return job
    if event.domain == "slurm":
        for name in ("job", "step"):
            number = _DIGITS.match(event.captures.get(name, ""))
            if number:
                return number[0]
    return event.labels.get("pod", "")


def xid_of(error_id: str) -> str:
    """The number of the Xid that an entry speaks of; empty where it speaks of none."""
    found = _XID_OF_ENTRY.match(error_id)
    return found[1] if found else ""


def short_host(name: str) -> str:
    """A machine's name without its domain: logs use both. Addresses stay as they are."""
    name = name.lower()
    return name if name.replace(".", "").isdigit() else name.split(".", 1)[0]


def _ranks(event: Event, culprits: frozenset[str]) -> frozenset[str]:
    """The ranks spoken of. In a line that blames ranks, a captured `rank` is the one it blames."""
    own = event.labels.get("rank") or event.captures.get("self")
    if own is None and not culprits:
        own = event.captures.get("rank")
    return frozenset([_plain(own)]) if own and _DIGITS.fullmatch(own) else _NOBODY


def _named_pids(captures: Mapping[str, str]) -> Iterator[str]:
    for name, value in captures.items():
        if _names_a_pid(name) and _NUMBERS.fullmatch(value):
            yield from _real_pids(_DIGITS.findall(value)[:MAX_NAMES])


def _own_pid(event: Event) -> Iterable[str]:
    """The process that wrote the line. One that names others is a launcher's or a kernel's."""
    return _real_pids(_DIGITS.findall(event.labels.get("pid", ""))[:1])


def _real_pids(pids: Iterable[str]) -> list[str]:
    """The kernel writes pid 0 where there is no process."""
    return [_plain(pid) for pid in pids if _plain(pid) != "0"]


def _names_a_pid(name: str) -> bool:
    return name in ("pid", "process") or (name.endswith("_pid") and name not in _BYSTANDERS)


def _devices(captures: Mapping[str, str]) -> Iterator[str]:
    for name in ("device", "bdf"):
        if name in captures and (found := _PCI.search(captures[name])):
            yield f"{found['domain'] or '0000'}:{found['bus']}".lower()


def _nodes(event: Event) -> Iterator[str]:
    for name in (event.node, event.captures.get("node")):
        if name and _HOST.fullmatch(name):
            yield short_host(name)


def _peers(captures: Mapping[str, str]) -> Iterator[str]:
    """Addresses and hosts; a bare number is a rank, which is blamed by nobody here."""
    if "peer" not in captures:
        return
    name = captures["peer"].strip("[]").split("%", 1)[0]
    if (_HOST.fullmatch(name) or _IPV6.fullmatch(name)) and not name.isdigit():
        yield short_host(name)


def _culprits(line: str) -> Iterator[str]:
    if "rank" not in line and "Rank" not in line:
        return
    for pattern in _CULPRITS:
        if found := pattern.search(line):
            yield from map(_plain, _DIGITS.findall(found[1])[:MAX_NAMES])


def _previous_xids(captures: Mapping[str, str], line: str) -> Iterable[str]:
    if captured := captures.get("previous_xid"):
        return [captured]
    found = _PREVIOUS_XID.search(line)
    return [found[1]] if found else []


def _look_back_s(captures: Mapping[str, str], line: str) -> float:
    waited = _waited_s(captures) or _said_ms(line) * 1e-3
    return waited if waited <= MAX_LOOK_BACK_S else 0.0


def _waited_s(captures: Mapping[str, str]) -> float:
    if _TELLS_A_WAIT.isdisjoint(captures):
        return 0.0
    for name, factor in _WAITS.items():
        found = _DURATION.fullmatch(captures.get(name, ""))
        if found:
            return float(found[1]) * factor
    written = captures.get("timeout", "")
    if found := _CLOCK.fullmatch(written):
        hours, minutes, seconds = map(int, found.groups())
        return 3600.0 * hours + 60 * minutes + seconds
    found = _DURATION.fullmatch(written)
    return float(found[1]) * (1e-3 if found[2] == "ms" else 1.0) if found else 0.0


def _said_ms(line: str) -> float:
    found = (
        (_RAN.search(line) or _TIMEOUT.search(line)) if "illiseconds" in line or "Timeout" in line else None
    )
    return float(found[1]) if found else 0.0


def _plain(number: str) -> str:
    return number.lstrip("0") or "0"
