"""Taking the wrapping of container runtimes off."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.tail.wrapping import sniff_wrapping, unwrap

STAMP = b"2026-01-04T21:33:04.123456789Z"
MAX = 1 << 18


def cri(text: bytes, *, stream: bytes = b"stderr", tag: bytes = b"F") -> bytes:
    return b"%s %s %s %s\n" % (STAMP, stream, tag, text)


def docker(text: str, stream: str = "stderr") -> bytes:
    return json.dumps({"log": text, "stream": stream, "time": "2026-01-04T21:33:04Z"}).encode() + b"\n"


def records(data: bytes, wrapping: str) -> list[bytes]:
    return unwrap(data, wrapping, MAX).data.splitlines()  # type: ignore[arg-type]


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
    unwrapped = unwrap(data, "cri", MAX)
    assert unwrapped.data.splitlines()[1] == b"CUDA out of memory. Tried"
    assert len(first) == unwrapped.place(unwrapped.data.find(b"memory"))
    assert len(data) == unwrapped.consumed


def test_streams_do_not_mix() -> None:
    data = cri(b"out ", stream=b"stdout", tag=b"P") + cri(b"err", tag=b"F") + cri(b"end", stream=b"stdout")
    assert records(data, "cri") == [b"err", b"out end"]


def test_a_record_with_pieces_to_come_waits_and_keeps_what_follows_waiting() -> None:
    """Nothing after the first unfinished piece is accounted for: it will be read again, and said once."""
    done = cri(b"done")
    data = done + cri(b"half", tag=b"P") + cri(b"other", stream=b"stdout")
    assert len(done) == unwrap(data, "cri", MAX).consumed


def test_a_record_of_pieces_without_end_is_cut_at_the_limit() -> None:
    data = cri(b"x" * 100, tag=b"P") * 5
    unwrapped = unwrap(data, "cri", 300)
    assert unwrapped.data.splitlines()[0] == b"x" * 300


def test_whole_lines_pass_as_they_are() -> None:
    """Without pieces there is nothing to join, and nothing is copied."""
    data = cri(b"one") + cri(b"two")
    assert data is unwrap(data, "cri", MAX).data


def test_dockers_escapes_are_undone() -> None:
    """Quotes, tabs and angle brackets are written otherwise in JSON; patterns speak of the text."""
    assert records(docker('the "accelerate" launcher <f>\t\x1b[0m\n'), "docker") == [
        b'the "accelerate" launcher <f>\t\x1b[0m'
    ]


def test_pieces_in_dockers_format_are_joined() -> None:
    assert records(docker("CUDA out ") + docker("of memory\n"), "docker") == [b"CUDA out of memory"]


@pytest.mark.parametrize(
    "line", [b"not json", b'{"log": 5}', b"[]", b'{"log": "x"', b'{"log":"a","stream":7}']
)
def test_a_line_that_is_not_what_it_should_be_passes_through(line: bytes) -> None:
    assert [line] == records(line + b"\n", "docker")


PIECES = st.tuples(
    st.sampled_from(["stdout", "stderr"]), st.sampled_from(["", "\n"]), st.text('ab<"é', max_size=5)
)


@given(st.lists(PIECES, max_size=12), st.integers(0, 12))
def test_reading_on_from_what_was_consumed_loses_and_adds_nothing(
    pieces: list[tuple[str, str, str]], cut: int
) -> None:
    """However the lines are divided into reads, the same records come out, each at its place."""
    lines = [docker(text + end, stream) for stream, end, text in pieces]
    whole = b"".join(lines)
    begun = unwrap(b"".join(lines[:cut]), "docker", MAX)
    rest = unwrap(whole[begun.consumed :], "docker", MAX)
    told = {(begun.place(at), record) for at, record in _placed(begun.data)}
    told |= {(begun.consumed + rest.place(at), record) for at, record in _placed(rest.data)}
    entire = unwrap(whole, "docker", MAX)
    assert {(entire.place(at), record) for at, record in _placed(entire.data)} == told


def _placed(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    for line in data.split(b"\n")[:-1]:
        found.append((at, line))
        at += len(line) + 1
    return found
