"""Where an error stands, when it was written, and what stands around it."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logwatch.cli.sightings import Sighting
from logwatch.cli.watch import Watch
from logwatch.scan.index import Rule
from logwatch.scan.prefix import LOOK_BACK
from logwatch.scan.scanner import Scanner
from logwatch.tail import oneshot
from logwatch.tail.oneshot import Reading

SCANNER = Scanner([Rule("a/boom", "it went boom")])
MODIFIED = datetime(2026, 11, 22, tzinfo=UTC).timestamp()


def sightings(path: Path, text: str) -> list[Sighting]:
    path.write_bytes(text.encode())
    os.utime(path, (MODIFIED, MODIFIED))
    return [s for batch in Watch(SCANNER, Reading(str(path))).batches() for s in batch]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "train.log"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def clock(sighting: Sighting) -> str:
    return datetime.fromtimestamp(sighting.time, UTC).strftime("%H:%M:%S")


def test_a_sighting_says_where_and_by_whom(log: Path) -> None:
    first, second = sightings(log, "ok\n[rank3]: it went boom\nbar 1\rbar 2\rit went boom\n")
    assert (first.offset, first.line_number, first.labels) == (3, 2, {"rank": "3"})
    assert (second.offset, second.line_number, second.labels) == (37, 3, {})
    assert second.path == str(log)


def test_the_time_is_the_lines_own(log: Path) -> None:
    (seen,) = sightings(log, "[2026-01-01 09:00:00] ok\n[2026-01-01 10:00:00] it went boom\n")
    assert clock(seen) == "10:00:00"


def test_a_line_without_a_time_has_that_of_the_nearest_line_above(log: Path) -> None:
    text = (
        "[2026-01-01 10:00:00] a\n[2026-01-01 10:00:05] b\nTraceback:\n  File x\nit went boom\nit went boom\n"
    )
    assert [clock(seen) for seen in sightings(log, text)] == ["10:00:05"] * 2


def test_a_time_that_stands_too_far_above_says_nothing(log: Path) -> None:
    (seen,) = sightings(log, "[2026-01-01 10:00:00] a\n" + "x\n" * LOOK_BACK + "it went boom\n")
    assert seen.written is None
    assert seen.time == MODIFIED


def test_where_a_file_is_cut_into_chunks_makes_no_difference(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(
        f"[2026-01-01 10:00:0{n}] step\nTraceback\n[rank{n}]: it went boom\n\nx\n" for n in range(9)
    )
    whole = sightings(log, text)
    monkeypatch.setattr(oneshot, "CHUNK", 17)
    pieces = sightings(log, text)
    assert [(s.offset, s.line_number, s.time, s.labels) for s in pieces] == [
        (s.offset, s.line_number, s.time, s.labels) for s in whole
    ]
    assert [clock(s) for s in whole] == [f"10:00:0{n}" for n in range(9)]


def test_the_lines_around_an_error_are_those_a_screen_would_show(log: Path) -> None:
    text = "far\nbar 1%\rbar 2%\r\n\x1b[31mnear\x1b[0m\n\nit went boom\n\nafter\nmore\n"
    (seen,) = sightings(log, text)
    assert seen.surroundings() == ["bar 2%", "near", "it went boom", "after"]


def test_a_very_long_line_is_not_repeated_among_its_surroundings(log: Path) -> None:
    (seen,) = sightings(log, "near\nit went boom" + "!" * 1000 + "\nafter\n")
    assert seen.surroundings() == ["near"]


def test_what_comes_through_a_pipe_is_written_now(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    if not (pid := os.fork()):
        fifo.write_text("it went boom\n")
        os._exit(0)
    before = datetime.now(UTC).timestamp()
    (seen,) = [s for batch in Watch(SCANNER, Reading(str(fifo))).batches() for s in batch]
    os.waitpid(pid, 0)
    assert seen.written is None
    assert before <= seen.time <= datetime.now(UTC).timestamp()
