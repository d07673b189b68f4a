"""A terminal, a pipe and a file as receivers."""

import io
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from logwatch.deliver.terminal import Terminal
from logwatch.errors import DeliveryError

from .fakes import message


@pytest.fixture
def pipe() -> Iterator[tuple[int, TextIO]]:
    reading, writing = os.pipe()
    stream = os.fdopen(writing, "w", encoding="utf-8")
    yield reading, stream
    for end in (lambda: os.close(reading), stream.close):
        try:
            end()
        except OSError:
            continue


async def test_a_notice_is_written_as_text() -> None:
    stream = io.StringIO()
    await Terminal("screen", stream, "zh").send(message("m1"))
    assert stream.getvalue().startswith("严重: Watchdog")
    assert "\x1b" not in stream.getvalue()
    assert stream.getvalue().endswith("\n\n")


async def test_a_terminal_gets_colours() -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Screen()
    await Terminal("screen", stream).send(message("m1"))
    assert "\x1b[1;31mCRITICAL\x1b[0m" in stream.getvalue()


async def test_a_terminal_that_knows_no_chinese_gets_question_marks() -> None:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding="ascii")
    await Terminal("screen", stream, "zh").send(message("m1"))
    assert buffer.getvalue().startswith(b"??: Watchdog")


async def test_a_pipe_that_nobody_reads_any_more_is_a_failed_delivery(pipe: tuple[int, TextIO]) -> None:
    reading, stream = pipe
    os.dup2(os.open(os.devnull, os.O_RDONLY), reading)
    with pytest.raises(DeliveryError, match="BrokenPipeError") as failed:
        await Terminal("screen", stream).send(message("m1"))
    assert (failed.value.outcome, failed.value.retryable) == ("network_error", True)


async def test_a_closed_stream_is_a_failed_delivery() -> None:
    stream = io.StringIO()
    receiver = Terminal("screen", stream)
    stream.close()
    with pytest.raises(DeliveryError):
        await receiver.send(message("m1"))
