"""Container runtimes wrap what a program writes; the wrapping is taken off before scanning. Pure.

CRI (containerd, CRI-O): `2026-01-04T21:33:04.123456789Z stderr F text`; the runtime cuts lines longer than
16 KiB into pieces marked P, the last one F. Docker's json-file: one object a line, `{"log": "text\\n", …}`; a
piece lacks the line feed. Pieces are joined by stream; a record stands where its first piece stands.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Wrapping = Literal["plain", "cri", "docker"]

# RFC 3339 with nanoseconds, stream, tag; tags beyond the first (`F:…`) are reserved by the specification:
# https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
_CRI = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* (stdout|stderr) ([FP])(?::\S*)? ?(.*)", re.DOTALL)
_CRI_PIECE = re.compile(rb"(?m)^\d{4}-\S+ std(?:out|err) P")


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """Records without their wrapping.

    `data` holds them, each with a line feed; `consumed` bytes of the input are accounted for. `places` are
    pairs of a start in `data` and the start in the input of the record that stands there.
    """

    data: bytes
    consumed: int
    places: tuple[tuple[int, int], ...] = ()

    def place(self, at: int) -> int:
        """Where in the input the record stands that holds the byte `at` of `data`."""
        if not self.places:
            return at
        return self.places[bisect_right(self.places, (at, 1 << 62)) - 1][1]


def sniff_wrapping(head: bytes) -> Wrapping:
    """How the file that begins with `head` is wrapped."""
    line = head.split(b"\n", 1)[0]
    if _CRI.match(line):
        return "cri"
    if line.startswith(b'{"log":') or (line.startswith(b"{") and b'"log":' in line and b'"stream":' in line):
        return "docker"
    return "plain"


def unwrap(data: bytes, wrapping: Wrapping, max_record: int) -> Unwrapped:
    """The records in `data`, which consists of complete lines.

    What belongs to a record of which more pieces are to come is not consumed, up to `max_record` bytes of it.
    """
    if wrapping == "cri" and not _CRI_PIECE.search(data):
        # Nothing to join, and the prefix does not keep any pattern from matching.
        return Unwrapped(data, len(data))
    if wrapping == "plain":
        return Unwrapped(data, len(data))
    return _joined(data, _cri_piece if wrapping == "cri" else _docker_piece, max_record)


@dataclass(frozen=True, slots=True)
class _Piece:
    stream: bytes
    text: bytes
    is_last: bool


@dataclass(slots=True)
class _Open:
    """A record of which pieces have been seen, and where the first one stands."""

    start: int
    texts: list[bytes] = field(default_factory=list)
    size: int = 0


def _joined(data: bytes, piece_of: Callable[[bytes], _Piece | None], max_record: int) -> Unwrapped:
    """Pieces of one stream become one record; streams do not mix."""
    out = bytearray()
    places: list[tuple[int, int]] = []
    unfinished: dict[bytes, _Open] = {}

    spans: list[tuple[int, int]] = []

    def put(start: int, end: int, text: bytes) -> None:
        places.append((len(out), start))
        spans.append((start, end))
        out.extend(text + b"\n")

    for start, line in _lines(data):
        piece = piece_of(line)
        if piece is None:
            put(start, start, line)
            continue
        record = unfinished.setdefault(piece.stream, _Open(start))
        record.texts.append(piece.text)
        record.size += len(piece.text)
        if piece.is_last or record.size >= max_record:
            put(record.start, start, b"".join(record.texts))
            del unfinished[piece.stream]
    unfinished_from = min((record.start for record in unfinished.values()), default=len(data))
    return Unwrapped(bytes(out), _not_within(spans, unfinished_from), tuple(places))


def _not_within(spans: list[tuple[int, int]], at: int) -> int:
    """The last place up to `at` at which no record is under way: reading on from there tears none apart."""
    for start, last_piece in sorted(spans, reverse=True):
        if start < at <= last_piece:
            at = start
    return at


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while (end := data.find(b"\n", at)) >= 0:
        yield at, data[at:end]
        at = end + 1


def _cri_piece(line: bytes) -> _Piece | None:
    found = _CRI.match(line)
    return _Piece(found[1], found[3], found[2] == b"F") if found else None


def _docker_piece(line: bytes) -> _Piece | None:
    """One object; what is none passes through as it is."""
    try:
        said = json.loads(line)
        text = said["log"]
        stream = said.get("stream", "")
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    if not isinstance(text, str) or not isinstance(stream, str):
        return None
    encoded = text.encode("utf-8", "surrogatepass")
    return _Piece(stream.encode("utf-8", "replace"), encoded.rstrip(b"\n"), encoded.endswith(b"\n"))
