"""Patterns that can be made slow are found out, and quick ones are left in peace."""

import pytest

from logwatch.catalogue.adversary import LENGTH, hostile_lines, slow_line
from logwatch.catalogue.entry import Entry
from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner


def entry(pattern: str, signature: str) -> Entry:
    return Entry(id="acme/slow", signature=signature, regex=pattern)


@pytest.mark.parametrize(
    ("pattern", "signature"),
    [
        ("needle(?:a|ab|b)+#", "needleab#"),
        ("first.*second.*third.*fourth", "first a second b third c fourth"),
        ("watchdog(?:.*timeout)+ of rank", "watchdog timeout timeout of rank"),
        (r"failed (?:\w+ ?)* at rank", "failed all at once at rank"),
        (r"^(?:.*,){11}needle", "a,b,c,d,e,f,g,h,i,j,k,needle"),
    ],
)
def test_a_pattern_with_many_ways_to_match_is_found_out(pattern: str, signature: str) -> None:
    assert slow_line(entry(pattern, signature), patience_s=0.25) is not None


@pytest.mark.parametrize(
    ("pattern", "signature"),
    [
        ("CUDA out of memory", "CUDA out of memory"),
        (r"Xid \((?P<device>[^)]*)\): 79", "Xid (PCI:0000:05:00): 79"),
        (r"timeout[^\n]{0,200}?rank (?P<rank>\d+)", "timeout of rank 7"),
        (r"(?i)nccl (?:warn|error)[^\n]{0,80}?(?:failed|timed out)", "NCCL WARN connect failed"),
    ],
)
def test_a_pattern_with_bounded_gaps_is_left_in_peace(pattern: str, signature: str) -> None:
    assert slow_line(entry(pattern, signature)) is None


def test_hostile_lines_are_long_and_get_past_the_prefilter() -> None:
    pattern, signature = r"watchdog[^\n]{0,40}?timeout[^\n]{0,40}?on rank", "watchdog caught timeout on rank"
    scanner = Scanner([Rule("acme/slow", pattern)])
    for how, line in hostile_lines(entry(pattern, signature)):
        assert LENGTH / 2 < len(line) < 2 * LENGTH, how
        assert scanner.scan(line.encode()).searches == 1, how
