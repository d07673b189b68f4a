"""docs/catalogue.md is executed: its commands, its record, its tables."""

import json
import re
from pathlib import Path

import pytest

from console import commands, run, shown
from logwatch.catalogue.checks import ALL_CHECKS, EXAMPLE_CHECKS
from logwatch.catalogue.entry import Entry
from logwatch.catalogue.schema import field_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "catalogue.md"
TEXT = PAGE.read_text(encoding="utf-8")
RECORD = Path("my-catalogue/acme/shard-cache-locked.json")
BLOCK = re.compile(r"^```(console|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_way_from_a_line_to_a_tested_entry_is_as_it_is_told(tmp_path: Path) -> None:
    blocks = [(found[1], found[2]) for found in BLOCK.finditer(TEXT)]
    assert {kind for kind, _ in blocks} == {"console", "json"}
    for kind, block in blocks:
        if kind == "json":
            path = tmp_path / RECORD
            record = {**json.loads(path.read_text(encoding="utf-8")), **json.loads(block)}
            path.write_text(json.dumps(record, indent=2, ensure_ascii=False), encoding="utf-8")
            continue
        for command, output in commands(block):
            said = run(command, tmp_path)
            assert shown(output).fullmatch(said), f"$ {command}\n{said}"


def test_the_table_of_fields_is_that_of_the_entry() -> None:
    (table,) = re.findall(r"<!-- begin: fields -->\n(.*)\n<!-- end: fields -->", TEXT, re.DOTALL)
    assert table == field_table(), "paste the output of logwatch.catalogue.schema.field_table() there"
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(Entry.model_fields)


def test_every_check_is_explained_those_of_test_first() -> None:
    section = TEXT.partition("## The checks")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `([\w-]+)` \| (?:error|demanded|warning) \|", section, re.MULTILINE)
    assert named == [*ALL_CHECKS, "family"]
    assert named[:4] == list(EXAMPLE_CHECKS)


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)]+)\)", TEXT))
def test_links_within_the_project_lead_somewhere(link: str) -> None:
    path, _, anchor = link.partition("#")
    if path.startswith("https://"):
        return
    if path:
        assert (PAGE.parent / path).exists()
    else:
        headings = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
