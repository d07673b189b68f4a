"""Directories in which the kernel says when something comes, moves or goes: they need not be asked all the time.

Not by watchdog (wake.py): it holds back what was moved for half a second, drops what is too much without a word,
and does not say which directories it could not listen to. Here a directory is either listened to, and whatever
changes in it is known at the next `collect`, or it is not, and has to be asked.
"""

import ctypes
import os
import struct
from collections import defaultdict

# inotify(7).
_COMES_OR_GOES = 0x40 | 0x80 | 0x100 | 0x200  # IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE
_IN_ONLYDIR = 0x01000000
_IN_Q_OVERFLOW = 0x4000
_IN_IGNORED = 0x8000
_HEAD = struct.Struct("iIII")
_AT_ONCE = 65536
# File systems of which everything that changes goes through this kernel: no other host writes to them, and no
# program behind them. By statfs(2): ext2 to ext4, XFS, Btrfs, F2FS, ZFS, bcachefs, tmpfs, ramfs.
_LOCAL = frozenset(
    {0xEF53, 0x58465342, 0x9123683E, 0xF2F52010, 0x2FC12FC1, 0xCA451A4E, 0x01021994, 0x858458F6}
)
_STATFS_SIZE = 256
# The user's other programs, and watchdog in this one, want to listen, too.
_SHARE = 4
_LIMIT = "/proc/sys/fs/inotify/max_user_watches"
_LIBC = ctypes.CDLL(None, use_errno=True)
_HAS_INOTIFY = all(hasattr(_LIBC, name) for name in ("inotify_init1", "inotify_add_watch", "statfs"))


class Ears:
    """Not thread-safe. Where the system has no inotify, or none left, nothing is listened to."""

    def __init__(self) -> None:
        self._fd = _LIBC.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK) if _HAS_INOTIFY else -1
        self._most = _most_watches() // _SHARE
        self._watches: dict[str, int] = {}
        # One directory may be reached by several paths, and has one watch.
        self._paths: dict[int, set[str]] = defaultdict(set)
        self._is_local: dict[int, bool] = {}

    @property
    def readable(self) -> int | None:
        """A descriptor that can be read as soon as something was heard."""
        return self._fd if self._fd >= 0 else None

    def __contains__(self, directory: str) -> bool:
        return directory in self._watches

    def listen(self, directory: str, device: int) -> None:
        """Listens to what lies at `directory`, on `device`, from now on, if it can be; before it is listed."""
        watch = self._watch(directory, device)
        if self._watches.get(directory) != watch:
            # Another directory lay there before, or this one cannot be listened to any more.
            self.forget(directory)
        if watch is not None:
            self._watches[directory] = watch
            self._paths[watch].add(directory)

    def forget(self, directory: str) -> None:
        watch = self._watches.pop(directory, None)
        if watch is None:
            return
        self._paths[watch].discard(directory)
        if not self._paths[watch]:
            del self._paths[watch]
            # It may have ended by itself, with its directory.
            _LIBC.inotify_rm_watch(self._fd, watch)

    def collect(self) -> set[str]:
        """Directories in which something changed since the last call; all, if something was not heard."""
        stirred: set[str] = set()
        while data := self._read():
            for watch, mask in _events(data):
                if mask & _IN_Q_OVERFLOW:
                    stirred.update(self._watches)
                paths = self._paths.get(watch, ())
                stirred.update(paths)
                if mask & _IN_IGNORED:
                    self._paths.pop(watch, None)
                    for path in paths:
                        del self._watches[path]
        return stirred

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._watches.clear()
        self._paths.clear()

    def _watch(self, directory: str, device: int) -> int | None:
        """The number of the watch on what lies there, which is the same for the same directory."""
        is_full = len(self._paths) >= self._most and directory not in self._watches
        if self._fd < 0 or is_full or not self._is_told_of(device, directory):
            return None
        watch = _LIBC.inotify_add_watch(self._fd, os.fsencode(directory), _COMES_OR_GOES | _IN_ONLYDIR)
        return int(watch) if watch >= 0 else None

    def _read(self) -> bytes:
        if self._fd < 0:
            return b""
        try:
            return os.read(self._fd, _AT_ONCE)
        except BlockingIOError:
            return b""

    def _is_told_of(self, device: int, directory: str) -> bool:
        if device not in self._is_local:
            self._is_local[device] = _type_of(directory) in _LOCAL
        return self._is_local[device]


def _events(data: bytes) -> list[tuple[int, int]]:
    """Watch and mask of each."""
    events: list[tuple[int, int]] = []
    at = 0
    while at < len(data):
        watch, mask, _, length = _HEAD.unpack_from(data, at)
        events.append((watch, mask))
        at += _HEAD.size + length
    return events


def _type_of(directory: str) -> int:
    """Which file system it lies on, by its magic number; 0 where that cannot be found out."""
    buffer = ctypes.create_string_buffer(_STATFS_SIZE)
    if _LIBC.statfs(os.fsencode(directory), buffer) != 0:
        return 0
    return ctypes.c_ulong.from_buffer(buffer).value & 0xFFFFFFFF


def _most_watches() -> int:
    try:
        with open(_LIMIT, encoding="ascii") as limit:
            return int(limit.read())
    except (OSError, ValueError):
        return 0
