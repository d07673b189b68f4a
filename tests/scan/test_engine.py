"""Both engines find the same literals at the same places."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logwatch.scan.engine import available, build
from logwatch.scan.literals import MAX_LENGTH, Literal

ENGINES = available()
SENSITIVE = st.binary(min_size=3, max_size=6).map(lambda data: Literal(data.replace(b"\0", b"0")))
OVERLAPPING = st.text("aAbBéK", min_size=3, max_size=5).map(lambda text: Literal(text.encode()))
CASELESS = st.text("abk é", min_size=3, max_size=5).map(lambda text: Literal(text.encode(), caseless=True))
LITERALS = st.lists(SENSITIVE | OVERLAPPING | CASELESS, max_size=8, unique=True)


def by_hand(literals: list[Literal], chunk: bytes) -> list[tuple[int, int]]:
    hits = []
    for index, literal in enumerate(literals):
        for at in range(len(chunk)):
            piece = chunk[at : at + len(literal.data)]
            if (piece.lower() if literal.caseless else piece) == literal.data:
                hits.append((at + len(piece), index))
    return sorted(hits)


@st.composite
def chunks(draw: st.DrawFn, literals: list[Literal]) -> bytes:
    noise = st.binary(max_size=8) | st.text("aAbBkK é\u212a", max_size=6).map(str.encode)
    wanted = st.sampled_from([literal.data for literal in literals] or [b""])
    pieces = noise | wanted | wanted.map(bytes.upper) | wanted.map(lambda data: data[:-1])
    return b"".join(draw(st.lists(pieces, max_size=12)))


@pytest.mark.parametrize("name", ENGINES)
@settings(deadline=None)
@given(st.data())
def test_an_engine_finds_what_looking_by_hand_finds(name: str, data: st.DataObject) -> None:
    literals = data.draw(LITERALS)
    chunk = data.draw(chunks(literals))
    assert build(literals, name).find(chunk) == by_hand(literals, chunk)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=2000), st.data())
def test_engines_agree_on_any_bytes(chunk: bytes, data: st.DataObject) -> None:
    cuts = st.integers(0, max(0, len(chunk) - 3)).map(lambda at: chunk[at : at + 3])
    pieces = [
        piece
        for piece in data.draw(st.lists(cuts, max_size=20, unique=True))
        if len(piece) == 3 and b"\0" not in piece
    ]
    literals = [Literal(piece) for piece in pieces]
    first, *others = [build(literals, name).find(chunk) for name in ENGINES]
    assert all(other == first for other in others)
    assert {index for _, index in first} == set(range(len(literals)))


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "special", [b"a.b*c", b"(?i)", b"[abc]", b"a\\d", b"^abc$", b"a|b", b"a\tb", b"a{2}"]
)
def test_a_literal_is_never_read_as_a_pattern(name: str, special: bytes) -> None:
    assert build([Literal(special)], name).find(b"--" + special + b"--abc aab a1") == [(2 + len(special), 0)]


@pytest.mark.parametrize("name", ENGINES)
def test_the_longest_literal_is_found_at_both_ends_of_a_chunk(name: str) -> None:
    longest = bytes(range(33, 33 + MAX_LENGTH))
    found = build([Literal(longest)], name).find(longest + b" " + longest)
    assert found == [(MAX_LENGTH, 0), (2 * MAX_LENGTH + 1, 0)]


@pytest.mark.parametrize("name", ENGINES)
def test_without_literals_nothing_is_found(name: str) -> None:
    assert build([], name).find(b"anything") == []


@pytest.mark.parametrize("name", ENGINES)
def test_one_engine_serves_several_threads_at_once(name: str) -> None:
    engine = build([Literal(b"needle-%d-" % n) for n in range(50)], name)
    chunk = (b"hay " * 250 + b"needle-7-") * 500
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda _: len(engine.find(chunk)), range(24)))
    assert counts == [500] * 24


def test_the_preferred_engine_is_taken_unless_another_is_asked_for() -> None:
    literals = [Literal(b"needle")]
    assert build(literals).name == ENGINES[0]
    assert build(literals, "plain").name == "plain"
