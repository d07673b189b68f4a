"""Every shipped entry does what it says, beside all the others."""

from collections.abc import Mapping

import pytest

from logwatch.catalogue.checks import ALL_CHECKS
from logwatch.catalogue.desk import Case, Finding, Level, Shelf
from logwatch.catalogue.lint import lint_case, lint_side_files, read_shelf
from logwatch.catalogue.load import shipped_folder
from logwatch.scan.engine import available
from logwatch.scan.scanner import Scanner

SEEDS = shipped_folder()
KINDS = {"training", "serving", "kernel", "slurm", "kubernetes"}
FILES = sorted(
    path.relative_to(SEEDS).with_suffix("").as_posix()
    for path in SEEDS.rglob("*.json")
    if not any(part.startswith("_") for part in path.relative_to(SEEDS).parts)
)


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return read_shelf([SEEDS], [SEEDS])


@pytest.fixture(scope="module")
def cases(shelf: Shelf) -> Mapping[str, Case]:
    return {case.entry.id: case for case in shelf.cases()}


def errors(findings: list[Finding]) -> list[str]:
    return [f"{f.where}: {f.what}\n→ {f.remedy}" for f in findings if f.level is Level.ERROR]


@pytest.mark.parametrize("name", FILES)
def test_it_does_what_it_says(cases: Mapping[str, Case], name: str) -> None:
    """Examples recognised and first, near misses not, signature, literal, speed, advice, addresses …"""
    assert errors(lint_case(cases[name], ALL_CHECKS)) == []


def test_the_tables_beside_the_entries_agree_with_them(shelf: Shelf) -> None:
    assert errors(lint_side_files(shelf)) == []


def test_no_entry_has_to_be_run_on_every_line(shelf: Shelf) -> None:
    assert shelf.scanner.without_literal == ()


def test_there_is_a_test_for_every_entry(shelf: Shelf) -> None:
    assert sorted(shelf.catalogue.entries) == FILES


@pytest.mark.parametrize("engine", available())
def test_all_examples_as_one_log_are_recognised_as_they_are_one_by_one(shelf: Shelf, engine: str) -> None:
    lines = [seen.example.text for case in shelf.cases() for seen in (*case.match, *case.no_match)]
    rules = [prepared.rule for prepared in shelf.scanner._rules]
    chunk = "\n".join(lines).encode()
    together = Scanner(rules, engine=engine).scan(chunk)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()) + 1)
    found = {match.start: (match.rule, *match.also) for match in together.matches}
    assert [found.get(start, ()) for start in starts[:-1]] == [shelf.found_in(line) for line in lines]


def test_an_example_is_recognised_first_in_every_kind_of_log_that_its_entry_stands_in(shelf: Shelf) -> None:
    """Of two that match, the one that names the kind of log goes first: general entries name none."""
    behind = {
        (case.entry.id, found.rule)
        for case in shelf.cases()
        for kind in ({str(kind) for kind in case.entry.sources} - {"any"} or KINDS)
        for seen in case.match
        for found in shelf.scanner.scan(seen.example.text.encode(), kind).matches
        if found.rule != case.entry.id
    }
    # Where the driver does not answer, a kubelet's log is better told in the words of its device plugin.
    assert {other for _, other in behind} <= {"kubernetes/device-plugin-no-nvml"}
