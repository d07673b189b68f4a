"""What a terminal hides is taken out, and every offset still leads back to the raw bytes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.clean import Clean, visible
from logwatch.scan.records import records

PIECES = st.sampled_from(
    [
        b"\n",
        b"\r",
        b"\r\n",
        b"NCCL",
        b" error 7",
        b"\xc3\xa9",
        b"\xff",
        b"\x00",
        b"\x00\x00",
        b"\x1b[0m",
        b"\x1b[1;31m",
        b"\x1b[",
        b"\x1b]0;title\x07",
        b"\x1b]8;;https://example.com\x1b\\",
        b"\x1b]never ended",
        b"\x1b(B",
        b"\x1b",
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xbb\xbf",
        b"m",
        b"[",
    ]
)
CHUNKS = st.lists(PIECES | st.binary(max_size=3)).map(b"".join)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain", "plain"),
        (b"\x1b[31mNCCL\x1b[0m WARN", "NCCL WARN"),
        (b"\x1b[1;38;5;196mred\x1b[m", "red"),
        (b"\x1b[?25lhidden cursor\x1b[?25h", "hidden cursor"),
        (b"\x1b]0;window title\x07text", "text"),
        (b"\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b(Bcharset", "charset"),
        (b"shared memory (shm).\x00\x00", "shared memory (shm)."),
        (b"\xef\xbb\xbffirst line", "first line"),
        (b"bad \xff byte", "bad \ufffd byte"),
        (b"\xc3\xa9t\xc3\xa9", "été"),
        # Not a whole sequence: nothing is guessed.
        (b"\x1b[31", "\x1b[31"),
        (b"\x1b]0;no end", "\x1b]0;no end"),
    ],
)
def test_a_record_is_shown_as_a_terminal_would_show_it(raw: bytes, shown: str) -> None:
    assert visible(raw) == shown


def test_bytes_without_anything_hidden_are_not_copied() -> None:
    raw = b"step 1 loss 2.0\n" * 10
    clean = Clean(raw)
    assert clean.data is raw
    assert clean.to_raw(37) == 37


def test_a_records_raw_start_includes_its_colours_and_its_end_leaves_out_trailing_ones() -> None:
    raw = b"one\x1b[0m\n\x1b[31mtwo\x1b[0m\n"
    clean = Clean(raw)
    assert clean.data == b"one\ntwo\n"
    assert (clean.to_raw(4), clean.to_raw(7)) == (raw.index(b"\x1b[31m"), raw.rindex(b"\x1b[0m"))


@given(CHUNKS)
def test_the_raw_place_of_a_cleaned_record_shows_exactly_that_record(raw: bytes) -> None:
    clean = Clean(raw)
    for start, end in records(clean.data):
        raw_start, raw_end = clean.to_raw(start), clean.to_raw(end)
        assert visible(raw[raw_start:raw_end]) == clean.data[start:end].decode("utf-8", "replace")


@given(CHUNKS)
def test_a_cleaned_record_starts_where_its_raw_record_starts(raw: bytes) -> None:
    clean = Clean(raw)
    of_cleaned = [clean.to_raw(start) for start, _ in records(clean.data)]
    of_raw = [start for start, end in records(raw) if visible(raw[start:end])]
    assert of_cleaned == of_raw


@given(CHUNKS)
def test_offsets_never_run_backwards(raw: bytes) -> None:
    clean = Clean(raw)
    places = [clean.to_raw(at) for at in range(len(clean.data) + 1)]
    assert places == sorted(places)
    assert all(0 <= at <= len(raw) for at in places)


@given(CHUNKS)
def test_cleaning_neither_joins_nor_splits_records(raw: bytes) -> None:
    def terminators(data: bytes) -> bytes:
        return bytes(byte for byte in data if byte in b"\r\n")

    assert terminators(Clean(raw).data) == terminators(raw)


@given(CHUNKS)
def test_what_is_hidden_is_found_in_one_look_from_left_to_right(raw: bytes) -> None:
    escape = rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\r\n]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])"
    assert Clean(raw).data == re.sub(escape + rb"|\x00|\xef\xbb\xbf", b"", raw)


@given(CHUNKS, CHUNKS)
def test_a_chunk_cut_between_records_is_cleaned_to_the_same_bytes(first: bytes, second: bytes) -> None:
    assert Clean(first + b"\n").data + Clean(second).data == Clean(first + b"\n" + second).data
