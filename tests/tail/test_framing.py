"""Bytes are divided into what is final, what is held back and what is left out; none gets lost."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.tail.framing import TAIL_KEPT, frame, raw_length, sniff, to_utf8

LOG = st.lists(st.sampled_from([b"a", b"step 1", b"\n", b"\r", b"\r\n", b"", b"x" * 40])).map(b"".join)


@given(LOG, st.booleans(), st.booleans(), st.integers(16, 64))
def test_what_is_consumed_is_scanned_or_counted_as_skipped(
    data: bytes, in_overlong: bool, in_lines: bool, max_record: int
) -> None:
    framed = frame(data, in_overlong=in_overlong, max_record=max_record, in_lines=in_lines)
    assert 0 <= framed.start <= framed.settled <= framed.end <= len(data)
    assert framed.settled == framed.consumed
    assert framed.start == framed.skipped


@given(LOG, st.integers(64, 256))
def test_only_complete_records_are_consumed(data: bytes, max_record: int) -> None:
    framed = frame(data, in_overlong=False, max_record=max_record)
    if not framed.overlong:
        assert framed.end == len(data)
        assert not framed.consumed or data[framed.consumed - 1 : framed.consumed] in {b"\n", b"\r"}
        assert b"\n" not in data[framed.consumed :]


@given(st.lists(LOG, min_size=1), st.integers(16, 64))
def test_however_the_bytes_arrive_the_same_ones_are_passed_over_or_none(
    pieces: list[bytes], max_record: int
) -> None:
    """Reading on from what was consumed, every byte is consumed in the end, once."""
    data, at, in_overlong = b"".join(pieces) + b"\n", 0, False
    for end in range(0, len(data) + 1, 7):
        framed = frame(data[at:end], in_overlong=in_overlong, max_record=max_record)
        at, in_overlong = at + framed.consumed, framed.overlong
    while at < len(data):
        framed = frame(data[at:], in_overlong=in_overlong, max_record=max_record)
        assert framed.consumed or framed.overlong != in_overlong
        at, in_overlong = at + framed.consumed, framed.overlong
    assert at == len(data)
    assert not in_overlong


def test_a_record_without_end_is_scanned_at_its_head_and_at_its_end() -> None:
    data = b"x" * 1000
    head = frame(data, in_overlong=False, max_record=100)
    assert (head.start, head.end, head.consumed, head.overlong) == (0, 50, 50, True)
    middle = frame(b"x" * (TAIL_KEPT + 500), in_overlong=True)
    assert (middle.start, middle.end, middle.skipped, middle.overlong) == (500, TAIL_KEPT + 500, 500, True)
    end = frame(b"x" * (TAIL_KEPT + 500) + b"\nnext\n", in_overlong=True)
    assert (end.start, end.end, end.overlong) == (501, TAIL_KEPT + 501, False)


@pytest.mark.parametrize("max_record", [100, 101])
def test_a_line_of_just_the_limit_is_whole(max_record: int) -> None:
    line = b"x" * 99 + b"\n"
    assert frame(line, in_overlong=False, max_record=max_record).settled == 100


def test_an_overlong_record_ends_at_the_first_end_of_any_kind() -> None:
    assert frame(b"xx\rnext\n", in_overlong=True).end == 3
    assert frame(b"xx\nnext\r", in_overlong=True).end == 3
    assert frame(b"xx\rnext\n", in_overlong=True, in_lines=True).end == 8


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (codecs.BOM_UTF16_LE + b"a\0", "utf-16-le"),
        (codecs.BOM_UTF16_BE + b"\0a", "utf-16-be"),
        (codecs.BOM_UTF8 + b"a", ""),
        (b"plain", ""),
        (b"", ""),
    ],
)
def test_a_byte_order_mark_says_the_encoding(head: bytes, encoding: str) -> None:
    assert sniff(head) == encoding


@given(st.text(), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_text_comes_through_and_its_length_in_the_file_is_known(text: str, encoding: str) -> None:
    raw = text.encode(encoding)
    assert to_utf8(raw, encoding) == text.encode()
    assert raw_length(text.encode(), encoding) == len(raw)


@given(st.binary(), st.sampled_from(["utf-16-le", "utf-16-be"]))
def test_units_that_are_no_text_keep_their_length(data: bytes, encoding: str) -> None:
    """Lone surrogates occur where a program cuts a string; the offset must not drift."""
    assert raw_length(to_utf8(data, encoding), encoding) == len(data) & ~1


@given(st.binary())
def test_what_is_not_utf_16_passes_as_it_is(data: bytes) -> None:
    assert to_utf8(data, "") == data
    assert raw_length(data, "") == len(data)
