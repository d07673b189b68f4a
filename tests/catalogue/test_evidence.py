"""Side files are read, or every mistake in every one of them is told at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.evidence import Family, Row, read_side_files
from logwatch.errors import CatalogueError, Problem


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, indent=2)
    path.write_text(text, encoding="utf-8")
    return path


def problems_of(folder: Path) -> list[Problem]:
    with pytest.raises(CatalogueError) as caught:
        read_side_files([folder])
    return list(caught.value.problems)


def test_a_folder_without_side_files_has_none(tmp_path: Path) -> None:
    side = read_side_files([tmp_path])
    assert (side.evidence, side.families) == ({}, [])


def test_a_later_folders_evidence_replaces_an_earlier_ones(tmp_path: Path) -> None:
    for name in ("first", "second"):
        examples = {"match": [{"text": f"seen in the {name}"}]}
        write(tmp_path / name / "_evidence.json", {"acme/error": examples})
    side = read_side_files([tmp_path / "first", tmp_path / "second"])
    beside, evidence = side.evidence["acme/error"]
    assert beside.path == tmp_path / "second" / "_evidence.json"
    assert [example.text for example in evidence.match] == ["seen in the second"]


def test_a_familys_pattern_has_the_code_in_its_place_and_goes_on_with_the_rows_tail() -> None:
    family = Family(name="acme/code", pattern=r"code {code}(?! )[^{}]{0,3}", rows=())
    assert family.pattern_of(Row(code=7)) == r"code 7(?! )[^{}]{0,3}"
    assert family.pattern_of(Row(code="A1", tail="!")) == r"code A1(?! )[^{}]{0,3}!"


def test_any_value_of_a_row_may_have_a_place_in_the_pattern() -> None:
    family = Family(name="acme/code", pattern=r"\[{code}\]|: {text}", rows=())
    assert family.pattern_of(Row.model_validate({"code": 7, "text": "gone"})) == r"\[7\]|: gone"


def test_the_entries_of_a_family_are_called_by_their_code() -> None:
    family = Family(name="acme/code", pattern="", rows=())
    assert family.member(Row(code="A1")) == "acme/code-a1"


def test_what_else_stands_in_a_table_is_kept_for_others(tmp_path: Path) -> None:
    row = {"code": 7, "action": "REBOOT"}
    write(
        tmp_path / "_families" / "code.json",
        {"name": "acme/code", "pattern": "", "about": "…", "rows": [row]},
    )
    ((_, family),) = read_side_files([tmp_path]).families
    assert family.rows[0].model_extra == {"action": "REBOOT"}


def test_all_mistakes_in_side_files_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    evidence = write(
        tmp_path / "_evidence.json", {"acme/error": {"match": [{"where": "a forum"}], "proof": []}}
    )
    family = write(tmp_path / "_families" / "code.json", '{\n  "name": acme\n}\n')
    told = {problem.where: problem.what for problem in problems_of(tmp_path)}
    assert len(told) == 3
    assert told[f"{family}:2"].startswith("is not JSON")
    lines = evidence.read_text(encoding="utf-8").splitlines()
    pointed_at = {
        lines[int(where.rpartition(":")[2]) - 1].strip() for where in told if where.startswith(str(evidence))
    }
    assert pointed_at == {'"match": [', '"proof": []'}


def test_a_side_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "_evidence.json"
    path.write_bytes(b"\xff\xfe")
    (problem,) = problems_of(tmp_path)
    assert problem.where == str(path)
    assert "cannot be read" in problem.what
