"""Taking the wrapping of container runtimes off."""

import itertools
import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.tail.wrapping import OVERLAP, Begun, Unwrapped, is_as_written, sniff_wrapping, unwrap

STAMP = b"2026-01-04T21:33:04.123456789Z"
MAX = 1 << 18


def cri(text: bytes, *, stream: bytes = b"stderr", tag: bytes = b"F") -> bytes:
    return b"%s %s %s %s\n" % (STAMP, stream, tag, text)


def docker(text: str, stream: str = "stderr") -> bytes:
    return json.dumps({"log": text, "stream": stream, "time": STAMP.decode()}).encode() + b"\n"


def records(data: bytes, wrapping: str) -> list[bytes]:
    """Complete records, without the time and stream that stand in front of each."""
    unwrapped = unwrap(data, wrapping, max_record=MAX)
    found = unwrapped.data[: unwrapped.settled].split(b"\n")[:-1]
    return [record.removeprefix(STAMP + b" ").removeprefix(b"stderr F ") for record in found]


@pytest.mark.parametrize(
    ("head", "wrapping"),
    [
        (cri(b"text"), "cri"),
        (cri(b"", tag=b"P"), "cri"),
        (docker("text\n"), "docker"),
        (b'{"stream":"stdout","log":"x\\n"}\n', "docker"),
        (b"step 1 loss 2.3\n", "plain"),
        (b'{"loss": 2.3}\n', "plain"),
        (b"", "plain"),
    ],
)
def test_the_wrapping_is_recognised_by_the_first_line(head: bytes, wrapping: str) -> None:
    assert wrapping == sniff_wrapping(head)


def test_pieces_of_a_line_are_joined_and_stand_where_the_first_one_stood() -> None:
    first = cri(b"before")
    data = first + cri(b"CUDA out of ", tag=b"P") + cri(b"memory", tag=b"P") + cri(b". Tried", tag=b"F")
    unwrapped = unwrap(data, "cri", place=1000, line=7, max_record=MAX)
    joined = unwrapped.data.split(b"\n")[1]
    assert joined == STAMP + b" stderr F CUDA out of memory. Tried"
    assert unwrapped.place(unwrapped.data.find(joined)) == (1000 + len(first), 8)


def test_streams_do_not_mix() -> None:
    data = cri(b"out ", stream=b"stdout", tag=b"P") + cri(b"err") + cri(b"end", stream=b"stdout")
    assert records(data, "cri") == [b"err", b"stdout F out end"]


def test_a_record_with_pieces_to_come_is_shown_and_taken_up_again_with_the_next_lines() -> None:
    """What stands in it is not settled; what other streams write is."""
    half = cri(b"done") + cri(b"CUDA out ", tag=b"P") + cri(b"other", stream=b"stdout")
    unwrapped = unwrap(half, "cri", max_record=MAX)
    assert b"CUDA out" not in unwrapped.data[: unwrapped.settled]
    assert b"CUDA out" in unwrapped.data[unwrapped.settled :]
    rest = unwrap(cri(b"of memory"), "cri", place=len(half), line=3, begun=unwrapped.begun, max_record=MAX)
    assert rest.data.startswith(STAMP + b" stderr F CUDA out of memory\n")
    assert rest.place(0) == (len(cri(b"done")), 1)


def test_a_record_of_pieces_without_end_is_given_out_in_parts_that_overlap() -> None:
    """All parts stand at one place: what matches in two of them is one event."""
    data = b"".join(cri(b"%05d " % n + b"x" * 10_000, tag=b"P") for n in range(10))
    unwrapped = unwrap(data, "cri", max_record=60_000)
    parts = unwrapped.data.split(b"\n")
    assert len(parts[0]) < 70_000
    assert len(unwrapped.begun["stderr"].text) <= 60_000 + OVERLAP
    assert all(b"%05d " % n in unwrapped.data for n in range(10))
    assert {unwrapped.place(at)[0] for at in (0, len(parts[0]) + 1)} == {0}
    assert unwrapped.cut == 1


def test_a_progress_bar_in_pieces_is_given_out_as_it_is_drawn() -> None:
    """Its carriage returns end records: nothing piles up until some day a line feed comes."""
    bar = cri(b"  1%|   |\r  2%|   |\r ERR", tag=b"P")
    unwrapped = unwrap(bar, "cri", max_record=MAX)
    assert unwrapped.data[: unwrapped.settled] == STAMP + b" stderr F   1%|   |\r  2%|   |\r\n"
    begun = unwrapped.begun["stderr"]
    assert begun.text == b" ERR"
    assert bar[begun.place :] == b" ERR\n"
    second = unwrapped.data.find(b"  2%")
    assert unwrapped.place(second) == (bar.find(b"  2%"), 0)


