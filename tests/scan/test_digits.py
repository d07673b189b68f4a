"""What is told of digits: where they decide nothing, a search finds the same whatever they are."""

import random
import re
from collections.abc import Iterator

import pytest
import regex
from hypothesis import assume, given
from hypothesis import strategies as st

from logwatch.catalogue.folders import shipped_folder
from logwatch.catalogue.load import load
from logwatch.scan.digits import deciding, shape_of, told_apart
from logwatch.scan.pattern import FLAGS, compiled

from .patterns import Drawn, drawn_patterns


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"Xid \(PCI:[0-9a-f:.]+\): 79\b", {b"): 00"}),
        (r"rank \d+ of [0-9]{1,4} \w+", set()),
        (r"rank [1-9]\d* is late", {b"rank 0"}),
        (r"sm_(?:80|90)", {b"sm_00"}),
        (r"(?i)Code 137", {b" 000"}),
        (r"(?i:code)7|CODE 8", {b"0", b"CODE 0"}),
        (r"exit [^0]", {b"exit 0"}),
        (r"exit [a-f1]7", {b"exit 0", b"0"}),
        (r"a(?=1)", {b"a0"}),
        (r"a(?<!a1)", {b"a0"}),
        (r"a(?>3)?", {b"a0"}),
        (r"a(?:10){2}", {b"00"}),
        (r"code (?P<code>(?!8)\d+|7)9", {b"code 0", b"0"}),
        (r"rank (?P<rank>1)2", {b"rank 00"}),
        (r"ärger5", {b"rger0"}),
    ],
)
def test_it_names_the_texts_in_which_some_digits_count(pattern: str, texts: set[bytes]) -> None:
    assert told_apart(pattern) == texts


@pytest.mark.parametrize("pattern", [r"(\d)\1", r"(?P<a>\d)(?P=a)", "(a){e<2}", "["])
def test_of_what_refers_to_what_was_found_nobody_can_say(pattern: str) -> None:
    assert told_apart(pattern) is None


def test_the_digits_of_a_text_are_found_wherever_it_may_stand() -> None:
    shape = shape_of(b"[rank3]: Xid (PCI:05): 79, Xid 79: 790")
    assert deciding(shape, [b": 00"]) == [slice(23, 25), slice(35, 37)]
    assert deciding(shape, [b": 00", b"000"]) == [slice(23, 25), slice(35, 38)]
    assert deciding(shape, []) == []


@given(drawn_patterns(), st.text("aB01279 -:", max_size=6), st.text("aB01279 -:", max_size=6), st.randoms())
def test_where_no_digit_decides_any_other_finds_the_same(
    drawn: Drawn, before: str, after: str, dice: random.Random
) -> None:
    texts = told_apart(drawn.pattern)
    assume(texts is not None)
    pattern = regex.compile(drawn.pattern, FLAGS)
    line = before + drawn.text + after
    for other in others(line, texts or frozenset(), dice):
        assert spans(pattern, other) == spans(pattern, line)


def test_that_holds_for_all_shipped_patterns_and_their_examples() -> None:
    dice = random.Random(1)
    shown = 0
    for entry in load([shipped_folder()]).entries.values():
        texts = told_apart(entry.regex)
        assert texts is not None, entry.id
        pattern = compiled(entry.regex)
        for example in (*entry.examples.match, *entry.examples.no_match):
            found = spans(pattern, example.text)
            for other in others(example.text, texts, dice):
                assert spans(pattern, other) == found, (entry.id, example.text, other)
                shown += other != example.text
    assert shown > 5000


def others(line: str, texts: frozenset[bytes], dice: random.Random) -> Iterator[str]:
    """`line` with other digits where none decides."""
    record = line.encode("utf-8", "surrogatepass")
    fixed = {at for place in deciding(shape_of(record), texts) for at in range(place.start, place.stop)}
    free = [found.start() for found in re.finditer(rb"[0-9]", record) if found.start() not in fixed]
    for _ in range(3):
        other = bytearray(record)
        for at in free:
            other[at] = dice.choice(b"0123456789")
        yield other.decode("utf-8", "surrogatepass")


def spans(pattern: "regex.Pattern[str]", line: str) -> object:
    found = pattern.search(line)
    return found and found.regs
