"""What docs/catalogue.md says of the shipped entries, and what the makers of the hardware say, is so."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from console import run
from logwatch.catalogue.desk import Shelf
from logwatch.catalogue.lint import read_shelf
from logwatch.catalogue.load import shipped_folder
from logwatch.catalogue.tally import held_against, homes_of, read_sightings, table

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs" / "catalogue.md"
LINES = CHECKOUT / "tests" / "corpus" / "lines.jsonl"
# NVIDIA's word for a code, and ours for a machine; what says nothing to a machine, or tells by a workflow
# that reads the line's fields, is left to the entry.
DECISIONS = {
    "RESTART_APP": "restart",
    "RESET_GPU": "reset_gpu",
    "RESTART_BM": "reboot",
    "RESTART_VM": "reboot",
    "IGNORE": "ignore",
    "CONTACT_SUPPORT": "restart_elsewhere",
    "CHECK_MECHANICALS": "stop",
    "UPDATE_SWFW": "stop",
    "XID_154": "ignore",
    "WORKFLOW_XID_45": "ignore",
    "WORKFLOW_XID_48": "reset_gpu",
    "WORKFLOW_NVLINK_ERR": "reset_gpu",
}


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return read_shelf([shipped_folder()], [shipped_folder()])


def test_the_figures_on_the_page_are_those_of_the_entries(shelf: Shelf) -> None:
    (there,) = re.findall(
        r"<!-- begin: figures -->\n(.*)\n<!-- end: figures -->", PAGE.read_text(encoding="utf-8"), re.DOTALL
    )
    now = table(homes_of(shelf), held_against(read_sightings(LINES), shelf))
    command = "logwatch catalogue figures --lines tests/corpus/lines.jsonl --write docs/catalogue.md"
    assert there == now, f"run {command}"


def test_the_command_on_the_page_writes_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- begin: figures -->\nold\n<!-- end: figures -->\nrest\n", encoding="utf-8")
    assert run(f"logwatch catalogue figures --lines {LINES} --write {page}", tmp_path) == ""
    written = page.read_text(encoding="utf-8")
    assert "| **all** |" in written
    assert "old" not in written
    assert written.endswith("<!-- end: figures -->\nrest\n")


def test_no_line_of_the_corpus_is_an_example(shelf: Shelf) -> None:
    examples = {seen.example.text.strip() for case in shelf.cases() for seen in (*case.match, *case.no_match)}
    assert [one.text for one in read_sightings(LINES) if one.text.strip() in examples] == []


def test_every_entry_that_a_line_of_the_corpus_expects_exists(shelf: Shelf) -> None:
    expected = {name for one in read_sightings(LINES) for name in one.expects}
    assert expected - shelf.catalogue.entries.keys() == set()


def rows() -> Sequence[tuple[int, str, str, str]]:
    table = json.loads((shipped_folder() / "_families" / "xid.json").read_text(encoding="utf-8"))
    return [
        (row["code"], row["entry"], row["action"], row.get("differs", ""))
        for row in table["rows"]
        if row["entry"] and row["action"] in DECISIONS
    ]


@pytest.mark.parametrize(("code", "entry", "action", "differs"), rows())
def test_an_xid_is_decided_as_nvidia_says_or_the_table_tells_why_not(
    shelf: Shelf, code: int, entry: str, action: str, differs: str
) -> None:
    decided = shelf.catalogue.entries[entry].decision
    assert (decided == DECISIONS[action]) is (differs == ""), f"Xid {code}: {action}, {decided}: {differs}"
