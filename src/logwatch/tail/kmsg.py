"""The kernel's own log, `/dev/kmsg`: one record a read, numbered from the start of the boot.

The kernel keeps as much as its buffer holds; what is read too late is gone, and the numbers tell how much
that was. Format: https://www.kernel.org/doc/Documentation/ABI/testing/dev-kmsg
"""

import errno
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from logwatch.scan.scanner import Scanner
from logwatch.tail.pump import Haul, Remembered
from logwatch.tail.sieve import Record, Sieve

DEVICE = "/dev/kmsg"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# The kernel gives at most 8 KiB at once and refuses a buffer into which a record does not fit.
_BUFFER = 16 * 1024
_IDLE_S = 1.0
_RETRY_S = 5.0
# priority,sequence,microseconds,flags[,more];text, then lines of the form ` KEY=value`.
_RECORD = re.compile(rb"(\d+),(\d+),(\d+),[^;]*;([^\n]*)")
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
# The facility of what the kernel itself says; programs that write here have another.
_KERNEL = 0
# Before the first record: any number may come.
_UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class KernelLog:
    """What to read. `from_end`: begin with what comes, the first time; else with all that is still there."""

    name: str
    host: str
    device: str = DEVICE
    from_end: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A record of the kernel's log; `uptime_us` is in microseconds since boot."""

    facility: int
    number: int
    uptime_us: int
    text: bytes


def message_of(data: bytes) -> Message:
    """The message in what one read gave.

    Raises:
        ValueError: when it is none.
    """
    found = _RECORD.match(data)
    if found is None:
        raise ValueError("no record of the kernel's log")
    text = _ESCAPED.sub(lambda code: bytes([int(code[1], 16)]), found[4])
    return Message(int(found[1]) >> 3, int(found[2]), int(found[3]), text)


