"""One read of one life: bytes become chunks to scan, and every byte is accounted for."""

import errno
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from logwatch.scan.records import line_feeds
from logwatch.tail.evidence import TAIL
from logwatch.tail.framing import Frame, frame, raw_length, to_utf8
from logwatch.tail.life import NOWHERE, Finding, Life
from logwatch.tail.wrapping import Unwrapped, is_as_written, unwrap

# NULs that once stood at the end may be data that a network file system has not delivered yet.
NUL_HOLD_S = 30.0
# Runs of NULs from here on are holes left by a writer that did not open for appending.
HOLE = 4096
# So many NULs somebody may have written: a DataLoader behind its message, anybody who writes UTF-16.
FEW = 16
# How compressed files begin: gzip, zstd, xz, bzip2. Rotation makes them of what was read as text.
_MAGIC = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", b"BZh91AY&SY")
# Stands where the encoding of text would.
COMPRESSED = "compressed"


@dataclass(slots=True)
class Chunk:
    """Bytes to scan. `offset` and `record` are places in the file.

    `data` is UTF-8 and begins at `offset`; all before `settled` is final, matches beyond it are held back.
    `lines` counts the line feeds before `offset`. `record`: the start of the overlong record that `data` is a
    part of, or NOWHERE. `before` are bytes that precede it, for context. `unwrapped`: where the records of
    `data` stand, if it was taken out of a wrapping. `is_undone`: it was another run's, and its life has gone back.
    """

    life: Life
    offset: int
    data: bytes
    settled: int
    lines: int
    record: int = NOWHERE
    before: bytes = b""
    unwrapped: Unwrapped | None = None
    is_undone: bool = False

    def places(self, starts: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Where in the file the records stand that begin at `starts` of `data`, in rising order.

        Their offsets, and their lines from 1.
        """
        if self.unwrapped is not None:
            for offset, lines in map(self.unwrapped.place, starts):
                yield offset, lines + 1
            return
        offset, line, counted = self.offset, self.lines + 1, 0
        for start in starts:
            passed = self.data[counted:start]
            offset += raw_length(passed, self.life.encoding)
            line += line_feeds(passed)
            counted = start
            yield offset if self.record == NOWHERE else self.record, line


@dataclass(slots=True)
class Turn:
    """What one turn gave. Counts are in bytes and belong to the source.

    `read` were taken from files, some of them again; `scanned` and `skipped` add up to what was seen. `grown`: how
    many files were found to have grown of which there is no chunk, as nothing in it is worth a closer look.
    """

    chunks: list[Chunk] = field(default_factory=list)
    released: list[tuple[Life, Finding]] = field(default_factory=list)
    read: int = 0
    grown: int = 0
    scanned: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    ended: list[str] = field(default_factory=list)

    def go_back(self, life: Life) -> None:
        """What was read of `life` since all of its file was compared counts as unread, and is not told of."""
        if life.proven is not None:
            life.go_back()
            for chunk in self.chunks:
                chunk.is_undone |= chunk.life is life and chunk.offset >= life.offset

    def skip(self, life: Life, reason: str, size: int) -> None:
        """`size` bytes of `life` will not be scanned, and why."""
        if size > 0:
            life.skip(reason, size)
            self.skipped[reason] += size

    def release(self, life: Life) -> None:
        """What stands in an unfinished line is published; its end, should it come, is not news."""
        self.released.extend((life, finding) for finding in life.held)
        life.held, life.held_since = [], 0.0

    def close(self, life: Life, reason: str) -> None:
        """Nothing more will be read of `life`: its unfinished line was scanned, what is unread has a `reason`."""
        unfinished = max(0, min(life.held_size, life.size) - life.offset)
        self._count_scanned(life, unfinished)
        life.offset += unfinished
        self.skip(life, reason, life.unread)
        life.offset = max(life.offset, life.size)
        self.release(life)

    def take(self, life: Life, before: bytes, data: bytes, max_record: int, now: float) -> None:
        """`data` stands at the offset of `life`, after `before`."""
        text = to_utf8(data, life.encoding)
        is_wrapped = life.wrapping not in {"", "plain"}
        in_overlong = life.overlong != NOWHERE
        framed = frame(text, in_overlong=in_overlong, max_record=max_record, in_lines=is_wrapped)
        begins = life.offset if life.overlong == NOWHERE else life.overlong
        skipped = raw_length(text[: framed.start], life.encoding)
        consumed = raw_length(text[: framed.consumed], life.encoding)
        life.size = max(life.size, life.offset + len(data))
        life.held.clear()
        # All that is left is the beginning of a record, and was looked at.
        is_at_end = framed.end == len(text) and consumed < len(data) and life.offset + len(data) >= life.size
        life.held_size = life.size if is_at_end else 0
        life.nuls_since = (life.nuls_since or now) if is_at_end and data.endswith(b"\x00") else 0.0
        if is_wrapped and not (in_overlong or framed.overlong):
            self._unwrap(life, text, max_record)
        elif framed.end > framed.start:
            self.chunks.append(
                Chunk(
                    life=life,
                    offset=life.offset + skipped,
                    data=text[framed.start : framed.end],
                    settled=framed.settled - framed.start,
                    lines=life.lines + text.count(b"\n", 0, framed.start),
                    record=begins if in_overlong or framed.overlong else NOWHERE,
                    before=before,
                )
            )
        self._advance(life, framed, before, data[:consumed], text)
        # Of NULs nobody knows whether they stay.
        life.dirty |= life.evidence.look_ahead(data[consumed:].rstrip(b"\x00"))
        if framed.overlong and life.overlong == NOWHERE:
            self.happened["overlong"] += 1
        life.overlong = begins if framed.overlong else NOWHERE
        self.skip(life, "overlong", raw_length(text[: framed.skipped], life.encoding))

    def take_lines(self, life: Life, before: bytes, data: bytes) -> None:
        """`take` where it is simple: plain text in whole lines, between two records."""
        self.scanned += len(data)
        self.note_chunk(life, before, data)
        self.pass_lines(life, before, data)

    def note_chunk(self, life: Life, before: bytes, data: bytes) -> None:
        """`data`, whole lines at the offset of `life`, are to be scanned."""
        self.chunks.append(Chunk(life, life.offset, data, len(data), life.lines, NOWHERE, before[-TAIL:]))

    def pass_lines(self, life: Life, before: bytes, data: bytes) -> None:
        """`life` has been read over `data`, whole lines at its offset that count already; `before` is before them."""
        taken = len(data)
        before = before[-TAIL:]
        life.evidence.extend(data, before + data if taken < TAIL else data[-TAIL:])
        life.offset += taken
        life.size = max(life.size, life.offset)
        life.lines += line_feeds(data)
        life.held_size = 0
        life.dirty = True
        life.scanned += taken

    def _unwrap(self, life: Life, text: bytes, max_record: int) -> None:
        """Records come out of their wrapping; those of which pieces are to come are held back."""
        if is_as_written(text, life.wrapping, life.begun):
            self.chunks.append(Chunk(life, life.offset, text, text.rfind(b"\n") + 1, life.lines))
            return
        unwrapped = unwrap(
            text,
            life.wrapping,
            place=life.offset,
            line=life.lines,
            begun=life.begun,
            max_record=max_record,
        )
        life.begun = unwrapped.begun
        self.happened["overlong"] += unwrapped.cut
        self.chunks.append(
            Chunk(life, life.offset, unwrapped.data, unwrapped.settled, life.lines, unwrapped=unwrapped)
        )

    def skip_to(self, life: Life, offset: int, reason: str) -> None:
        """Passes over everything up to `offset`, of which nothing is scanned."""
        self.skip(life, reason, offset - life.offset)
        life.offset, life.held_size, life.nuls_since = offset, 0, 0.0
        begin = max(0, offset - TAIL)
        life.evidence.skip_to(offset, os.pread(life.fd, offset - begin, begin))

    def step_over_nuls(self, life: Life, data: bytes, now: float) -> bool:
        """NULs at the offset: a hole is skipped, data yet to arrive is waited for. True when that was all.

        At the end of a file they stay unread for as long as nothing follows: a network file system may not
        have delivered what stands there, or a writer has made room for what it is about to write.
        """
        run = len(data) - len(data.lstrip(b"\x00"))
        size = max(life.size, life.offset + len(data))
        data_at = _next_data(life.fd, life.offset, size) if run == len(data) or run >= HOLE else life.offset
        is_last = max(data_at, life.offset + run) >= size
        may_arrive = run >= FEW and data_at == life.offset and now - life.nuls_since < NUL_HOLD_S
        if is_last or may_arrive:
            life.nuls_since = life.nuls_since or now
            life.size = life.held_size = size
            return True
        if run < HOLE:
            return False
        self.skip_to(life, max(data_at, life.offset + run), "hole")
        return True

    def _advance(self, life: Life, framed: Frame, before: bytes, taken: bytes, text: bytes) -> None:
        if not taken:
            return
        life.evidence.extend(taken, (before + taken[-TAIL:])[-TAIL:])
        life.offset += len(taken)
        life.lines += text.count(b"\n", 0, framed.consumed)
        self._count_scanned(life, len(taken) - raw_length(text[: framed.skipped], life.encoding))
        life.dirty = True

    def _count_scanned(self, life: Life, size: int) -> None:
        life.scanned += size
        self.scanned += size


def is_compressed(head: bytes) -> bool:
    """Whether a file that begins with `head` holds no text, but what a compressor made of it."""
    return head.startswith(_MAGIC)


def _next_data(fd: int, offset: int, size: int) -> int:
    """The next place at or after `offset` that is not a hole; `offset` where the file system cannot tell."""
    try:
        return os.lseek(fd, offset, os.SEEK_DATA)
    except OSError as error:
        return size if error.errno == errno.ENXIO else offset
