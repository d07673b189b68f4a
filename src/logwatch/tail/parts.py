"""Large files in parts: each can be read without the others, by another process, and with the same result.

A record belongs to the part in which it begins. Its line is counted when somebody asks for it: counting all
lines would take a quarter of the time of looking for all known errors.
"""

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import FileIO

from logwatch.scan.records import complete_length, first_end, line_feeds
from logwatch.tail.oneshot import CHUNK, STDIN, Chunk, Framer, Reading, Target, is_plain

# Bytes. Small enough that a process ahead of its turn can hold what it found until it is heard, even where
# every tenth line is an error; beginning a part takes as long as scanning a hundredth of it.
PART = 2 << 20
# A smaller file is read by one process, and its lines are counted on the way.
LARGE = 16 << 20
# How much of what stands before a part is given along with it, for the times of its first lines.
ABOVE = 8192
_UNCOUNTED = -1
# Most lines end within so many bytes.
_LOOK = 4096


@dataclass(frozen=True, slots=True)
class Part:
    """What one process reads at a time: of `target` the records that begin from `begin` to before `end`.

    `end` None is the end of the file. `lines` is there for large files only.
    """

    target: Target
    begin: int = 0
    end: int | None = None
    lines: "Lines | None" = None

    def reading(self) -> Reading:
        if self.lines is None:
            return Reading(self.target.path)
        return PartReading(self.target.path, part=self, framer=Framer(lines_before=self.lines.before))


def parts_of(files: Sequence[Target]) -> Iterator[Part]:
    """All files in order; a large plain one as several parts in order."""
    for target in files:
        size = _size_to_divide(target.path)
        if size < LARGE:
            yield Part(target)
            continue
        lines = Lines(target.path, size)
        for begin in range(0, size, PART):
            yield Part(target, begin, begin + PART if begin + PART < size else None, lines)


def _size_to_divide(path: str) -> int:
    """0 for what has to be read from its beginning, or cannot be read: whoever reads it will say so."""
    if path == STDIN:
        return 0
    try:
        size = os.stat(path).st_size
        return size if size >= LARGE and is_plain(path) else 0
    except OSError:
        return 0


class Lines:
    """Counts the lines of a large file before given places of it.

    What a part holds is counted once, by whichever process asks for it first. Made before the processes are
    forked, this object is shared by them.
    """

    def __init__(self, path: str, size: int) -> None:
        self._path = path
        count = size // PART + 1
        self._counts = memoryview(mmap.mmap(-1, 8 * count)).cast("q")
        self._counts[:] = memoryview(_UNCOUNTED.to_bytes(8, "little", signed=True) * count).cast("q")
        self._at = 0
        self._before = 0

    def before(self, offset: int) -> int:
        """How many line feeds there are before `offset`. Asked in rising order, it counts each byte once."""
        if offset < self._at:
            self._at = self._before = 0
        with open(self._path, "rb", buffering=0) as file:
            while self._at < offset:
                begin, end = self._at, min(offset, (self._at // PART + 1) * PART)
                self._before += self._between(file.fileno(), begin, end)
                self._at = end
        return self._before

    def _between(self, fd: int, begin: int, end: int) -> int:
        number = begin // PART
        # A file may grow while it is read.
        if end - begin < PART or number >= len(self._counts):
            return _count(fd, begin, end)
        if self._counts[number] == _UNCOUNTED:
            self._counts[number] = _count(fd, begin, end)
        return self._counts[number]


def _count(fd: int, begin: int, end: int) -> int:
    counted = 0
    while begin < end:
        block = os.pread(fd, min(CHUNK, end - begin), begin)
        if not block:
            break
        counted += line_feeds(block)
        begin += len(block)
    return counted


@dataclass(slots=True)
class PartReading(Reading):
    """One part of a large file, and how reading it went. `above` is what stands before it."""

    part: Part = field(kw_only=True)

    @property
    def size(self) -> int:
        return self.read

    def _content(self, file: FileIO) -> Iterator[Chunk]:
        fd = file.fileno()
        at = _record_start(fd, self.part.begin, self.part.end)
        if at is None:
            return
        self.framer.offset = at
        stop = None if self.part.end is None else _record_start(fd, self.part.end)
        self.above = os.pread(fd, min(ABOVE, at), max(0, at - ABOVE))
        while block := os.pread(fd, CHUNK if stop is None else min(CHUNK, stop - at), at):
            # What is begun is read once more: cheaper than to put it before a block, which copies the block.
            block = block[: complete_length(block) or len(block)]
            at += len(block)
            self.read += len(block)
            yield from self.framer.feed(block)
        yield from self.framer.finish()


def _record_start(fd: int, at: int, before: int | None = None) -> int | None:
    """Where the first record begins at or after `at`, and before `before`; None where there is none.

    Of a record longer than many parts, only the part in which it begins looks for its end.
    """
    if at == 0:
        return 0
    at -= 1
    size = _LOOK
    while (before is None or at < before) and (block := os.pread(fd, size, at)):
        end = first_end(block)
        if end < len(block):
            start = at + end + 1
            return start if before is None or start < before else None
        at += len(block)
        size = min(2 * size, CHUNK)
    return None
