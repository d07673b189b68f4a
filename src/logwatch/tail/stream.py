"""Standard input and FIFOs: bytes that come once and cannot be asked for again.

There is no position to go back to. What was read and not committed when the process is killed is gone, as is
what a FIFO holds when its last reader and writer have left it. All else is as with files: records are whole
lines, events are named by where they stand in what this process has read.
"""

import contextlib
import errno
import fcntl
import os
import select
import stat as modes
import struct
import termios
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from logwatch.scan.scanner import Scanner
from logwatch.tail.evidence import TAIL
from logwatch.tail.framing import MAX_RECORD
from logwatch.tail.life import NOWHERE, Finding, Life, life_key
from logwatch.tail.pump import Pump
from logwatch.tail.reading import Turn
from logwatch.tail.verdict import FileId

_STDIN = 0
# What a pipe of Linux holds.
_AT_ONCE = 64 * 1024
# How long an unfinished line waits for its end before what stands in it is published.
_HOLD_S = 1.0
# The descriptor tells when there is more; this is for a FIFO that is made anew, or is not there yet.
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class Stream:
    """What to read: the FIFO at `path`, or standard input where `path` is empty."""

    name: str
    path: str = ""
    max_record: int = MAX_RECORD


class StreamFeed(Pump):
    """A stream, read and scanned."""

    def __init__(self, source: Stream, scanner: Callable[[], Scanner], kind: str) -> None:
        self._reader = StreamReader(source)
        super().__init__(self._reader, scanner, kind)

    @property
    def is_over(self) -> bool:  # type: ignore[override]
        return self._reader.is_over


