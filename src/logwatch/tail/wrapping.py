"""Container runtimes wrap what a program writes; the wrapping is taken off before scanning. Pure.

CRI (containerd, CRI-O): `2026-01-04T21:33:04.123456789Z stderr F text`; the runtime cuts lines longer than
16 KiB into pieces marked P, the last one F. Docker's json-file: one object a line, `{"log": "text\\n", …}`; a
piece lacks the line feed. Pieces are joined by stream; a record stands where its first piece stands.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Wrapping = Literal["plain", "cri", "docker"]

# What is carried over of a record that grows beyond the limit, so that a match is found that lies across the
# cut. Both parts stand at one place, so it is one event.
OVERLAP = 16 * 1024

# RFC 3339 with nanoseconds, stream, tag; tags beyond the first (`F:…`) are reserved by the specification:
# https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
_CRI = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) (stdout|stderr) ([FP])(?::\S*)?(?: |$)", re.DOTALL)
_CRI_PIECES = (b" stdout P", b" stderr P")


@dataclass(frozen=True, slots=True)
class Begun:
    """A record of which pieces were read and the last one was not.

    `place` and `line` are where it begins in the file: in bytes, and in line feeds before it. `prefix` says
    when and where it was written; `text` is what there is of it, all of it or, beyond the limit, its end.
    """

    place: int
    line: int
    prefix: bytes
    text: bytes

    def to_list(self) -> list[object]:
        """For JSON, which knows no bytes."""
        return [self.place, self.line, self.prefix.decode("latin-1"), self.text.decode("latin-1")]

    @classmethod
    def from_list(cls, fields: Sequence[object]) -> "Begun":
        place, line, prefix, text = fields
        return cls(
            int(str(place)), int(str(line)), str(prefix).encode("latin-1"), str(text).encode("latin-1")
        )


@dataclass(frozen=True, slots=True)
class _Spot:
    """From `at` of the unwrapped data on, records stand at `place` and `line` of the file.

    `moves`: the place moves along with `at`: parts of a record, each ended by a carriage return.
    """

    at: int
    place: int
    line: int
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Records without their wrapping.

    `data` holds them, each ended by a line feed, up to `settled`; then what there is of those that are `begun`,
    by stream. `cut` counts records that were longer than the limit.
    """

    data: bytes
    settled: int
    spots: tuple[_Spot, ...]
    begun: Mapping[str, Begun]
    cut: int = 0

    def place(self, at: int) -> tuple[int, int]:
        """Where in the file the record stands that begins at `at` of `data`: in bytes, and line feeds before."""
        spot = self.spots[bisect_right(self.spots, at, key=lambda spot: spot.at) - 1]
        return spot.place + (at - spot.at if spot.moves else 0), spot.line


def sniff_wrapping(head: bytes) -> Wrapping:
    """How the file that begins with `head` is wrapped."""
    line = head.split(b"\n", 1)[0]
    if _CRI.match(line):
        return "cri"
    if line.startswith(b'{"log":') or (line.startswith(b"{") and b'"log":' in line and b'"stream":' in line):
        return "docker"
    return "plain"


def is_as_written(data: bytes, wrapping: str, begun: Mapping[str, Begun]) -> bool:
    """Whether `data` can be scanned as it is: with CRI, if there is nothing to join.

    The prefix keeps no pattern from matching.
    """
    return wrapping == "plain" or (
        wrapping == "cri" and not begun and not any(piece in data for piece in _CRI_PIECES)
    )


def unwrap(
    data: bytes,
    wrapping: str,
    *,
    place: int = 0,
    line: int = 0,
    begun: Mapping[str, Begun] | None = None,
    max_record: int,
) -> Unwrapped:
    """The records in `data`, which stands at `place` and after `line` line feeds of a file.

    `begun` is what an earlier call left. A record longer than `max_record` is given out in parts. What stands
    in a line that has no end yet is looked at as it is, and will come again.
    """
    joining = _Joining(dict(begun or {}), max_record)
    piece_of = _cri_piece if wrapping == "cri" else _docker_piece
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        joining.take(piece_of, data[at:end], place + at, line)
        at, line = end + 1, line + 1
    return joining.finish(data[at:], place + at, line)


