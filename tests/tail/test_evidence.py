"""Samples of what was read: they know a file again, and notice when it is another one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.tail.evidence import HEAD, SPOT, SPOTS, TAIL, Evidence, ReadAt


def reading(data: bytes) -> ReadAt:
    return lambda offset, size: data[offset : offset + size]


def read(data: bytes, *pieces: int) -> Evidence:
    """What is known after `data` was read in pieces of these sizes, and then the rest."""
    evidence, at = Evidence(), 0
    for size in (*pieces, len(data)):
        piece = data[at : at + size]
        if piece:
            evidence.extend(piece, data[max(0, at + len(piece) - TAIL) : at + len(piece)])
        at += len(piece)
    return evidence


def lines(size: int, name: bytes = b"a") -> bytes:
    """A log of about `size` bytes in which no two lines are the same."""
    count = size // 32
    return b"".join(b"%s step %010d loss 2.3714 ....\n" % (name, n) for n in range(count))


@given(st.binary(min_size=1, max_size=2000), st.lists(st.integers(1, 300)), st.binary(max_size=100))
def test_a_file_that_was_read_and_grew_is_known_again(data: bytes, pieces: list[int], more: bytes) -> None:
    assert read(data, *pieces).agrees(reading(data + more))


@given(st.binary(min_size=1, max_size=2000), st.lists(st.integers(1, 300)), st.data())
def test_any_other_byte_in_the_head_is_noticed(data: bytes, pieces: list[int], chosen: st.DataObject) -> None:
    at = chosen.draw(st.integers(0, len(data) - 1))
    other = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert not read(data, *pieces).agrees(reading(other))


@given(st.binary(min_size=1, max_size=2000), st.data())
def test_a_file_that_is_shorter_is_another(data: bytes, chosen: st.DataObject) -> None:
    shorter = data[: chosen.draw(st.integers(0, len(data) - 1))]
    assert not read(data).agrees(reading(shorter))


def test_nothing_read_agrees_with_everything() -> None:
    assert Evidence().is_empty
    assert Evidence().agrees(reading(b"anything"))


def test_what_stands_beyond_the_offset_counts_too() -> None:
    evidence = read(b"line\n")
    evidence.look_ahead(b"unfinished")
    assert evidence.agrees(reading(b"line\nunfinished and more"))
    assert not evidence.agrees(reading(b"line\nsomething else"))


def test_an_unfinished_line_alone_is_evidence() -> None:
    evidence = Evidence()
    evidence.look_ahead(b"unfinished")
    assert not evidence.is_empty
    assert not evidence.agrees(reading(b"another"))


@pytest.mark.parametrize("size", [HEAD * 3, HEAD * 40])
def test_another_run_behind_the_same_banner_is_noticed(size: int) -> None:
    banner = lines(HEAD, b"banner")
    mine = banner + lines(size, b"one")
    evidence = read(mine, *[HEAD // 2] * (len(mine) // HEAD * 2))
    another = banner + lines(size, b"two")
    ending = mine[-TAIL:]
    assert evidence.agrees(reading(mine))
    assert not evidence.agrees(reading(another[: len(mine) - TAIL] + ending))


def test_samples_stay_few_and_spread_however_long_the_file_is() -> None:
    evidence = Evidence()
    for _ in range(1000):
        evidence.extend(b"x" * HEAD, b"x" * TAIL)
    assert len(evidence.spots) <= SPOTS
    ends = [end for end, _ in evidence.spots]
    assert ends == sorted(ends)
    assert ends[0] < evidence.length / 4
    assert ends[-1] > evidence.length / 2


def test_of_a_file_that_was_cut_so_much_stands_as_samples_show() -> None:
    data = lines(HEAD * 8)
    evidence = read(data, *[HEAD] * 8)
    stands = evidence.standing(HEAD * 5 + 100, reading(data[: HEAD * 5 + 100]))
    assert stands == HEAD * 5
    assert evidence.up_to(stands).spots == [spot for spot in evidence.spots if spot[0] <= stands]


def test_of_a_file_that_was_cut_and_written_on_only_the_old_part_stands() -> None:
    data = lines(HEAD * 8)
    evidence = read(data, *[HEAD] * 8)
    written_on = data[: HEAD * 3 + 100] + lines(HEAD * 3, b"new")
    assert evidence.standing(len(written_on), reading(written_on)) == HEAD * 3


@pytest.mark.parametrize("left", [0, 100, HEAD, HEAD + SPOT - 1])
def test_a_banner_alone_is_not_enough_to_stand(left: int) -> None:
    data = lines(HEAD * 8)
    assert read(data, *[HEAD] * 8).standing(left, reading(data[:left])) == 0


def test_another_head_does_not_stand() -> None:
    data = lines(HEAD * 8)
    other = b"B" + data[1 : HEAD * 5]
    assert read(data, *[HEAD] * 8).standing(len(other), reading(other)) == 0


def test_after_a_jump_only_what_stands_before_the_offset_is_known() -> None:
    data = lines(4096)
    evidence = Evidence()
    evidence.skip_to(2048, data[2048 - TAIL : 2048])
    assert evidence.agrees(reading(data))
    assert evidence.agrees(reading(b"?" * 1000 + data[1000:]))
    assert not evidence.agrees(reading(data[:2047] + b"?" + data[2048:]))


@given(st.binary(max_size=2000), st.lists(st.integers(1, 300)), st.binary(max_size=50))
def test_evidence_survives_being_remembered(data: bytes, pieces: list[int], ahead: bytes) -> None:
    evidence = read(data, *pieces)
    evidence.look_ahead(ahead)
    assert Evidence.from_dict(evidence.to_dict()) == evidence
