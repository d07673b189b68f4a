"""What is searched without a time limit is over soon, whatever stands there."""

import pytest

from logwatch.catalogue.adversary import hostile_lines
from logwatch.catalogue.folders import shipped_folder
from logwatch.catalogue.load import load
from logwatch.scan import paths
from logwatch.scan.paths import MOST_PATHS, longest_harmless
from logwatch.scan.pattern import compiled
from logwatch.scan.scanner import DEFAULT_TIMEOUT_S, Rule, Scanner


@pytest.mark.parametrize(
    ("pattern", "ways"),
    [
        ("CUDA out of memory", 1),
        ("(?:device|host) lost", 2),
        ("rank [0-9]{1,4} failed", 4),
        ("ranks? (?:ab|cd|ef) gone", 6),
        (r"\d{2}:\d{2}", 1),
        ("(?<!x)y(?=[ab]{1,3})", 3),
    ],
)
def test_a_pattern_has_as_many_ways_as_its_parts_leave(pattern: str, ways: int) -> None:
    assert longest_harmless(pattern) == MOST_PATHS // ways


def test_each_part_without_an_end_shortens_what_is_harmless() -> None:
    lengths = [longest_harmless("a" + r"\w*b" * parts) for parts in range(5)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[1] < 5_000
    assert lengths[4] < 100


@pytest.mark.parametrize(
    "pattern", [r"(?:a+)+b", r"(?:a|ab)*c", r"(a*)\1b", "(?=.*x)y", "[[:alpha:]]+", "(a){e<2}", "("]
)
def test_of_what_may_go_wrong_without_end_nothing_is_harmless(pattern: str) -> None:
    assert longest_harmless(pattern) == 0


def test_no_shipped_pattern_is_slow_where_it_is_taken_to_be_harmless() -> None:
    shown = 0
    for entry in load([shipped_folder()]).entries.values():
        length = longest_harmless(entry.regex)
        pattern = compiled(entry.regex)
        for _, line in hostile_lines(entry):
            text = line[:length]
            shown += bool(text)
            pattern.search(text, timeout=DEFAULT_TIMEOUT_S)
    assert shown > 1000


def test_what_is_not_harmless_is_searched_against_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "MOST_PATHS", 4)
    scanner = Scanner([Rule("slow/pattern", "needle(?:a|ab|b)+#")], timeout_s=1e-9, strikes=9)
    assert scanner.scan(b"needle" + b"ab" * 40).timeouts == {"slow/pattern": 1}
