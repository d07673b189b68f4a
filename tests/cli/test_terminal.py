"""What a terminal is told and a pipe is not."""

import io
import os
import pty
import re

import pytest

from logwatch.cli.terminal import bar_line, look_of, progress
from logwatch.render.look import coloured, plain


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def test_a_terminal_gets_colours_and_a_pipe_does_not() -> None:
    assert look_of(Terminal(), "en").paint is coloured
    assert look_of(io.StringIO(), "en").paint is plain


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_who_wants_no_colours_gets_none(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert look_of(Terminal(), "en").paint is plain


def test_an_empty_no_color_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    assert look_of(Terminal(), "en").paint is coloured


@pytest.mark.parametrize(("columns", "width"), [("40", 80), ("104", 104), ("300", 120)])
def test_a_page_is_as_wide_as_is_readable(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert look_of(Terminal(), "en").width == width
    assert look_of(io.StringIO(), "en").width == 100


def test_the_bar_says_how_far_how_fast_and_where() -> None:
    assert bar_line(50_000_000, 200_000_000, 0.5, "train.log") == (
        " 25% ██████░░░░░░░░░░░░░░░░░░  50 MB of 200 MB  100 MB/s  train.log"
    )
    assert bar_line(50_000_000, 0, 0.5, "-") == "50 MB  100 MB/s  -"
    assert bar_line(3, 2, 0.0, "grew\x1b[2J").startswith("100% ████████████████████████ ")
    assert "\x1b" not in bar_line(3, 2, 0.0, "grew\x1b[2J")


def test_the_bar_is_gone_when_the_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logwatch.cli.terminal._PACE_S", 0.0)
    stream = Terminal()
    with progress(stream, 100, wanted=True) as bar:
        assert bar is not None
        bar.show(50, "train.log")
    written = stream.getvalue()
    assert " 50% " in written
    assert written.endswith("\r\x1b[2K")


@pytest.mark.parametrize("wanted", [True, False])
def test_nobody_is_shown_a_bar_who_would_not_see_it(wanted: bool) -> None:
    stream = io.StringIO() if wanted else Terminal()
    with progress(stream, 100, wanted=wanted) as bar:
        assert bar is None
    assert stream.getvalue() == ""


def test_on_a_real_terminal_the_bar_fits_its_width() -> None:
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as stream, progress(stream, 10, wanted=True) as bar:
        assert bar is not None
        bar._shown -= 1
        bar.show(5, "x" * 300)
    shown = re.sub(r"\x1b\[2K", "", os.read(leader, 4096).decode()).split("\r")
    os.close(leader)
    assert [len(row) for row in shown if row] == [99]
