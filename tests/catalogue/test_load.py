"""Folders become a catalogue, or all of their mistakes are told at once, each with file, line and remedy."""

import json
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.load import line_of, load, parse, shipped_folder
from logwatch.errors import CatalogueError, Problem

from .records import ID, good_record, write


def problems_of(*folders: Path) -> list[Problem]:
    with pytest.raises(CatalogueError) as caught:
        load(folders)
    return list(caught.value.problems)


def pointed_at(problem: Problem) -> str:
    path, _, number = problem.where.rpartition(":")
    return Path(path).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_records_are_found_in_all_subfolders_and_ordered_by_id(tmp_path: Path) -> None:
    paths = {name: write(tmp_path, good_record(id=name)) for name in ("b/two", "a/one", "b/deep/three")}
    catalogue = load([tmp_path])
    assert list(catalogue.entries) == ["a/one", "b/deep/three", "b/two"]
    assert catalogue.files == paths


@pytest.mark.parametrize("name", ["_evidence", "_families/xid", ".hidden", ".git/x"])
def test_files_and_folders_that_begin_with_an_underscore_or_a_dot_are_no_records(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, good_record())
    write(tmp_path, {"not": "a record"}, name)
    assert list(load([tmp_path]).entries) == [ID]


def test_a_later_folder_overrides_an_earlier_one_by_id(tmp_path: Path) -> None:
    shipped = write(tmp_path / "shipped", good_record())
    own = write(tmp_path / "own", good_record(root_cause="Ours."))
    catalogue = load([tmp_path / "shipped", tmp_path / "own"])
    assert catalogue.entries[ID].root_cause == "Ours."
    assert (catalogue.files[ID], catalogue.overridden[ID]) == (own, shipped)


def test_an_alias_finds_its_entry(tmp_path: Path) -> None:
    write(tmp_path, good_record(aliases=["nvidia/fallen"]))
    catalogue = load([tmp_path])
    assert catalogue.resolve("nvidia/fallen") is catalogue.resolve(ID) is catalogue.entries[ID]
    assert catalogue.resolve("nvidia/other") is None


def test_the_version_changes_with_any_record_and_with_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    before = load([tmp_path]).version
    write(tmp_path, {"side": "file"}, "_evidence")
    assert load([tmp_path]).version == before
    write(tmp_path, good_record(root_cause="Another."))
    assert load([tmp_path]).version != before


def test_unknown_fields_are_kept_and_warned_about(tmp_path: Path) -> None:
    write(tmp_path, good_record(colour="red"))
    catalogue = load([tmp_path])
    assert catalogue.entries[ID].unknown_fields == ("colour",)
    (warning,) = catalogue.warnings
    assert "`colour`" in warning.what
    assert '"colour"' in pointed_at(warning)


MISTAKES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"id": "No Slash"}, "`id`", '"id"', "write domain/slug in lower case"),
    ({"severity": "bad"}, "`severity`", '"severity"', "'bad'"),
    ({"confidence": 2}, "`confidence`", '"confidence"', "it is 2"),
    ({"regex": "(unclosed"}, "`regex` does not compile", '"regex"', "(unclosed"),
    ({"clears": "[z-a]"}, "`clears` does not compile", '"clears"', "[z-a]"),
    ({"workarounds": [{"success_rate": 0.5}]}, "`workarounds.0.action`", '"workarounds"', "add `action`"),
    ({"sources": ["attic"]}, "`sources.0`", '"sources"', "'attic'"),
]


@pytest.mark.parametrize(("changes", "what", "line", "remedy"), MISTAKES)
def test_a_mistake_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, changes: dict[str, Any], what: str, line: str, remedy: str
) -> None:
    write(tmp_path, good_record(**changes), "nvidia/xid-79")
    (problem,) = problems_of(tmp_path)
    assert what in problem.what
    assert line in pointed_at(problem)
    assert remedy in problem.remedy


def test_all_mistakes_of_all_folders_are_told_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write(first, good_record(severity="bad", regex="("), "a/one")
    write(second, good_record(signature=None), "b/two")
    (second / "b" / "three.json").write_text('{\n  "id": oops\n}', encoding="utf-8")
    (second / "b" / "four.json").write_text("[]", encoding="utf-8")
    told = [problem.what for problem in problems_of(first, second, tmp_path / "third")]
    expected = ("`severity`", "one record", "not JSON", "`signature`", "not a folder")
    assert len(told) == len(expected)
    assert all(part in what for part, what in zip(expected, told, strict=True))


def test_broken_json_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n  "id": oops\n}', encoding="utf-8")
    (problem,) = problems_of(tmp_path)
    assert problem.where == f"{path}:2"


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b'{"id": "\xff"}')
    (problem,) = problems_of(tmp_path)
    assert "cannot be read" in problem.what


def test_one_id_twice_in_a_folder_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write(tmp_path, good_record(), "nvidia/copy")
    (problem,) = problems_of(tmp_path)
    assert f"the id {ID} is taken" in problem.what


@pytest.mark.parametrize("alias", ["b/two", "b/former"])
def test_an_alias_belongs_to_one_entry(tmp_path: Path, alias: str) -> None:
    write(tmp_path, good_record(id="b/two", aliases=["b/former"]))
    write(tmp_path, good_record(id="c/three", aliases=[alias]))
    (problem,) = problems_of(tmp_path)
    assert f"the alias {alias} already belongs to b/two" in problem.what
    assert '"aliases"' in pointed_at(problem)


def test_patterns_that_are_known_to_compile_are_not_compiled_again() -> None:
    problems: list[Problem] = []
    text = json.dumps(good_record(regex="("))
    assert parse(text, Path("a.json"), problems, proven=True) is not None
    assert parse(text, Path("a.json"), problems) is None
    assert len(problems) == 1


def test_a_line_is_found_by_the_innermost_key() -> None:
    text = '{\n"a": {\n"text": 1},\n"b": {\n"text": 2}\n}'
    assert line_of(text, ("b", "text")) == 5
    assert line_of(text, ("a", 0, "text")) == 3
    assert line_of(text, ("b", "missing")) == 4
    assert line_of(text, ()) == 1


def test_the_shipped_records_load_without_a_mistake() -> None:
    assert load([shipped_folder()]).warnings == ()
