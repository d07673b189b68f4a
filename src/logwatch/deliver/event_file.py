"""Events as JSON lines in a file, for whatever collects logs at the site.

The file is a projection of the store, which remembers which events are not known to be in it. It holds each
event exactly once however often the daemon is killed: `recover` tells which of the events that the store
would write are there already. Everything here is synchronous and belongs to one worker thread.
"""

import contextlib
import json
import os
import select
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

# After a power cut the store may have forgotten its last transactions; what they wrote lies in here.
RECOVERY_WINDOW = 1 << 20
# No event is nearly so long; a "line" beyond it is something else that must not be read into memory.
MAX_LINE = 1 << 20
# Log text, even with secrets masked, is for the owner's group, as in /var/log.
MODE = 0o640

_BLOCK = 1 << 16
_STDOUT = 1
# How every line of ours begins (render/jsonl.py).
_BEGINNING = b'{"schema":'
_COMPRESSED = frozenset({".gz", ".bz2", ".xz", ".zst", ".lz4"})


class EventFile:
    """The event file at `path`, or standard output for `-`.

    The file may be rotated by renaming or deleting it. With `fsync` an event outlives a power cut once
    `append` has returned. Standard output, pipes and terminals cannot be repaired or read back: after a
    crash they may see an event twice.
    """

    def __init__(self, path: str | Path, *, fsync: bool = True) -> None:
        self._path = None if str(path) == "-" else Path(path)
        self._fsync = fsync
        self._fd: int | None = None

    def recover(self, pending: Collection[str] = ()) -> set[str]:
        """Repairs what a crash may have left, and tells which events are already written.

        `pending` are ids of events that the store does not know to be written. The answer holds those of
        them that are in the file, or in its predecessor if it has just been rotated; and with them every
        other id in the last mebibyte.

        Raises:
            OSError: when the file cannot be opened, read or repaired.
        """
        fd = self._current()
        if self._path is None or not _is_regular(fd):
            return set()
        waiting = frozenset(pending)
        found: set[str] = set()
        looked_at = 0
        for line in _lines_backwards(fd, self._path):
            looked_at += len(line)
            event_id = _event_id(line)
            if event_id is not None:
                found.add(event_id)
            # Pending events were written after all others: the first other one ends the search.
            if looked_at > RECOVERY_WINDOW and event_id not in waiting:
                break
        return found

    def append(self, lines: Sequence[bytes]) -> None:
        """Writes all of `lines`, each ending with a line feed, or none of them.

        Raises:
            OSError: when they could not be written; the file ends where it ended before.
        """
        batch = b"".join(lines)
        if not batch:
            return
        fd = self._current()
        if self._path is None or not _is_regular(fd):
            _write(fd, batch)
            return
        end = os.fstat(fd).st_size
        try:
            _write(fd, batch)
            if self._fsync:
                os.fsync(fd)
        except OSError:
            self._take_back(fd, end)
            raise

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _current(self) -> int:
        """The open file that stands at the path now."""
        if self._path is None:
            return _STDOUT
        if self._fd is not None and not _stands_at(self._path, self._fd):
            self.close()
        if self._fd is None:
            self._fd = _open(self._path)
        return self._fd

    def _take_back(self, fd: int, end: int) -> None:
        try:
            if os.fstat(fd).st_size > end:
                os.ftruncate(fd, end)
        finally:
            # Should even that fail, opening it again repairs its last line.
            self.close()


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    is_stream = path.exists() and not path.is_file()
    # To read from a pipe of ours would hide that its reader is gone; to wait for one would hang the daemon.
    how = os.O_WRONLY | os.O_NONBLOCK if is_stream else os.O_RDWR | os.O_CREAT
    fd = os.open(path, how | os.O_APPEND | os.O_CLOEXEC, MODE)
    try:
        if _is_regular(fd):
            _mend_last_line(fd)
    except BaseException:
        os.close(fd)
        raise
    return fd


def _is_regular(fd: int) -> bool:
    return stat.S_ISREG(os.fstat(fd).st_mode)


def _stands_at(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _write(fd: int, data: bytes) -> None:
    """Writes all of `data`: in one call, unless the kernel takes less at a time."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            room = select.poll()
            room.register(fd, select.POLLOUT)
            room.poll()


def _mend_last_line(fd: int) -> None:
    """Removes an event that was written in part; ends a line that someone else left open."""
    size = os.fstat(fd).st_size
    end = _end_of_last_line(fd, size)
    if end == size:
        return
    # A power cut can leave zeros where data did not reach the disk in time.
    beginning = os.pread(fd, len(_BEGINNING), end).rstrip(b"\0")
    if _BEGINNING.startswith(beginning):
        os.ftruncate(fd, end)
    else:
        _write(fd, b"\n")


def _end_of_last_line(fd: int, size: int) -> int:
    """Where the last complete line ends; 0 if there is none within `MAX_LINE` of the end."""
    at = size
    while at > max(0, size - MAX_LINE):
        start = max(0, at - _BLOCK)
        found = os.pread(fd, at - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


def _complete_lines_backwards(fd: int) -> Iterator[bytes]:
    at = _end_of_last_line(fd, os.fstat(fd).st_size)
    tail = b""
    while at > 0 and len(tail) <= MAX_LINE:
        start = max(0, at - _BLOCK)
        tail, *lines = (os.pread(fd, at - start, start) + tail).split(b"\n")
        yield from filter(None, reversed(lines))
        at = start
    if at == 0 and tail:
        yield tail


def _lines_backwards(fd: int, path: Path) -> Iterator[bytes]:
    """Complete lines, the last first, of the file and then of the one that it replaced."""
    yield from _complete_lines_backwards(fd)
    # What stands beside the file need not be ours: the rotation may be at it, or it may be forbidden.
    with contextlib.suppress(OSError):
        predecessor = _predecessor(path)
        if predecessor is not None:
            with predecessor.open("rb") as file:
                yield from _complete_lines_backwards(file.fileno())


def _predecessor(path: Path) -> Path | None:
    """The file to which `path` was renamed last (`events.jsonl.1`, `events.jsonl-20260131`), if any."""
    rotated = [
        other
        for other in path.parent.iterdir()
        if other.name.startswith((f"{path.name}.", f"{path.name}-"))
        and other.suffix not in _COMPRESSED
        and other.is_file()
    ]
    return max(rotated, key=lambda other: other.stat().st_mtime, default=None)


def _event_id(line: bytes) -> str | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    event_id = event.get("event_id") if isinstance(event, dict) else None
    return event_id if isinstance(event_id, str) else None
