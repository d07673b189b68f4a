"""Glances at files that grow: what they keep, and what they leave to an ordinary look."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.tail.evidence import TAIL
from logwatch.tail.glance import KEPT, QUIET_S, Glances, Read, Round
from logwatch.tail.life import NOWHERE, Life
from logwatch.tail.verdict import FileId

LINE = b"nothing to see here\n"
NOW = 1_000_000.0


def is_innocent(lines: bytes) -> bool:
    return b"ERROR" not in lines


class Glanced:
    """A log that was read to its end, and takes part in rounds."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        path.write_bytes(content)
        self.life = Life("a" * 24, "logs", str(path), 1, FileId(1, 1), offset=len(content))
        self.life.fd = os.open(path, os.O_RDONLY)
        self.life.changed_at = NOW
        self.glances = Glances()
        self.glances.begin(self.life, content[-TAIL:])

    def round(self, *written: bytes, now: float = NOW) -> Round:
        with self.path.open("ab") as log:
            log.writelines(written)
        return self.glances.go_round(now, is_innocent)

    def rewrite(self, content: bytes) -> Round:
        self.path.write_bytes(content)
        return self.glances.go_round(NOW, is_innocent)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Glanced]:
    log = Glanced(tmp_path / "a.log", LINE * 100)
    yield log
    os.close(log.life.fd)


def test_whole_lines_are_kept_for_the_life_to_learn_of(log: Glanced) -> None:
    assert log.round(LINE, b"step 1\n") == Round(read=len(LINE) + 7, grown=1)
    assert log.round(b"step 2\r\n", now=NOW + 1) == Round(read=8, grown=1)
    before = (LINE * 100)[-TAIL:]
    assert log.glances.end(log.life) == Read(before, LINE + b"step 1\nstep 2\r\n", NOW + 1)
    assert log.life not in log.glances


def test_what_was_taken_is_not_given_again(log: Glanced) -> None:
    log.round(b"step 1\n")
    log.glances.take(log.life)
    assert log.glances.take(log.life) is None
    log.round(b"step 2\n")
    read = log.glances.end(log.life)
    assert read is not None
    assert read.before.endswith(LINE + b"step 1\n")
    assert len(read.before) == TAIL
    assert read.data == b"step 2\n"


def test_of_a_short_log_all_stands_before(tmp_path: Path) -> None:
    log = Glanced(tmp_path / "a.log", b"start\n")
    log.round(b"step 1\n")
    assert log.glances.take(log.life) == Read(b"start\n", b"step 1\n", NOW)
    assert log.rewrite(b"START\nstep 1\nstep 2\n").strange == [log.life]
    os.close(log.life.fd)


@pytest.mark.parametrize(
    "written",
    [
        b"half a li",
        b"line\nhalf a li",
        b"10%\r",
        b"line\n10%\r",
        b"\0\0\0\n",
        b"x" * KEPT + b"\n",
        b"x" * (KEPT - 8) + b"\n",
    ],
    ids=[
        "half",
        "whole and half",
        "progress",
        "line and progress",
        "nuls",
        "much",
        "as much as there is room",
    ],
)
def test_what_is_not_plain_is_not_kept(log: Glanced, written: bytes) -> None:
    log.round(b"step 1\n")
    assert log.round(written) == Round(strange=[log.life])
    read = log.glances.end(log.life)
    assert read is not None
    assert read.data == b"step 1\n"


@pytest.mark.parametrize("lines", [99, 100, 101, 102, 200], ids=lambda lines: f"{lines} lines")
def test_another_run_in_its_place_is_not_kept(log: Glanced, lines: int) -> None:
    log.round(LINE)
    assert log.rewrite(b"nothing to see THERE\n" * lines).strange == [log.life]


def test_a_change_in_what_glances_have_read_is_noticed(log: Glanced) -> None:
    log.round(b"step 1\n", *[LINE] * 100)
    with log.path.open("r+b") as file:
        file.seek(100 * len(LINE))
        file.write(b"STEP 1\n")
    assert log.round(LINE).strange == [log.life]


def test_what_is_kept_is_bounded(log: Glanced) -> None:
    rounds = 0
    while not log.round(LINE * 50).strange:
        rounds += 1
    read = log.glances.end(log.life)
    assert read is not None
    assert KEPT - 50 * len(LINE) <= len(read.data) == rounds * 50 * len(LINE) <= KEPT


def test_a_log_that_grows_no_more_is_left_to_an_ordinary_look(log: Glanced) -> None:
    log.round(LINE)
    assert log.round(now=NOW + QUIET_S / 2) == Round()
    assert log.round(now=NOW + QUIET_S).strange == [log.life]


def test_a_file_that_was_closed_is_left_to_an_ordinary_look(log: Glanced) -> None:
    fd, log.life.fd = log.life.fd, NOWHERE
    assert log.round(LINE).strange == [log.life]
    log.life.fd = fd


def test_suspect_lines_are_kept_too(log: Glanced) -> None:
    assert log.round(b"ERROR\n") == Round(read=6, grown=1, suspect=[log.life])
    read = log.glances.end(log.life)
    assert read is not None
    assert read.data == b"ERROR\n"


@given(st.lists(st.sampled_from([b"", LINE, LINE + b"ERROR\n"]), min_size=1, max_size=40))
def test_of_many_files_the_suspect_ones_are_found(
    tmp_path_factory: pytest.TempPathFactory, news: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    glances = Glances()
    lives = []
    for number in range(len(news)):
        path = folder / f"{number}.log"
        path.write_bytes(LINE)
        life = Life(f"{number:024}", "logs", str(path), 1, FileId(1, number), offset=len(LINE))
        life.fd, life.changed_at = os.open(path, os.O_RDWR | os.O_APPEND), NOW
        glances.begin(life, LINE)
        lives.append(life)
    for life, new in zip(lives, news, strict=True):
        os.write(life.fd, new)
    gone_round = glances.go_round(NOW, is_innocent)
    assert gone_round.suspect == [life for life, new in zip(lives, news, strict=True) if b"ERROR" in new]
    assert (gone_round.grown, gone_round.read) == (sum(map(bool, news)), sum(map(len, news)))
    assert gone_round.strange == []
    for life in lives:
        os.close(life.fd)
