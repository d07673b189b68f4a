"""The figures say what is there: counted by hand on two small entries."""

import json
from pathlib import Path

import pytest

from catalogue.records import LINE, NEAR_MISS, good_record, write
from logwatch.catalogue.lint import read_shelf
from logwatch.catalogue.tally import Home, Sighting, held_against, homes_of, read_sightings, table
from logwatch.errors import CatalogueError

PLACE = "https://example.org/thread/1"
QUIET = "the shard cache is warm"


def sighting(text: str, *expects: str) -> Sighting:
    return Sighting(text=text, expects=expects, where=PLACE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(
        tmp_path,
        good_record(
            id="acme/one",
            domain="acme",
            regex="first of its kind",
            signature="first of its kind",
            workarounds=[{"action": "do", "sources": [PLACE]}],
            workarounds_zh=[],
            examples={
                "match": [
                    {"text": "first of its kind", "where": PLACE},
                    {"text": "the first of its kind", "where": "owner/repo:src/a.py"},
                ],
                "no_match": [{"text": NEAR_MISS, "where": "a forum"}],
            },
        ),
    )
    write(
        tmp_path,
        good_record(
            id="acme/two",
            domain="acme",
            regex="(?:second|and the first) of its kind, at last",
            signature="second of its kind, at last",
            workarounds=[],
            workarounds_zh=[],
            dead_ends=[],
            examples={
                "match": [{"text": "second of its kind, at last", "where": "a runbook"}],
                "no_match": [{"text": LINE, "where": "owner/repo#12"}],
            },
        ),
    )
    return tmp_path


def test_entries_wordings_near_misses_and_addresses_are_counted_by_domain(folder: Path) -> None:
    assert homes_of(read_shelf([folder])) == [Home("acme", 2, 3, 2, 3, 1)]


def test_only_what_is_judged_is_counted(folder: Path) -> None:
    assert homes_of(read_shelf([folder], judged=[folder / "nothing"])) == []


def test_lines_are_missed_taken_for_another_or_alarm_in_vain(folder: Path) -> None:
    missed = sighting("nobody knows this one", "acme/one")
    mistaken = sighting("and the first of its kind, at last", "acme/one")
    alarm = sighting("first of its kind")
    held = held_against(
        [sighting("first of its kind!", "acme/one"), missed, mistaken, alarm, sighting(QUIET)],
        read_shelf([folder]),
    )
    assert (held.lines, held.harmless) == (3, 2)
    assert (held.missed, held.mistaken, held.alarms) == ([missed], [mistaken], [alarm])


def test_what_went_wrong_is_named_below_the_table(folder: Path) -> None:
    shelf = read_shelf([folder])
    held = held_against([sighting("unheard of", "acme/two"), sighting(QUIET)], shelf)
    written = table(homes_of(shelf), held).splitlines()
    assert "| **all** | 2 | 3 | 2 | 60 % | 50 % |" in written
    assert "- Missed: `unheard of` (acme/two)" in written


def test_a_line_that_is_no_sighting_is_named_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    good = json.dumps({"text": LINE, "expects": [], "where": PLACE})
    path.write_text(
        f'{good}\n{{"text": "", "expects": [], "where": "somewhere"}}\nno JSON\n', encoding="utf-8"
    )
    with pytest.raises(CatalogueError) as caught:
        read_sightings(path)
    said = str(caught.value)
    assert f"{path}:2" in said
    assert f"{path}:3" in said
    assert f"{path}:1:" not in said