class StreamReader:
    """Reads a stream as a `Follower` reads files. Each run of the daemon makes a generation of its own."""

    roots: Sequence[str] = ()

    def __init__(self, source: Stream) -> None:
        self.source = source
        self.problems: dict[str, str] = {}
        # Standard input has ended.
        self.is_over = False
        self._place = source.path or "stdin"
        self._fd: int | None = None
        self._life: Life | None = None
        self._number = 0
        # Keys of generations of earlier runs, which cannot be continued.
        self._bygone: list[str] = []
        # The last bytes that are accounted for, for context; then those of a record without an end.
        self._before = b""
        self._rest = b""
        self._has_more = False
        self._are_writers_gone = False
        self._look_at = 0.0

    @property
    def readable(self) -> int | None:
        return None if self.is_over else self._fd

    @property
    def is_caught_up(self) -> bool:
        """Standard input has been read when whoever writes has closed it; a FIFO when it is empty."""
        return not self._has_more and (bool(self.source.path) or self.is_over)

    def lives(self) -> list[Life]:
        return [self._life] if self._life else []

    def changed(self) -> list[Life]:
        changed = [life for life in self.lives() if life.dirty]
        for life in changed:
            life.dirty = False
        return changed

    def doubts(self, life: Life, now: float) -> bool:  # noqa: ARG002
        """Nobody writes into a stream what was read of it."""
        return False

    def restore(self, lives: Iterable[Life], *, known_source: bool) -> None:  # noqa: ARG002
        """Nothing of them can be read again; they are remembered so that none is called the same."""
        for life in lives:
            self._number = max(self._number, life.number)
            self._bygone.append(life.key)

    def next_due(self, now: float) -> float:
        if self._has_more:
            return now
        if self.is_over:
            return float("inf")
        held_until = [life.changed_at + _HOLD_S for life in self.lives() if life.held]
        return max(now, min([self._look_at, *held_until]))

    def turn(
        self,
        now: float,
        rings: Iterable[str] = (),  # noqa: ARG002 - no file system tells of a stream
        most: int = 1 << 20,
        appeared: Mapping[str, int] | None = None,  # noqa: ARG002
        *,
        is_innocent: Callable[[bytes], bool],  # noqa: ARG002 - all of it is scanned as it comes
    ) -> Turn:
        """Reads at most about `most` bytes of what is there."""
        turn = Turn()
        turn.ended, self._bygone = self._bygone, []
        if now >= self._look_at and not self.is_over:
            self._look(turn)
            self._look_at = now + _LOOK_S
        if self._fd is not None and self._life is not None and not self.is_over:
            if self._are_writers_gone:
                self._end_of_writers(self._life, turn)
            else:
                self._read(self._fd, self._life, now, most, turn)
            if self._life.held and now - self._life.changed_at >= _HOLD_S:
                turn.release(self._life)
        return turn

    def release_all(self) -> list[tuple[Life, Finding]]:
        """What stands in a line that nobody has ended, for the end of all reading."""
        turn = Turn()
        for life in self.lives():
            turn.release(life)
        return turn.released

    def close(self) -> None:
        if self._fd is not None and self.source.path:
            os.close(self._fd)
        self._fd = None

    # -- opening

    def _look(self, turn: Turn) -> None:
        """Opens the stream; another FIFO that has taken the place of ours, as soon as ours is empty."""
        if self._fd is not None and (self._has_more or self._is_in_place()):
            return
        try:
            fresh = self._opened()
        except OSError as error:
            is_missing = isinstance(error, FileNotFoundError)
            why = "is not there: make it with mkfifo" if is_missing else error.strerror or str(error)
            self.problems = {self._place: why}
            return
        self.problems = {}
        if self._life is not None:
            turn.close(self._life, "unfinished")
            turn.ended.append(self._life.key)
        self.close()
        self._fd, self._life = fresh, self._begun(fresh)
        self._before, self._rest = b"", b""
        turn.happened["generation"] += 1

    def _is_in_place(self) -> bool:
        """Whether the path still names what is open; where it names nothing, there is nothing better."""
        if not self.source.path or self._life is None:
            return True
        try:
            stat = os.stat(self.source.path)
        except OSError:
            return True
        return (stat.st_dev, stat.st_ino) == (self._life.file.dev, self._life.file.ino)

    def _opened(self) -> int:
        """A descriptor; opening a FIFO does not wait for a writer.

        Raises:
            OSError: when there is no FIFO, or it cannot be opened.
        """
        if not self.source.path:
            return _STDIN
        fd = os.open(self.source.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not modes.S_ISFIFO(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "is not a FIFO: read it as a file, or make one with mkfifo")
        return fd

    def _begun(self, fd: int) -> Life:
        stat = os.fstat(fd)
        file = FileId(stat.st_dev, stat.st_ino)
        self._number += 1
        key = life_key(f"{self.source.name}\0{self._place}", self._number, file)
        return Life(key, self.source.name, self._place, self._number, file, home=self._place)

    # -- reading

    def _read(self, fd: int, life: Life, now: float, most: int, turn: Turn) -> None:
        read = 0
        self._has_more = True
        while read < most:
            data = _available(fd)
            if data is None:
                self._has_more = False
                return
            if not data:
                # What was read in this turn has yet to be scanned: the next one ends it.
                self._are_writers_gone = True
                return
            read += len(data)
            self._take(fd, life, data, now, turn)

    def _take(self, fd: int, life: Life, data: bytes, now: float, turn: Turn) -> None:
        life.changed_at = now
        whole, offset = self._rest + data, life.offset
        life.size = offset + len(whole) + _waiting(fd)
        turn.take(life, self._before, whole, self.source.max_record, now)
        consumed = life.offset - offset
        self._before = (self._before + whole[:consumed])[-TAIL:]
        self._rest = whole[consumed:]

    def _end_of_writers(self, life: Life, turn: Turn) -> None:
        """What the last writer has not ended will not be ended: the next one begins a line of its own.

        A FIFO that had a writer and has none is always "ready", with nothing to read; one just opened is not.
        """
        turn.close(life, "unfinished")
        life.overlong, self._before, self._rest = NOWHERE, b"", b""
        self._are_writers_gone = self._has_more = False
        if not self.source.path:
            self.is_over = True
            return
        with contextlib.suppress(OSError):
            fresh = self._opened()
            self.close()
            self._fd = fresh


def _available(fd: int) -> bytes | None:
    """What can be read without waiting: None when there is nothing yet, empty when all writers have left.

    Whoever shares our standard input would be surprised if it did not block any more: so it is asked first.
    """
    asked = select.poll()
    asked.register(fd, select.POLLIN)
    return os.read(fd, _AT_ONCE) if asked.poll(0) else None


def _waiting(fd: int) -> int:
    """How many bytes can be read now; 0 where the kernel does not say."""
    try:
        (size,) = struct.unpack("i", fcntl.ioctl(fd, termios.FIONREAD, b"\0" * 4))
    except OSError:
        return 0
    return int(size)
