"""What lies on the desk: every entry with its file, its text and all of its examples."""

import json
from pathlib import Path

from logwatch.catalogue.desk import Level
from logwatch.catalogue.lint import read_shelf

from .records import ID, LINE, NEAR_MISS, good_record, write


def test_a_case_has_the_examples_of_the_record_and_of_the_evidence_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path, good_record())
    more = {"match": [{"text": "another line"}], "no_match": []}
    (tmp_path / "_evidence.json").write_text(json.dumps({ID: more}, indent=1), encoding="utf-8")
    (case,) = read_shelf([tmp_path]).cases()
    assert [seen.example.text for seen in case.match] == [LINE, "another line"]
    assert [seen.example.text for seen in case.no_match] == [NEAR_MISS]
    own, beside = (seen.where.rpartition(":")[0] for seen in case.match)
    assert (own, beside) == (str(path), str(tmp_path / "_evidence.json"))


def test_all_entries_in_a_line_are_named_the_better_first(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write(tmp_path, good_record(id="nvidia/xid", regex=r"NVRM: Xid \([^)]*\): \d+"))
    shelf = read_shelf([tmp_path])
    assert shelf.found_in(LINE) == (ID, "nvidia/xid")
    assert shelf.found_in("step 1 loss 2.0") == ()


def test_a_demand_is_an_error_only_where_it_is_strict(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    for strict, level in (([tmp_path], Level.ERROR), ([], Level.WARNING)):
        (case,) = read_shelf([tmp_path], strict).cases()
        assert case.demand(case.at("regex"), "it is so", "make it otherwise").level is level
