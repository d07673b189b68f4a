"""Open files, the least recently used closed first. Which file an open descriptor means is never in doubt."""

import contextlib
import ctypes
import errno
import itertools
import os
from collections import OrderedDict

from logwatch.tail.life import NOWHERE, Life
from logwatch.tail.verdict import FileId

# Linux knows it.
_NO_TRACE = getattr(os, "O_NOATIME", 0)
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
# statx(2): the mask bit and the offsets of `stx_btime` in the structure, from linux/stat.h.
_AT_EMPTY_PATH = 0x1000
_STATX_BTIME = 0x800
_STATX_SIZE = 256
_BTIME_AT = 0x50


class Descriptors:
    """At most `most` open files. That of a file without a name stays open: there is no other way to it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: OrderedDict[str, Life] = OrderedDict()

    def __len__(self) -> int:
        return len(self._open)

    def open(self, life: Life) -> int:
        """The descriptor of the file of `life`, and of no other that has taken its path since it was closed.

        Raises:
            FileNotFoundError: when it does not lie at its path any more.
            OSError: when it cannot be opened.
        """
        if life.fd != NOWHERE:
            self._open.move_to_end(life.key)
            return life.fd
        fd = self.open_path(life.path)
        if not life.file.is_same_file(file_id(fd, os.fstat(fd))):
            os.close(fd)
            raise FileNotFoundError(errno.ENOENT, "another file has taken its place", life.path)
        # What happened to it meanwhile nobody has seen.
        life.verified = False
        self.adopt(life, fd)
        return fd

    def open_unknown(self, life: Life) -> tuple[int, os.stat_result, FileId]:
        """Opens what lies at the path of `life`, whose file was not open, for the caller to say whether it is it.

        Raises:
            OSError: when it cannot be opened.
        """
        fd = self.open_path(life.path)
        stat = os.fstat(fd)
        self.adopt(life, fd)
        return fd, stat, file_id(fd, stat)

    def open_path(self, path: str) -> int:
        """A new descriptor for `path`; makes room when the process has none left."""
        try:
            return _open(path)
        except OSError as error:
            if error.errno not in {errno.EMFILE, errno.ENFILE} or not self._open:
                raise
            self._shrink(len(self._open) // 2)
            return _open(path)

    def adopt(self, life: Life, fd: int) -> None:
        """`life` owns the open `fd` from now on."""
        life.fd = fd
        self._open[life.key] = life
        self._shrink(self._most)

    def hand_over(self, old: Life, new: Life) -> None:
        """The file goes on under another life."""
        fd, old.fd = old.fd, NOWHERE
        self._open.pop(old.key, None)
        if fd != NOWHERE:
            self.adopt(new, fd)

    def close(self, life: Life) -> None:
        if life.fd != NOWHERE:
            fd, life.fd = life.fd, NOWHERE
            # On a mount that is gone it is closed, and says that something went wrong.
            with contextlib.suppress(OSError):
                os.close(fd)
        self._open.pop(life.key, None)

    def close_all(self) -> None:
        for life in list(self._open.values()):
            self.close(life)

    def _shrink(self, most: int) -> None:
        """Closes what was not used for longest; first what has nothing left to read."""
        for can_close in (_is_read, _has_name):
            excess = len(self._open) - most
            if excess <= 0:
                return
            # The newest stays: it is about to be used.
            older = itertools.islice(self._open.values(), len(self._open) - 1)
            # No further than needed: of a thousand open files the first can nearly always be closed.
            for life in list(itertools.islice(filter(can_close, older), excess)):
                self.close(life)


def _open(path: str) -> int:
    """Reading is to leave no trace: to note it is more than a quarter of what a read of a growing file takes."""
    try:
        return os.open(path, _READ | _NO_TRACE)
    except PermissionError:
        # Only the owner of a file may read it so.
        return os.open(path, _READ)


def _is_read(life: Life) -> bool:
    return _has_name(life) and life.unread == 0


def _has_name(life: Life) -> bool:
    return not life.is_deleted


def name_of(fd: int) -> str | None:
    """The path under which the open file `fd` lies now; None where the system does not tell."""
    try:
        path = os.readlink(f"/proc/self/fd/{fd}")
        here, there = os.fstat(fd), os.lstat(path)
    except OSError:
        return None
    return path if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino) else None


def file_id(fd: int, stat: os.stat_result) -> FileId:
    """Which file `fd` is, with its time of birth where kernel and file system know it."""
    return FileId(stat.st_dev, stat.st_ino, _birth_ns(fd))


def _birth_ns(fd: int) -> int:
    if _statx is None:
        return 0
    buffer = ctypes.create_string_buffer(_STATX_SIZE)
    if _statx(fd, b"", _AT_EMPTY_PATH, _STATX_BTIME, buffer) != 0:
        return 0
    if not int.from_bytes(buffer.raw[:4], "little") & _STATX_BTIME:
        return 0
    seconds = int.from_bytes(buffer.raw[_BTIME_AT : _BTIME_AT + 8], "little", signed=True)
    nanoseconds = int.from_bytes(buffer.raw[_BTIME_AT + 8 : _BTIME_AT + 12], "little")
    return seconds * 1_000_000_000 + nanoseconds


def _find_statx() -> "ctypes._FuncPointer | None":
    """glibc has it since 2.28; musl and other systems may not."""
    function = getattr(ctypes.CDLL(None), "statx", None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_char_p]
    return function


_statx = _find_statx()
