"""Reads a file, an archive or a pipe once, from beginning to end, as chunks of whole records.

Memory does not grow with the size of a file or the length of a line. What is left out, cannot be read or
is not looked at is noted in `Reading`, for whoever has to say so.
"""

import codecs
import glob
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from io import FileIO

from logwatch.errors import Problem
from logwatch.scan.records import complete_length, first_end, line_feeds

# Measured with 400 rules: 256 KiB 940 MB/s, 64 KiB 840, 1 MiB 710. The chunk has to stay in a cache close by.
CHUNK = 256 << 10
# A record may be this long; the longest real ones are configuration dumps of some 100 KiB.
MAX_RECORD = 256 << 10
# What is kept of a longer one: an error's class and its message stand at either end.
KEPT_HEAD = 128 << 10
KEPT_TAIL = 16 << 10
STDIN = "-"

_GZIP = b"\x1f\x8b"
_UNPACKERS = {
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"\xfd7zXZ\x00": "xz -dc",
    b"BZh": "bzip2 -dc",
    b"\x04\x22\x4d\x18": "lz4 -dc",
    b"PK\x03\x04": "unzip -p",
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_MAGIC = (_GZIP, *_UNPACKERS, *_UTF16)
# Of random bytes one in eleven is such a character; of text, even with colours and bells, hardly any.
_NEVER_IN_TEXT = bytes(c for c in range(32) if c not in b"\t\n\v\f\r\b\x07\x1b")
_MOST_IN_TEXT = 0.05
_SAMPLE = 8192
# A damaged archive costs no more than it takes to feed this much byte by byte.
_GZIP_SLICE = 64 << 10


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole records and where they stand: the offset of the first in bytes, its line from 1 when asked for.

    An overlong record is a chunk of its own; its `data` holds the head, how much is left out, and the
    tail. `size_of` says how many bytes of the file a part of `data` takes up there.
    """

    data: bytes
    offset: int
    line_number: Callable[[], int]
    size_of: Callable[[bytes], int] = len

    def places(self, starts: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Byte offset in the file and line number of the records that start at `starts`, in rising order."""
        offset, line_number, counted = self.offset, self.line_number(), 0
        for start in starts:
            passed = self.data[counted:start]
            offset += self.size_of(passed)
            line_number += line_feeds(passed)
            counted = start
            yield offset, line_number


@dataclass(slots=True)
class _Overlong:
    """A record of which the end is not seen yet: what is kept, its length, and its size in the file."""

    head: bytes = b""
    tail: bytes = b""
    length: int = 0
    size: int = 0

    def add(self, data: bytes, size: int) -> None:
        room = KEPT_HEAD - len(self.head)
        self.head += data[:room]
        self.tail = (self.tail + data[room:][-KEPT_TAIL:])[-KEPT_TAIL:]
        self.length += len(data)
        self.size += size

    def text(self) -> bytes:
        left_out = self.length - len(self.head) - len(self.tail)
        return b"%b [%d bytes left out] %b" % (self.head, left_out, self.tail)


@dataclass(slots=True)
class Framer:
    """Blocks of bytes in, chunks of whole records out. Where the blocks are cut makes no difference.

    With `lines_before`, which knows how many lines there are before an offset, no lines are counted here.
    """

    offset: int = 0
    size_of: Callable[[bytes], int] = len
    lines_before: Callable[[int], int] | None = None
    line_number: int = 1
    overlong: int = 0
    _in_line: bool = False
    _pending: bytes = b""
    _long: _Overlong | None = None

    @property
    def lines(self) -> int | None:
        """How many lines have been given out, as an editor counts them; None where they are not counted."""
        return None if self.lines_before else self.line_number - 1 + self._in_line

    def feed(self, block: bytes) -> Iterator[Chunk]:
        """The records that `block` completes."""
        data, self._pending = self._pending + block, b""
        while data:
            if self._long is not None:
                end = first_end(data)
                self._long.add(data[:end], self.size_of(data[:end]))
                if end == len(data):
                    return
                yield self._end_overlong(self._long, data[end : end + 1])
                data = data[end + 1 :]
            elif (overlong := _find_overlong(data)) is not None:
                if overlong:
                    yield self._whole(data[:overlong])
                data = data[overlong:]
                self._long = _Overlong()
            else:
                complete = complete_length(data)
                if complete:
                    yield self._whole(data[:complete])
                self._pending = data[complete:]
                return

    def finish(self) -> Iterator[Chunk]:
        """The last record, which nothing has ended."""
        if self._long is not None:
            yield self._end_overlong(self._long, b"")
        elif self._pending:
            yield self._whole(self._pending)
        else:
            return
        self._pending = b""

    def _whole(self, data: bytes) -> Chunk:
        chunk = Chunk(data, self.offset, self._line_of_next(), self.size_of)
        self._pass(data, self.size_of(data))
        return chunk

    def _end_overlong(self, record: _Overlong, end: bytes) -> Chunk:
        chunk = Chunk(record.text() + end, self.offset, self._line_of_next(), self.size_of)
        self._pass(chunk.data, record.size + self.size_of(end))
        self.overlong += 1
        self._long = None
        return chunk

    def _line_of_next(self) -> Callable[[], int]:
        if self.lines_before is not None:
            lines_before, offset = self.lines_before, self.offset
            return lambda: 1 + lines_before(offset)
        line_number = self.line_number
        return lambda: line_number

    def _pass(self, data: bytes, size: int) -> None:
        self.offset += size
        if self.lines_before is None:
            self.line_number += line_feeds(data)
            self._in_line = not data.endswith(b"\n")


def _find_overlong(data: bytes) -> int | None:
    """Where the first record starts that is already longer than MAX_RECORD."""
    at = 0
    while len(data) - at > MAX_RECORD:
        window = at, at + MAX_RECORD + 1
        end = data.rfind(b"\n", *window)
        end = data.rfind(b"\r", *window) if end < 0 else end
        if end < 0:
            return at
        at = end + 1
    return None


@dataclass(slots=True)
class Reading:
    """One file, or standard input, and how reading it went.

    `read` counts bytes as they lie on disk. `skipped` says why nothing was looked at, `trouble` why not
    everything was. `modified` is in seconds since the epoch, None of a stream: there reading waits for
    whoever writes. `above` is what stands before the first chunk, where that is not the beginning.
    """

    path: str
    read: int = 0
    modified: float | None = None
    skipped: str = ""
    trouble: str = ""
    framer: Framer = field(default_factory=Framer)
    above: bytes = b""

    @property
    def size(self) -> int:
        """How many bytes, unpacked, were given out."""
        return self.framer.offset

    def chunks(self) -> Iterator[Chunk]:
        """Reads to the end; OSErrors end up in `trouble`."""
        try:
            with _open(self.path) as file:
                about = os.fstat(file.fileno())
                self.modified = about.st_mtime if stat.S_ISREG(about.st_mode) else None
                yield from self._content(file)
        except OSError as error:
            self.trouble = f"cannot be read: {error.strerror or error}"

    def _content(self, file: FileIO) -> Iterator[Chunk]:
        return self._framed(self._unpacked(self._blocks(file)))

    def _blocks(self, file: FileIO) -> Iterator[bytes]:
        while block := file.read(CHUNK):
            self.read += len(block)
            yield block

    def _unpacked(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        first = _beginning(blocks)
        blocks = _chained(first, blocks)
        return self._gunzipped(blocks) if first.startswith(_GZIP) else blocks

    def _framed(self, blocks: Iterator[bytes]) -> Iterator[Chunk]:
        first = _beginning(blocks)
        self.skipped = _not_text(first)
        if self.skipped:
            return
        blocks = _chained(first, blocks)
        codec = _UTF16.get(first[:2])
        if codec is not None:
            blocks = _as_utf8(blocks, codec)
            # The mark itself becomes U+FEFF and is taken out before matching.
            self.framer.size_of = _size_in_utf16
        for block in blocks:
            yield from self.framer.feed(block)
        yield from self.framer.finish()

    def _gunzipped(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """The content of all members. Of a damaged or cut one, everything before the damage."""
        member, members, begun = zlib.decompressobj(wbits=31), 0, False
        for piece in _slices(blocks):
            rest = piece
            while rest:
                # Archives may be padded with zeros behind a member.
                rest = rest.lstrip(b"\0") if members and not begun else rest
                begun = begun or bool(rest)
                try:
                    yield from _inflate(member, rest)
                except zlib.error as error:
                    self.trouble = f"the gzip data is damaged: {error}"
                    return
                rest = member.unused_data
                if member.eof:
                    member, members, begun = zlib.decompressobj(wbits=31), members + 1, False
        if begun:
            self.trouble = "the gzip data ends in the middle"


def _open(path: str) -> FileIO:
    file = 0 if path == STDIN else path
    return FileIO(file, "rb", closefd=path != STDIN)


def _beginning(blocks: Iterator[bytes]) -> bytes:
    """The first bytes; of a pipe that gives them one by one, enough to tell what they are."""
    first = next(blocks, b"")
    while first and any(magic.startswith(first) and magic != first for magic in _MAGIC):
        more = next(blocks, b"")
        if not more:
            break
        first += more
    return first


def _chained(first: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from blocks


def is_plain(path: str) -> bool:
    """Whether a file is text that can be read from anywhere in it.

    Raises:
        OSError: it cannot be read.
    """
    with _open(path) as file:
        first = file.read(_SAMPLE)
    return not first.startswith((_GZIP, *_UTF16)) and not _not_text(first)


def _not_text(first: bytes) -> str:
    """Why this is not the beginning of a log; empty where it may be one."""
    for magic, unpacker in _UNPACKERS.items():
        if first.startswith(magic):
            return f"compressed; to look inside: {unpacker} FILE | logwatch scan -"
    # A log that was cut while its writer went on begins with a hole, which reads as zeros.
    sample = first.lstrip(b"\0")[:_SAMPLE]
    # A tar archive is headers between texts. A safetensors file is a length of 8 bytes, JSON, then numbers.
    if first[:2] in _UTF16 or first[257:262] == b"ustar":
        return ""
    strange = len(sample) - len(sample.translate(None, _NEVER_IN_TEXT))
    is_tensors = sample[5:9] == b"\0\0\0{"
    return "not text" if is_tensors or strange > _MOST_IN_TEXT * len(sample) else ""


def _slices(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for at in range(0, len(block), _GZIP_SLICE):
            yield block[at : at + _GZIP_SLICE]


def _inflate(member: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """What `data` adds to `member`, never more than CHUNK at once: a small archive may hold very much.

    Raises:
        zlib.error: at the damage, after everything before it was given.
    """
    before, given, rest = member.copy(), 0, data
    try:
        while True:
            text = member.decompress(rest, CHUNK)
            if text:
                yield text
            given += len(text)
            rest = member.unconsumed_tail
            if not rest and len(text) < CHUNK:
                return
    except zlib.error:
        yield from _before_damage(before, data, given)
        raise


def _before_damage(member: "zlib._Decompress", data: bytes, given: int) -> Iterator[bytes]:
    """What `data` adds up to where it breaks, but for the first `given` bytes.

    A call that fails gives nothing, so the bytes go in one by one.
    """
    for at in range(len(data)):
        try:
            text = member.decompress(data[at : at + 1])
        except zlib.error:
            return
        if text[given:]:
            yield text[given:]
        given = max(0, given - len(text))


def _as_utf8(blocks: Iterator[bytes], codec: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(codec)("replace")
    for block in blocks:
        yield decoder.decode(block).encode()
    yield decoder.decode(b"", final=True).encode()


_CONTINUATION = bytes(range(0x80, 0xC0))
_FOUR_BYTE_LEAD = bytes(range(0xF0, 0xF8))


def _size_in_utf16(data: bytes) -> int:
    """How many bytes UTF-8 `data`, wherever it is cut, takes up in UTF-16."""
    characters = len(data.translate(None, _CONTINUATION))
    pairs = len(data) - len(data.translate(None, _FOUR_BYTE_LEAD))
    return 2 * (characters + pairs)


@dataclass(frozen=True, slots=True)
class Target:
    """A file to read. `named`: somebody asked for just this one, and did not merely sweep it up."""

    path: str
    named: bool


@dataclass(slots=True)
class Targets:
    """What words on a command line stand for: files in order, their size in all, what is not there."""

    files: list[Target] = field(default_factory=list)
    size: int = 0
    problems: list[Problem] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def add(self, path: str, *, named: bool) -> None:
        """A file that several words or links lead to is read once."""
        real = path if path == STDIN else os.path.realpath(path)
        if real not in self._seen:
            self.size += 0 if path == STDIN else os.stat(path).st_size
            self._seen.add(real)
            self.files.append(Target(path, named))


def targets(words: Sequence[str]) -> Targets:
    """Files, folders (all files below), patterns (`*`, `?`, `[…]`, `**`) and `-` for standard input."""
    found = Targets()
    for word in words:
        if word == STDIN or os.path.lexists(word):
            _add(found, word, named=True)
            continue
        fitting = sorted(glob.glob(word, recursive=True))
        for path in fitting or [word]:
            _add(found, path, named=not fitting)
    return found


def _add(found: Targets, path: str, *, named: bool) -> None:
    try:
        if path != STDIN and os.path.isdir(path):
            _add_below(found, path)
        else:
            found.add(path, named=named)
    except FileNotFoundError:
        is_pattern = glob.has_magic(path)
        what = "fits no file" if is_pattern else "does not exist"
        found.problems.append(Problem(path, what, "" if is_pattern else "check the path"))
    except OSError as error:
        found.problems.append(Problem(path, f"cannot be read: {error.strerror}"))


def _add_below(found: Targets, folder: str) -> None:
    def unreadable(error: OSError) -> None:
        found.problems.append(Problem(str(error.filename), f"cannot be read: {error.strerror}"))

    for parent, folders, files in os.walk(folder, onerror=unreadable):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(parent, name)
            # A pipe or socket among them would wait for a writer; a link may lead nowhere.
            if os.path.isfile(path):
                found.add(path, named=False)
