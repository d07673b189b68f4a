"""Entries are found by the words that people remember."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.catalogue.entry import Entry
from logwatch.catalogue.search import search, similar


def entry(name: str, **fields: object) -> Entry:
    return Entry.model_validate({"id": name, "signature": "a line", "regex": "a pattern", **fields})


ENTRIES = (
    entry("nccl/watchdog-timeout", signature="Watchdog caught collective operation timeout", tags=["hang"]),
    entry("nccl/remote-error", signature="ncclRemoteError: a remote process exited", root_cause="A timeout."),
    entry("nvidia/xid-79", signature="GPU has fallen off the bus", error_code="79", aliases=["gpu/fallen"]),
    entry(
        "pytorch/oom", signature="CUDA out of memory", root_cause_zh="显存不足", regex="CUDA out of memory"
    ),
    entry("python/frankly", signature="frankly, no rank"),
)


def ids(words: Sequence[str]) -> list[str]:
    return [hit.entry.id for hit in search(ENTRIES, words)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["xid-79"], ["nvidia/xid-79"]),
        (["79"], ["nvidia/xid-79"]),
        (["gpu/fallen"], ["nvidia/xid-79"]),
        (["hang"], ["nccl/watchdog-timeout"]),
        (["CUDA", "Memory"], ["pytorch/oom"]),
        (["显存"], ["pytorch/oom"]),
        (["fallen", "bus"], ["nvidia/xid-79"]),
        (["nothing-like-it"], []),
        ([], []),
    ],
)
def test_an_entry_is_found_by_id_title_tag_code_alias_pattern_and_cause(
    words: list[str], expected: list[str]
) -> None:
    assert ids(words) == expected


def test_what_an_entry_is_about_counts_more_than_what_it_mentions() -> None:
    assert ids(["timeout"]) == ["nccl/watchdog-timeout", "nccl/remote-error"]


def test_only_entries_with_most_of_the_words_are_shown() -> None:
    assert ids(["nccl", "timeout", "collective"]) == ["nccl/watchdog-timeout"]


def test_a_whole_word_counts_more_than_a_part_of_one() -> None:
    whole, part = entry("b/whole", signature="the rank left"), entry("a/part", signature="frankly left")
    assert [hit.entry.id for hit in search([part, whole], ["rank"])] == ["b/whole", "a/part"]


@given(st.lists(st.text(max_size=8), max_size=4))
def test_any_words_may_be_asked_for(words: list[str]) -> None:
    hits = search(ENTRIES, words)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_entry_that_shares_rare_words_is_most_similar() -> None:
    line = "RuntimeError: CUDA ran out of memory on rank 3"
    assert similar(ENTRIES, line)[0].entry.id == "pytorch/oom"


def test_nothing_is_similar_to_a_line_without_known_words() -> None:
    assert similar(ENTRIES, "12:00 ok 7") == []


def test_no_more_than_a_few_are_called_similar() -> None:
    many = [entry(f"a/{n}", signature="the same words") for n in range(10)]
    assert [hit.entry.id for hit in similar(many, "the same words", limit=2)] == ["a/0", "a/1"]