@dataclass(slots=True)
class Boot:
    """One boot as a generation. `expected` is the number of the next record; `read` are those that were.

    `size` is how many bytes they had. A record is named by its number, which is the same for every reader.
    """

    key: str
    source: str
    path: str
    number: int
    boot: str = ""
    expected: int = 0
    read: int = 0
    size: int = 0

    @property
    def home(self) -> str:
        return self.path

    def remembered(self) -> Remembered:
        names = ("number", "boot", "expected", "read", "size")
        return Remembered(self.key, self.source, self.path, {name: getattr(self, name) for name in names})

    @classmethod
    def from_remembered(cls, remembered: Remembered) -> "Boot":
        return cls(key=remembered.key, source=remembered.source, path=remembered.path, **remembered.body)

    def lost(self, records: int) -> int:
        """About how many bytes `records` that nobody has read had: as many as those that were read."""
        return records * max(1, self.size // max(1, self.read))


def _key(source: str, device: str, boot: str) -> str:
    return hashlib.sha256(f"{device}\0{source}\0{boot}".encode()).hexdigest()[:24]


def boot_id() -> str:
    """Names the present boot of this machine."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError as error:
        why = f"which boot this is, {_BOOT_ID} does not tell (with systemd: ProcSubset=all)"
        raise OSError(error.errno or errno.ENOENT, why) from error


class KernelFeed:
    """The kernel's log. `uptime` is the clock of its stamps, in seconds; `read` one read of a descriptor."""

    roots: Sequence[str] = ()
    is_over = False

    def __init__(
        self,
        log: KernelLog,
        scanner: Callable[[], Scanner],
        kind: str,
        *,
        this_boot: Callable[[], str] = boot_id,
        uptime: Callable[[], float] = time.monotonic,
        read: Callable[[int, int], bytes] = os.read,
    ) -> None:
        self._log = log
        self._sieve = Sieve(scanner, kind)
        self._this_boot = this_boot
        self._uptime = uptime
        self._read_record = read
        self._fd: int | None = None
        self._boot = Boot("", log.name, log.device, 0)
        self._is_known_source = False
        # The first time, with `from_end`: what is there is only passed over.
        self._is_passing = False
        self._foreign: list[str] = []
        self._has_more = False
        self._open_at = 0.0
        self._problem = ""

    @property
    def readable(self) -> int | None:
        return self._fd

    @property
    def is_caught_up(self) -> bool:
        return not self._has_more

    def restore(self, remembered: Sequence[Remembered], *, known_source: bool) -> None:
        own = [Boot.from_remembered(known) for known in remembered if "expected" in known.body]
        self._foreign = [known.key for known in remembered if "expected" not in known.body]
        self._is_known_source = known_source
        if own:
            *older, self._boot = sorted(own, key=lambda boot: boot.number)
            self._foreign += [boot.key for boot in older]

    def hop(
        self,
        now: float,
        rings: Iterable[str] = (),  # noqa: ARG002 - no file system tells of this device
        most: int = 1 << 20,
        appeared: Mapping[str, int] | None = None,  # noqa: ARG002
    ) -> Haul:
        haul = Haul(self._log.name)
        haul.ended, self._foreign = self._foreign, []
        try:
            if self._fd is None and now >= self._open_at:
                self._fd = self._open(haul)
            if self._fd is not None:
                self._read(self._fd, now, most, haul)
        except OSError as error:
            self._problem = _why(error)
            self._open_at = now + _RETRY_S
            self.close()
        haul.problems = {self._log.device: self._problem} if self._problem else {}
        haul.files["behind" if self._has_more else "current"] = 1
        haul.next_due = now if self._has_more else max(now + _IDLE_S, self._open_at)
        return haul

    def finish(self) -> Haul:
        return Haul(self._log.name)

    def close(self) -> None:
        self._has_more = False
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self, haul: Haul) -> int:
        """A descriptor that stands at the first record there is; begins a generation where the machine did.

        Raises:
            OSError: when the device cannot be read.
        """
        boot = self._this_boot()
        fd = os.open(self._log.device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._problem = ""
        if boot != self._boot.boot:
            self._begin(boot, haul)
            if not self._is_known_source:
                # What was overwritten before anybody wanted to read it is no loss.
                self._boot.expected = _UNKNOWN
                self._is_passing = self._log.from_end
        self._is_known_source = True
        return fd

    def _begin(self, boot: str, haul: Haul) -> None:
        old = self._boot
        if old.boot:
            haul.ended.append(old.key)
            haul.happened["boot"] += 1
        haul.happened["generation"] += 1
        key = _key(self._log.name, self._log.device, boot)
        self._boot = Boot(key, self._log.name, self._log.device, old.number + 1, boot)
        haul.lives.append(self._boot.remembered())

    def _read(self, fd: int, now: float, most: int, haul: Haul) -> None:
        """All records there are, up to about `most` bytes.

        Raises:
            OSError: when the device fails.
        """
        records: list[Record] = []
        before = self._boot.expected
        size = 0
        self._has_more = True
        while size < most:
            try:
                data = self._read_record(fd, _BUFFER)
            except BlockingIOError:
                self._has_more = self._is_passing = False
                break
            except BrokenPipeError:
                # Overwritten before it was read: the number of the next one tells how many were.
                continue
            if not data:
                raise OSError(errno.ENODATA, "has ended")
            size += len(data)
            records.extend(self._records(data, now, haul))
        if records:
            self._sieve.sift(self._boot, records, haul)
        if self._boot.expected != before:
            haul.lives.append(self._boot.remembered())

    def _records(self, data: bytes, now: float, haul: Haul) -> list[Record]:
        """The lines of one record, unless it was read before."""
        try:
            message = message_of(data)
        except ValueError:
            haul.skipped["malformed"] += len(data)
            return []
        boot = self._boot
        if message.number < boot.expected:
            return []
        gap = message.number - boot.expected
        if gap and boot.expected != _UNKNOWN:
            haul.gaps["overrun"] += 1
            haul.skipped["overrun"] += boot.lost(gap)
        boot.expected = message.number + 1
        if self._is_passing:
            haul.skipped["start_at_end"] += len(data)
            return []
        records = [Record(line, message.number, message.number + 1) for line in self._lines(message, now)]
        boot.read += 1
        boot.size += sum(len(record.text) + 1 for record in records)
        return records

    def _lines(self, message: Message, now: float) -> list[bytes]:
        """The message as it would stand in a syslog file: every line with time and host."""
        at = now - self._uptime() + message.uptime_us / 1e6
        stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        tag = "kernel: " if message.facility == _KERNEL else ""
        prefix = f"{stamp} {self._log.host} {tag}".encode()
        return [prefix + line for line in message.text.split(b"\n") if line.strip()]


def _why(error: OSError) -> str:
    if "boot_id" not in str(error) and error.errno in {errno.EPERM, errno.EACCES}:
        return "may not be read: give the daemon CAP_SYSLOG (with systemd: ProtectKernelLogs=no)"
    return error.strerror or str(error)
