"""From bytes that were read to what is scanned of them. Pure.

Only complete records move the offset. What follows the last terminator is scanned, too, but what is found
there is held back: the line may go on. A record that exceeds the limit is read through without being kept:
its head and its tail are scanned, what lies between is skipped and counted.
"""

import codecs
from dataclasses import dataclass

from logwatch.scan.records import complete_length
from logwatch.tail.life import NOWHERE

# Of an overlong record: errors stand at the beginning of a line, or at the end of what a progress bar left.
HEAD_KEPT = 128 * 1024
TAIL_KEPT = 16 * 1024
MAX_RECORD = 256 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """What to do with bytes read at an offset.

    `start:end` is to be scanned, of which `start:settled` is final and the rest held back. `consumed` bytes
    are accounted for; `skipped` of them will never be scanned. `overlong`: whether the offset is now in the
    middle of an overlong record.
    """

    start: int
    end: int
    settled: int
    consumed: int
    skipped: int = 0
    overlong: bool = False


def frame(data: bytes, *, in_overlong: bool, max_record: int = MAX_RECORD, in_lines: bool = False) -> Frame:
    """Divides `data`, which begins where the last record ended, or in the middle of an overlong one.

    `in_lines`: only line feeds end a record, as where each line is wrapped.
    """
    if in_overlong:
        return _overlong(data, in_lines=in_lines)
    complete = data.rfind(b"\n") + 1 if in_lines else complete_length(data)
    if complete or len(data) < max_record:
        return Frame(0, len(data), complete, complete)
    head = min(HEAD_KEPT, max_record // 2)
    return Frame(0, head, head, head, overlong=True)


def _overlong(data: bytes, *, in_lines: bool) -> Frame:
    end = data.find(b"\n") + 1
    if not in_lines:
        # What precedes the line feed is short where progress bars are drawn: this search ends soon.
        end = data.find(b"\r", 0, end or len(data)) + 1 or end
    if not end:
        start = max(0, len(data) - TAIL_KEPT)
        return Frame(start, len(data), start, start, skipped=start, overlong=True)
    start = max(0, end - TAIL_KEPT)
    return Frame(start, end, end, end, skipped=start)


# What a byte order mark says, and the two bytes of a unit in which it is written.
_MARKS = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def sniff(head: bytes) -> str:
    """The encoding that the first bytes of a file declare; empty for UTF-8 and everything like it."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), "")


def to_utf8(data: bytes, encoding: str) -> bytes:
    """`data` as UTF-8, without an unfinished unit at its end."""
    if not encoding:
        return data
    whole = len(data) & ~1
    text = data[:whole].decode(encoding, "surrogatepass" if _is_paired(data[:whole], encoding) else "replace")
    return text.encode("utf-8", "surrogatepass")


def raw_length(data: bytes, encoding: str) -> int:
    """How many bytes of the file the UTF-8 `data` was made from."""
    if not encoding:
        return len(data)
    return len(data.decode("utf-8", "surrogatepass").encode(encoding, "surrogatepass"))


def _is_paired(data: bytes, encoding: str) -> bool:
    """Whether the units decode as they are; lone surrogates do so, and keep their length."""
    try:
        data.decode(encoding, "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True


__all__ = ["MAX_RECORD", "NOWHERE", "Frame", "frame", "raw_length", "sniff", "to_utf8"]