@dataclass(frozen=True, slots=True)
class _Piece:
    """`text_at` is where the text stands in its line, as far as that can be said."""

    stream: str
    prefix: bytes
    text: bytes
    text_at: int
    is_last: bool


class _Joining:
    """Pieces of one stream become one record; streams do not mix."""

    def __init__(self, begun: dict[str, Begun], max_record: int) -> None:
        self._begun = begun
        self._max_record = max_record
        self._out = bytearray()
        self._spots: list[_Spot] = []
        self._cut = 0

    def take(self, piece_of: Callable[[bytes], _Piece | None], raw: bytes, place: int, line: int) -> None:
        piece = piece_of(raw)
        if piece is None:
            self._put(place, line, raw)
            return
        earlier = self._begun.pop(piece.stream, None) or Begun(place, line, piece.prefix, b"")
        record = Begun(earlier.place, earlier.line, earlier.prefix, earlier.text + piece.text)
        if piece.is_last:
            self._put_with_parts(record, earlier, piece, place, line)
            return
        # A progress bar in pieces: its carriage returns end records, and need not be waited for.
        ended = piece.text.rfind(b"\r") + 1
        if ended:
            whole = Begun(record.place, record.line, record.prefix, earlier.text + piece.text[:ended])
            self._put_with_parts(whole, earlier, piece, place, line)
            record = Begun(place + piece.text_at + ended, line, piece.prefix, piece.text[ended:])
        elif len(record.text) >= self._max_record:
            self._put(record.place, record.line, record.prefix + record.text)
            record = Begun(record.place, record.line, record.prefix, record.text[-OVERLAP:])
            self._cut += 1
        self._begun[piece.stream] = record

    def finish(self, rest: bytes, place: int, line: int) -> Unwrapped:
        settled = len(self._out)
        for record in self._begun.values():
            self._put(record.place, record.line, record.prefix + record.text)
        self._put(place, line, rest)
        return Unwrapped(bytes(self._out), settled, tuple(self._spots), self._begun, self._cut)

    def _put(self, place: int, line: int, text: bytes) -> None:
        self._spots.append(_Spot(len(self._out), place, line))
        self._out += text
        self._out += b"\n"

    def _put_with_parts(self, record: Begun, earlier: Begun, piece: _Piece, place: int, line: int) -> None:
        """Parts ended by carriage returns are records of their own and stand each at a place of its own."""
        text_at = len(self._out) + len(record.prefix) + len(earlier.text)
        self._put(record.place, record.line, record.prefix + record.text)
        first = piece.text.find(b"\r") + 1
        if first:
            self._spots.append(_Spot(text_at + first, place + piece.text_at + first, line, moves=True))


def _cri_piece(line: bytes) -> _Piece | None:
    found = _CRI.match(line)
    if found is None:
        return None
    prefix = b"%b %b F " % (found[1], found[2])
    return _Piece(found[2].decode(), prefix, line[found.end() :], found.end(), found[3] == b"F")


def _docker_piece(line: bytes) -> _Piece | None:
    """One object; what is none passes through as it is. The time is put in front, as `docker logs -t` does."""
    try:
        said = json.loads(line)
        text, stream, time = said["log"], said.get("stream", ""), said.get("time", "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    if not (isinstance(text, str) and isinstance(stream, str) and isinstance(time, str)):
        return None
    encoded = text.encode("utf-8", "surrogatepass")
    is_last = encoded.endswith(b"\n")
    prefix = _printable(time)
    return _Piece(stream, prefix, encoded[:-1] if is_last else encoded, len(b'{"log":"'), is_last)


# No time is longer; what is may be anything.
_MAX_TIME = 40


def _printable(time: str) -> bytes:
    fits = time.isascii() and time.isprintable() and 0 < len(time) <= _MAX_TIME
    return time.encode() + b" " if fits else b""
