"""One entry of the systemd journal, as `journalctl --output=json` writes it. Pure.

Fields: systemd.journal-fields(7). Those that begin with an underscore are journald's own, and no program can
forge them. In JSON a field is text; a list of numbers where it is no text; a list of these where an entry has
it more than once; null where it is too long (https://systemd.io/JOURNAL_EXPORT_FORMATS/).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# What has to be asked for; the cursor, the times and the boot are always given.
FIELDS = "MESSAGE,SYSLOG_IDENTIFIER,UNIT,_COMM,_HOSTNAME,_PID,_SYSTEMD_UNIT,_TRANSPORT"
_MAX_NAME = 48
_MAX_LABEL = 256
_NOT_IN_A_NAME = re.compile(r"[^\w./-]", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` is in seconds since the epoch, `uptime_us` in microseconds since boot.

    `tag` says who wrote, as syslog would; `labels` are those of unit, pid and host that are known.
    """

    cursor: str
    boot: str
    at: float
    uptime_us: int
    message: bytes
    tag: str
    labels: Mapping[str, str]

    def lines(self) -> Iterator[bytes]:
        """The message as it would stand in a syslog file: every line with time, host and tag."""
        stamp = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        prefix = f"{stamp} {self.labels.get('host', 'localhost')} {self.tag}: ".encode()
        for line in self.message.split(b"\n"):
            if line.strip():
                yield prefix + line


def entry_of(line: bytes) -> Entry:
    """The entry in one line of JSON.

    Raises:
        ValueError: when it is none.
    """
    try:
        said = json.loads(line)
        return Entry(
            cursor=str(said["__CURSOR"]),
            boot=str(said["_BOOT_ID"]),
            at=int(said["__REALTIME_TIMESTAMP"]) / 1e6,
            uptime_us=int(said["__MONOTONIC_TIMESTAMP"]),
            message=_bytes(said.get("MESSAGE")),
            tag=_tag(said),
            labels=_labels(said),
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"no entry of a journal: {error!r}") from error


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "replace")
    if not isinstance(value, list):
        return b""
    if all(isinstance(part, int) for part in value):
        return bytes(part & 0xFF for part in value)
    return b"\n".join(map(_bytes, value))


def _name(value: Any, most: int) -> str:
    """A field as a name: its first line, without blanks and what cannot be printed."""
    first = _bytes(value)[: 4 * most].decode("utf-8", "replace").split("\n", 1)[0]
    return "".join(c for c in first if c.isprintable() and not c.isspace())[:most]


def _tag(said: Mapping[str, Any]) -> str:
    if said.get("_TRANSPORT") == "kernel":
        return "kernel"
    name = _name(said.get("SYSLOG_IDENTIFIER"), _MAX_NAME) or _name(said.get("_COMM"), _MAX_NAME) or "unknown"
    pid = _name(said.get("_PID"), 9)
    return _NOT_IN_A_NAME.sub("_", name) + (f"[{pid}]" if pid.isdecimal() else "")


def _labels(said: Mapping[str, Any]) -> Mapping[str, str]:
    """What PID 1 says about a unit belongs to that unit."""
    pid = _name(said.get("_PID"), 9)
    unit = _name(said.get("UNIT"), _MAX_LABEL) if pid == "1" else ""
    labels = {
        "unit": unit or _name(said.get("_SYSTEMD_UNIT"), _MAX_LABEL),
        "pid": pid,
        "host": _name(said.get("_HOSTNAME"), _MAX_LABEL),
    }
    return {name: value for name, value in labels.items() if value}