def test_parts_of_a_joined_record_each_have_a_place_of_their_own() -> None:
    data = cri(b"a", tag=b"P") + cri(b"b\rERR 1\rERR 2")
    unwrapped = unwrap(data, "cri", max_record=MAX)
    assert [unwrapped.place(unwrapped.data.find(text)) for text in (b"ERR 1", b"ERR 2")] == [
        (data.find(b"ERR 1"), 1),
        (data.find(b"ERR 2"), 1),
    ]


def test_whole_lines_pass_as_they_are() -> None:
    """Without pieces there is nothing to join, and nothing is copied."""
    begun = {"stdout": Begun(0, 0, b"", b"half")}
    assert is_as_written(cri(b"one") + cri(b"two"), "cri", {})
    assert not is_as_written(cri(b"one", tag=b"P"), "cri", {})
    assert not is_as_written(cri(b"one"), "cri", begun)
    assert not is_as_written(docker("one\n"), "docker", {})


def test_dockers_escapes_are_undone_and_the_time_stands_in_front() -> None:
    """Quotes, tabs and angle brackets are written otherwise in JSON; patterns speak of the text."""
    unwrapped = unwrap(docker('the "accelerate" launcher <f>\t\x1b[0m\n'), "docker", max_record=MAX)
    assert unwrapped.data.startswith(STAMP + b' the "accelerate" launcher <f>\t\x1b[0m\n')


def test_pieces_in_dockers_format_are_joined() -> None:
    assert records(docker("CUDA out ") + docker("of memory\n"), "docker") == [b"CUDA out of memory"]


@pytest.mark.parametrize(
    "line",
    [b"not json", b'{"log": 5}', b"[]", b'{"log": "x"', b'{"log":"a","stream":7}', b"[" * 100_000],
)
def test_a_line_that_is_not_what_it_should_be_passes_through(line: bytes) -> None:
    assert [line] == records(line + b"\n", "docker")


@pytest.mark.parametrize("time", ["x" * 50, "20\n26", "\x1b[2J", "Zeit: früh", ""])
def test_what_stands_in_the_place_of_the_time_and_is_none_is_left_out(time: str) -> None:
    line = json.dumps({"log": "text\n", "time": time}).encode() + b"\n"
    assert unwrap(line, "docker", max_record=MAX).data.startswith(b"text\n")


def test_what_was_begun_comes_back_from_the_store_as_it_was() -> None:
    begun = Begun(12, 3, b"2026 ", bytes(range(256)))
    assert begun == Begun.from_list(json.loads(json.dumps(begun.to_list())))


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["stdout", "stderr"]), st.booleans(), st.text('ab<"é\r', max_size=5).map(str.encode)
    ),
    max_size=12,
)


@given(PIECES, st.lists(st.integers(0, 12), max_size=3), st.sampled_from(["cri", "docker"]))
def test_however_lines_are_divided_into_reads_the_same_records_come_out_each_at_its_place(
    pieces: Sequence[tuple[str, bool, bytes]], cuts: Sequence[int], wrapping: str
) -> None:
    lines = [
        cri(text, stream=stream.encode(), tag=b"F" if is_last else b"P")
        if wrapping == "cri"
        else docker(text.decode() + "\n" * is_last, stream)
        for stream, is_last, text in pieces
    ]
    once = unwrap(b"".join(lines), wrapping, max_record=MAX)
    whole = _settled(once)
    told: list[tuple[tuple[int, int], bytes]] = []
    begun: Mapping[str, Begun] = {}
    edges = sorted({0, len(lines), *(cut for cut in cuts if cut < len(lines))})
    for start, end in itertools.pairwise(edges):
        place = len(b"".join(lines[:start]))
        some = b"".join(lines[start:end])
        unwrapped = unwrap(some, wrapping, place=place, line=start, begun=begun, max_record=MAX)
        begun = unwrapped.begun
        told += _settled(unwrapped)
    assert told == whole
    assert begun == once.begun


def _settled(unwrapped: Unwrapped) -> list[tuple[tuple[int, int], bytes]]:
    """Records, parts of records each for itself, with their places."""
    found, at = [], 0
    for record in unwrapped.data[: unwrapped.settled].replace(b"\r", b"\n").split(b"\n")[:-1]:
        found.append((unwrapped.place(at), record))
        at += len(record) + 1
    return found
