"""What a terminal would not show is taken out before matching; offsets still speak of the raw bytes.

Colours stand inside error texts (`\\x1b[31mNCCL\\x1b[0m WARN`), and PyTorch's DataLoader writes a NUL
after its message. Cleaning a chunk never joins or splits records.
"""

import re
from bisect import bisect_right

# ECMA-48 control sequences, OSC strings (ended by BEL or ST) and two-byte escapes; never over a line's end.
_ESCAPE = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
# A pattern that begins with one fixed byte is looked for with memchr: 4 to 20 times as fast.
_ESCAPES = re.compile(_ESCAPE)
# As a pattern: `in` takes more than twice as long for several bytes.
_MARK = re.compile(rb"\xef\xbb\xbf")
_INVISIBLE = re.compile(_ESCAPE + rb"|\x00+|\xef\xbb\xbf")


class Clean:
    """A chunk without invisible bytes, and the way back to raw offsets."""

    __slots__ = ("_ends", "_invisible", "_raw", "_removed", "data")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._ends: list[int] = []
        self._removed: list[int] = []
        self._invisible = _invisible_in(raw)
        self.data = raw if self._invisible is None else _visible_in(raw, self._invisible)

    def to_raw(self, offset: int) -> int:
        """The raw offset of the byte at `offset` of the cleaned data.

        At a place where bytes were removed this is the first of them when it begins a record, so that
        a record's raw start does not depend on its colours.
        """
        if self.data is self._raw:
            return offset
        if not self._ends:
            self._index()
        before = bisect_right(self._ends, offset - 1)
        return offset + (self._removed[before - 1] if before else 0)

    def _index(self) -> None:
        """For every removed piece: where it stood in the cleaned data, and how much is gone up to its end."""
        gone = 0
        ends: list[int] = []
        removed: list[int] = []
        for piece in (self._invisible or _INVISIBLE).finditer(self._raw):
            ends.append(piece.start() - gone)
            gone += piece.end() - piece.start()
            removed.append(gone)
        self._ends, self._removed = ends, removed


def _invisible_in(raw: bytes) -> "re.Pattern[bytes] | None":
    """What has to be looked for in `raw`; None where nothing in it is invisible."""
    # Looking for the mark's first byte is fifteen times as fast as looking for the mark; Chinese has it, too.
    if b"\x00" in raw or (b"\xef" in raw and _MARK.search(raw)):
        return _INVISIBLE
    return _ESCAPES if b"\x1b" in raw else None


def _visible_in(raw: bytes, invisible: "re.Pattern[bytes]") -> bytes:
    if invisible is _ESCAPES:
        return _ESCAPES.sub(b"", raw)
    # Of what may begin with several bytes a pattern looks at each, which takes ten times as long. None of these
    # begins inside of an escape sequence that does not hold all of it.
    return b"".join(
        [text.replace(b"\xef\xbb\xbf", b"").replace(b"\x00", b"") for text in _ESCAPES.split(raw)]
    )


def visible(raw: bytes) -> str:
    """One record as text: cleaned, decoded as UTF-8 with replacement."""
    return Clean(raw).data.decode("utf-8", "replace")
