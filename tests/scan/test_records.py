"""Records end with a line feed or a carriage return, whatever else stands in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.records import complete_length, record_around, records

LOGS = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"step 1", b"\x00", b"\xff"])).map(b"".join)


def split(data: bytes) -> list[bytes]:
    return [data[start:end] for start, end in records(data)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"one", [b"one"]),
        (b"one\n", [b"one"]),
        (b"one\ntwo\n", [b"one", b"two"]),
        (b"one\r\ntwo\r\n", [b"one", b"two"]),
        (b"10%\r50%\rError\r90%\n", [b"10%", b"50%", b"Error", b"90%"]),
        (b"\n\n\r\r\n", []),
        (b"\n\none\n\n", [b"one"]),
        (b"one\r", [b"one"]),
        (b"\rone", [b"one"]),
        (b"one\n\rtwo", [b"one", b"two"]),
        (b"a\x0bb\x0cc\x85d\xe2\x80\xa8e", [b"a\x0bb\x0cc\x85d\xe2\x80\xa8e"]),
    ],
)
def test_a_record_ends_with_a_line_feed_or_a_carriage_return_and_empty_ones_are_left_out(
    data: bytes, expected: list[bytes]
) -> None:
    assert split(data) == expected


@given(LOGS)
def test_the_records_are_what_lies_between_the_terminators(data: bytes) -> None:
    assert split(data) == [part for part in re.split(rb"[\r\n]", data) if part]


@given(LOGS)
def test_the_record_around_any_of_its_bytes_is_that_record(data: bytes) -> None:
    for start, end in records(data):
        assert {record_around(data, at) for at in range(start, end)} == {(start, end)}


@given(LOGS)
def test_the_complete_part_ends_with_a_terminator_and_leaves_none_behind(data: bytes) -> None:
    length = complete_length(data)
    assert length == 0 or data[length - 1] in b"\r\n"
    assert re.search(rb"[\r\n]", data[length:]) is None


@given(LOGS)
def test_cutting_off_the_complete_part_divides_no_record(data: bytes) -> None:
    length = complete_length(data)
    assert split(data[:length]) + split(data[length:]) == split(data)
