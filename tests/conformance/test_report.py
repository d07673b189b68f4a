"""The suite is whole, and the table tells of all of it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from .report import ELSEWHERE, SCENARIOS, Trial, render, rows_of

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "conformance.md"


def scenarios() -> Iterator[tuple[int, str]]:
    """Number and title of every test's scenario, as its mark has them."""
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.scenario":
                number, title = node.args
                yield ast.literal_eval(number), ast.literal_eval(title)


def rows(page: str) -> dict[int, list[str]]:
    """The cells of every scenario, by its number."""
    lines = re.findall(r"^\| (\d+) \| (.*) \|$", page, re.MULTILINE)
    assert len({number for number, _ in lines}) == len(lines)
    return {int(number): rest.split(" | ") for number, rest in lines}


def trial(number: int, mode: str, outcome: str, reason: str = "") -> Trial:
    return Trial(number, f"Scenario {number}", mode, in_process=False, outcome=outcome, reason=reason)


def elsewhere() -> dict[int, str]:
    notes: dict[int, str] = yaml.safe_load(ELSEWHERE.read_text(encoding="utf-8"))
    return notes


def test_every_scenario_is_a_test() -> None:
    assert {number for number, _ in scenarios()} == set(SCENARIOS)


def test_of_every_scenario_is_said_what_others_do() -> None:
    assert elsewhere().keys() == set(SCENARIOS)


def test_the_page_in_docs_has_every_scenario_as_it_is_now() -> None:
    page = rows(PAGE.read_text(encoding="utf-8"))
    assert page.keys() == set(SCENARIOS)
    for number, title in scenarios():
        assert page[number][0].startswith(title), number
    for number, text in elsewhere().items():
        assert page[number][-1] == text, number


def test_tests_of_one_scenario_share_one_title() -> None:
    titles: dict[int, str] = {}
    for number, title in scenarios():
        assert titles.setdefault(number, title) == title


def test_one_failure_among_the_tests_of_a_scenario_is_its_outcome() -> None:
    page = render(
        rows_of([trial(1, "events", "passed"), trial(1, "events", "FAILED"), trial(1, "sweep", "passed")])
    )
    assert rows(page)[1][:3] == ["Scenario 1", "FAILED", "passed"]
    assert "98 scenarios: 1 FAILED." in page


def test_what_was_not_run_has_its_reason() -> None:
    page = rows(
        render(rows_of([trial(82, "events", "not run", "no namespaces here"), trial(83, "sweep", "passed")]))
    )
    assert page[82][:3] == ["Scenario 82 *Not run: no namespaces here.*", "not run", "–"]
    assert page[83][:3] == ["Scenario 83", "–", "passed"]
    assert page[84][0] == "*Not run.*"


def test_a_test_without_modes_counts_for_both() -> None:
    assert rows(render(rows_of([trial(90, "", "passed")])))[90][1:3] == ["passed", "passed"]


def test_what_is_in_the_table_breaks_no_row() -> None:
    notes = [*elsewhere().values(), *(title for _, title in scenarios())]
    assert not [note for note in notes if "|" in note or "\n" in note]
