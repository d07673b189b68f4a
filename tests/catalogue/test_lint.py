"""A catalogue is judged with what stands beside it: evidence and families."""

import json
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.desk import Level
from logwatch.catalogue.lint import check_examples, lint, read_shelf

from .records import ID, LINE, NEAR_MISS, good_record, write

EVIDENCE = {
    "match": [{"text": LINE, "where": "a forum"}],
    "no_match": [{"text": NEAR_MISS, "where": "a forum"}],
}
SLOW = {"regex": "Xid(?:.*GPU)+ of the bus", "signature": "Xid GPU GPU of the bus"}


def write_evidence(folder: Path, evidence: Any) -> Path:
    path = folder / "_evidence.json"
    path.write_text(json.dumps(evidence, indent=2), encoding="utf-8")
    return path


def write_family(folder: Path, **changes: Any) -> Path:
    family = {
        "name": "nvidia/xid",
        "pattern": r"Xid \((?P<device>[^)\n]{1,40})\): {code}, ",
        "rows": [{"code": 79, "entry": ID, "tail": r"[^\n]{0,80}?GPU has fallen off the bus"}],
    }
    (folder / "_families").mkdir()
    path = folder / "_families" / "xid.json"
    path.write_text(json.dumps({**family, **changes}, indent=2), encoding="utf-8")
    return path


def test_only_entries_of_a_strict_folder_are_held_to_more(tmp_path: Path) -> None:
    strict, lenient = tmp_path / "strict", tmp_path / "lenient"
    write(strict, good_record(root_cause=""))
    write(lenient, good_record(id="acme/other", regex="some other pattern", root_cause="", examples=None))
    shelf = read_shelf([strict, lenient], [strict])
    levels = {(finding.id, finding.level) for finding in lint(shelf) if finding.check == "texts"}
    assert levels == {(ID, Level.ERROR), ("acme/other", Level.WARNING)}


def test_a_replaced_entry_is_judged_as_what_replaces_it(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    write(shipped, good_record())
    path = write(own, good_record(root_cause=""))
    (finding,) = lint(read_shelf([shipped, own], [shipped]))
    assert finding.level is Level.WARNING
    assert finding.where.startswith(f"{path}:")


def test_only_what_lies_in_a_judged_folder_is_judged(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    write(shipped, good_record(root_cause=""))
    write_evidence(shipped, {"acme/gone": EVIDENCE})
    write(own, good_record(id="acme/other", regex="some other pattern", signature="some other pattern"))
    findings = lint(read_shelf([shipped, own], judged=[own]))
    assert {finding.id for finding in findings} == {"acme/other"}


def test_a_judged_entry_may_not_take_the_examples_of_others(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    write(shipped, good_record())
    pattern = r"NVRM: Xid \([^)\n]{1,40}\): 79, pid='<unknown>', [^\n]{0,80}?GPU has fallen off the bus"
    write(own, good_record(id="acme/thief", regex=pattern))
    (finding,) = check_examples(read_shelf([shipped, own], judged=[own]))
    assert (finding.level, finding.id, finding.check) == (Level.ERROR, ID, "found")
    assert "recognised as acme/thief first" in finding.what


def test_evidence_beside_a_record_counts_as_its_own(tmp_path: Path) -> None:
    write(tmp_path, good_record(examples=None))
    write_evidence(tmp_path, {ID: EVIDENCE})
    assert lint(read_shelf([tmp_path], [tmp_path])) == []


def test_a_mistake_in_evidence_is_named_by_its_own_file_and_line(tmp_path: Path) -> None:
    write(tmp_path, good_record(examples=None))
    path = write_evidence(tmp_path, {ID: {**EVIDENCE, "no_match": [{"text": LINE, "where": "a forum"}]}})
    (finding,) = check_examples(read_shelf([tmp_path], [tmp_path]))
    number = int(finding.where.removeprefix(f"{path}:"))
    assert LINE in path.read_text(encoding="utf-8").splitlines()[number - 1]


def test_an_accepted_weakness_is_a_warning_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, good_record(**SLOW))
    write_evidence(tmp_path, {ID: {"accepted": {"speed": "it came so", "found": "so"}}})
    findings = lint(read_shelf([tmp_path], [tmp_path]))
    assert {finding.level for finding in findings} == {Level.WARNING}
    assert any("slow" in finding.what and "accepted: it came so" in finding.what for finding in findings)


def test_evidence_for_nobody_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write_evidence(tmp_path, {"acme/gone": EVIDENCE})
    (finding,) = check_examples(read_shelf([tmp_path]))
    assert (finding.level, finding.id, finding.check) == (Level.ERROR, "acme/gone", "evidence")


def test_an_entry_that_carries_its_familys_pattern_is_fine(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write_family(tmp_path)
    assert lint(read_shelf([tmp_path], [tmp_path])) == []


def test_a_row_without_an_entry_is_fine(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write_family(tmp_path, rows=[{"code": 13, "entry": None, "text": "graphics engine exception"}])
    assert lint(read_shelf([tmp_path], [tmp_path])) == []


def test_an_entry_of_another_name_need_not_carry_the_pattern(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write_family(tmp_path, name="nvidia/code", rows=[{"code": 7, "entry": ID}])
    assert lint(read_shelf([tmp_path], [tmp_path])) == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"code": 79, "entry": ID, "tail": "fallen"}, "not that of its family nvidia/xid"),
        ({"code": 48, "entry": "nvidia/xid-48"}, "names nvidia/xid-48, which is not in the catalogue"),
        ({"code": 79, "entry": None}, f"does not know that there is an entry {ID}"),
    ],
)
def test_a_family_and_its_entries_cannot_drift_apart(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    write(tmp_path, good_record())
    write_family(tmp_path, rows=[row])
    (finding,) = lint(read_shelf([tmp_path], [tmp_path]))
    assert (finding.level, finding.check) == (Level.ERROR, "family")
    assert said in finding.what
