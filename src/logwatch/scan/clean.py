"""What a terminal would not show is taken out before matching; offsets still speak of the raw bytes.

Colours stand inside error texts (`\\x1b[31mNCCL\\x1b[0m WARN`), and PyTorch's DataLoader writes a NUL
after its message. Cleaning a chunk never joins or splits records.
"""

import re
from bisect import bisect_right

# ECMA-48 control sequences, OSC strings (ended by BEL or ST) and two-byte escapes; never over a line's end.
_INVISIBLE = re.compile(
    rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])|\x00+|\xef\xbb\xbf"
)


class Clean:
    """A chunk without invisible bytes, and the way back to raw offsets."""

    __slots__ = ("_ends", "_raw", "_removed", "data")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._ends: list[int] = []
        self._removed: list[int] = []
        visible = b"\x1b" not in raw and b"\x00" not in raw and b"\xef\xbb\xbf" not in raw
        self.data = raw if visible else _INVISIBLE.sub(b"", raw)

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
        for piece in _INVISIBLE.finditer(self._raw):
            ends.append(piece.start() - gone)
            gone += piece.end() - piece.start()
            removed.append(gone)
        self._ends, self._removed = ends, removed


def visible(raw: bytes) -> str:
    """One record as text: cleaned, decoded as UTF-8 with replacement."""
    return Clean(raw).data.decode("utf-8", "replace")
