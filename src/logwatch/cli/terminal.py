"""What a terminal is told and a pipe is not: colours, the width of the page, how far the work has got."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from logwatch.render.columns import clipped
from logwatch.render.inert import inert_line
from logwatch.render.look import Look, coloured, plain

if TYPE_CHECKING:
    from logwatch.catalogue.entry import Language

# Narrower, advice falls apart; wider, the eye loses the line.
_NARROWEST, _WIDEST, _OF_A_PIPE = 80, 120, 100
# Ten times a second looks alive, and costs nothing beside reading.
_PACE_S = 0.1
_BAR = 24
_ERASE_LINE = "\r\x1b[2K"


def look_of(stream: TextIO, language: "Language") -> Look:
    """How to show things on `stream`. https://no-color.org is followed."""
    is_terminal = stream.isatty()
    columns = shutil.get_terminal_size((_OF_A_PIPE, 0)).columns if is_terminal else _OF_A_PIPE
    return Look(
        width=min(max(columns, _NARROWEST), _WIDEST),
        language=language,
        zone=datetime.now().astimezone().tzinfo or UTC,
        paint=coloured if is_terminal and wants_colour() else plain,
    )


def wants_colour() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Progress:
    """A bar on a terminal: bytes of how many, how fast, and the file at hand. `size` 0 is unknown."""

    def __init__(self, stream: TextIO, size: int) -> None:
        self._stream = stream
        self._size = size
        self._started = self._shown = time.monotonic()

    def show(self, read: int, path: str) -> None:
        now = time.monotonic()
        if now - self._shown < _PACE_S:
            return
        self._shown = now
        line = bar_line(read, self._size, now - self._started, path)
        width = shutil.get_terminal_size().columns
        self._stream.write(_ERASE_LINE + clipped(line, width - 1))
        self._stream.flush()

    def erase(self) -> None:
        self._stream.write(_ERASE_LINE)
        self._stream.flush()


def bar_line(read: int, size: int, seconds: float, path: str) -> str:
    """`43 % ██████████░░░░  86 MB of 200 MB  512 MB/s  train.log`."""
    rate = f"{read / 1e6 / seconds:,.0f} MB/s" if seconds > 0 else ""
    if not size:
        return "  ".join([f"{read / 1e6:,.0f} MB", rate, inert_line(path)])
    share = min(read / size, 1.0)
    bar = "█" * round(share * _BAR) + "░" * (_BAR - round(share * _BAR))
    return "  ".join(
        [f"{share:4.0%} {bar}", f"{read / 1e6:,.0f} MB of {size / 1e6:,.0f} MB", rate, inert_line(path)]
    )


@contextmanager
def progress(stream: TextIO, size: int, *, wanted: bool) -> Iterator[Progress | None]:
    """A bar on `stream` while the work goes on, gone afterwards; None where nobody would see it."""
    if not (wanted and stream.isatty()):
        yield None
        return
    shown = Progress(stream, size)
    try:
        yield shown
    finally:
        shown.erase()
