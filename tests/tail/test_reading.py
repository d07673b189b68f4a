"""Whatever is read, in whatever pieces: scanned and skipped bytes add up to what was seen."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logwatch.tail.life import NOWHERE, Life
from logwatch.tail.reading import Chunk, Turn, is_compressed
from logwatch.tail.verdict import FileId

MAX_RECORD = 64


def new_life(path: str = "/log") -> Life:
    return Life("key", "logs", path, 1, FileId(1, 7))


def feed(life: Life, turn: Turn, data: bytes, quantum: int) -> None:
    """Reads on from the offset, a quantum at a time, until nothing moves."""
    while True:
        before = (life.offset, life.overlong)
        piece = data[life.offset : life.offset + quantum]
        if not piece:
            return
        tail = life.evidence.tail_length
        turn.take(life, data[life.offset - tail : life.offset], piece, MAX_RECORD, now=0.0)
        if (life.offset, life.overlong) == before:
            return


LOG = st.lists(st.sampled_from([b"a", b"step 1 ", b"\n", b"\r", b"x" * 50])).map(b"".join)


@settings(deadline=None)
@given(LOG, st.integers(65, 300))
def test_the_ledger_adds_up(data: bytes, quantum: int) -> None:
    life, turn = new_life(), Turn()
    feed(life, turn, data, quantum)
    assert life.offset == life.scanned + sum(life.skipped.values())
    assert (turn.scanned, turn.skipped.total()) == (life.scanned, sum(life.skipped.values()))
    life.size = len(data)
    turn.close(life, "deleted_before_read")
    assert turn.scanned + turn.skipped.total() == len(data)


@settings(deadline=None)
@given(LOG, st.integers(65, 300))
def test_lines_are_counted(data: bytes, quantum: int) -> None:
    life = new_life()
    feed(life, Turn(), data, quantum)
    assert life.lines == data.count(b"\n", 0, life.offset)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["", "a", "step é", "x" * 9])), st.sampled_from(["", "utf-16-le"]))
def test_records_are_placed_one_after_the_other(lines: list[str], encoding: str) -> None:
    chunk = Chunk(
        new_life(), offset=100, data="".join(f"{line}\n" for line in lines).encode(), settled=0, lines=7
    )
    chunk.life.encoding = encoding
    starts = [len("".join(f"{line}\n" for line in lines[:number]).encode()) for number in range(len(lines))]
    ends = [
        len("".join(f"{line}\n" for line in lines[:n]).encode(encoding or "utf-8")) for n in range(len(lines))
    ]
    assert list(chunk.places(starts)) == [(100 + end, 8 + number) for number, end in enumerate(ends)]


def test_all_parts_of_an_overlong_record_stand_where_it_begins() -> None:
    chunk = Chunk(new_life(), offset=5000, data=b"a\nb\n", settled=0, lines=7, record=100)
    assert list(chunk.places([0, 2])) == [(100, 8), (100, 9)]


def test_an_unfinished_line_is_scanned_and_waited_for() -> None:
    life, turn = new_life(), Turn()
    feed(life, turn, b"done\nunfinis", 1000)
    chunk = turn.chunks[0]
    assert (chunk.data, chunk.settled, life.offset, life.unread) == (b"done\nunfinis", 5, 5, 7)
    assert life.is_waiting
    turn.close(life, "deleted_before_read")
    assert (turn.scanned, turn.skipped.total()) == (12, 0)


def test_what_was_seen_and_not_read_is_lost_for_a_reason() -> None:
    life, turn = new_life(), Turn()
    feed(life, turn, b"done\n", 1000)
    life.size = 100
    turn.close(life, "truncated_before_read")
    assert turn.skipped == {"truncated_before_read": 95}


def opened(data: bytes, hole: int = 0) -> Life:
    """A life of an open file with `data` after a hole."""
    fd, path = tempfile.mkstemp()
    Path(path).unlink()
    os.pwrite(fd, data, hole)
    life = new_life(path)
    life.fd, life.size = fd, os.fstat(fd).st_size
    return life


@pytest.mark.parametrize("offset", [10, 5000])
def test_passing_over_leaves_evidence_of_what_stands_before(offset: int) -> None:
    data = bytes(range(1, 251)) * 40
    life, turn = opened(data), Turn()
    turn.skip_to(life, offset, "start_at_end")
    assert (life.offset, turn.skipped["start_at_end"]) == (offset, offset)
    assert life.evidence.tail_agrees(data[:offset])
    assert not life.evidence.tail_agrees(data[: offset - 1] + b"\0")
    os.close(life.fd)


def test_a_hole_is_passed_over_without_being_read() -> None:
    hole = 1 << 30
    life, turn = opened(b"a line\n", hole), Turn()
    assert turn.step_over_nuls(life, bytes(4096), now=0.0)
    assert life.offset == turn.skipped["hole"] == hole
    os.close(life.fd)


def test_a_nul_or_two_before_text_belong_to_it() -> None:
    life, turn = opened(b"\0\0a line\n"), Turn()
    assert not turn.step_over_nuls(life, b"\0\0a line\n", now=0.0)
    assert life.offset == 0
    os.close(life.fd)


def test_what_begins_as_compressed_data_does_is_no_text() -> None:
    assert is_compressed(b"\x1f\x8b\x08\x00rest")
    assert not is_compressed(b"BZhang Wei: step 1")
    assert not is_compressed(b"")
    assert NOWHERE < 0
