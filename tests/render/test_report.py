"""What a scan tells a person."""

import os
import re
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given

from logwatch.catalogue.entry import Language
from logwatch.incident.incident import Evidence, Incident, Notice
from logwatch.render.columns import width_of
from logwatch.render.effort import Effort
from logwatch.render.look import Look, coloured
from logwatch.render.report import Finding, Spot, report

from .incidents import HOSTILE, HUGE, STARTED, hostile_incident, incident, languages, notices, seed_incident

GOLDEN = Path(__file__).parent / "golden"
EFFORT = Effort(lines=1_204_311, files=2, size=200_000_000, seconds=0.4, known=312)
OURS = re.compile(r"\x1b\[[0-9;]+m")
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def spot(path: str = "train.log", line_number: int = 7, time: float | None = None, **labels: str) -> Spot:
    return Spot(path, line_number, labels, time)


def finding(of: Incident | None = None) -> Finding:
    first = spot("logs/rank3.log", 120_411, STARTED, rank="3", host="gpu-0412")
    last = spot("logs/rank7.log", 120_498, STARTED + 120.5, rank="7", host="gpu-0412")
    return Finding(of or incident(), first, last)


def told(*findings: Finding, look: Look | None = None, effort: Effort = EFFORT) -> str:
    return report(findings, effort, look or Look())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_looks_as_it_did(language: Language) -> None:
    single = Finding(seed_incident(language), spot("/home/a b/<train>.log", rank="0"))
    now = told(single, finding(), look=Look(language=language, width=90))
    path = GOLDEN / f"report.{language}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(now, encoding="utf-8")
    assert now == path.read_text(encoding="utf-8")


def order(text: str) -> list[str]:
    return re.findall(r"^  (?:CRITICAL|ERROR|WARNING|INFO) +(\S+)", text, re.MULTILINE)


def test_the_worst_comes_first_then_the_most_frequent() -> None:
    text = told(
        finding(incident(error_id="a/rare", severity="error", count=1)),
        finding(incident(error_id="b/often", severity="error", count=900)),
        finding(incident(error_id="c/echo", severity="warning", count=5000)),
        finding(incident(error_id="d/worst", severity="critical", count=1)),
    )
    assert order(text) == ["d/worst", "b/often", "a/rare", "c/echo"]
    assert [text.index(f"{name} · ") for name in order(text)] == sorted(
        text.index(f"{name} · ") for name in order(text)
    )


def test_the_end_says_how_much_was_found_in_how_much() -> None:
    end = told(finding(incident(count=1_514)), finding(incident(error_id="a/b", count=1))).splitlines()[-4:]
    assert end[0] == "2 known errors, 1,515×, in 1,204,311 lines of 2 files (0.4 s, 500 MB/s)."
    assert end[3] == "`logwatch explain ID` tells all that is known about one."


def test_nothing_found_says_what_was_looked_for() -> None:
    effort = Effort(lines=1, files=1, size=6, seconds=0.002, known=312)
    assert told(effort=effort) == "No known error in 1 line (2 ms). 312 errors were looked for.\n"


def test_one_place_is_told_once_and_two_are_told_apart() -> None:
    one = told(Finding(incident(count=1, place_count=1), spot("a.log", 3)))
    assert "\n  a.log:3\n" in one
    assert "\n  first " not in one
    both = told(Finding(incident(), spot("a.log", 3), spot("b.log", 4, rank="7")))
    assert "\n  first  a.log:3\n  last   b.log:4  rank 7\n" in both


def test_a_time_is_told_in_the_zone_of_the_reader_and_only_if_the_log_has_it() -> None:
    east = Look(zone=timezone(timedelta(hours=5, minutes=30)))
    timed = Finding(incident(), spot("a.log", 3, STARTED))
    assert "a.log:3  2026-11-22 05:40:00 UTC\n" in told(timed)
    assert "a.log:3  2026-11-22 11:10:00 +05:30\n" in told(timed, look=east)


def test_a_dead_end_without_an_action_is_its_reason_and_no_empty_bullet() -> None:
    text = told(Finding(seed_incident("en"), spot()))
    assert "    - With device=0, the model is placed only on GPU 0" in text
    assert not re.search(r"^ *- *$", text, re.MULTILINE)


def test_what_is_not_verified_says_so() -> None:
    assert "AI-generated, unverified" in told(Finding(seed_incident("en"), spot()))


def test_a_long_line_keeps_its_head_and_its_tail_on_few_rows() -> None:
    line = "HEAD " + "x" * 4000 + " TAIL"
    text = told(Finding(incident(evidence=Evidence(line, "a.log", 1)), spot()))
    rows = [row for row in text.splitlines() if row.startswith("  ▌")]
    assert 1 < len(rows) <= 5
    assert rows[0].startswith("  ▌ HEAD")
    assert rows[-1].endswith("TAIL")


@given(notices, languages)
def test_no_row_of_prose_is_wider_than_the_page(odd: Notice, language: Language) -> None:
    text = told(Finding(odd.incident, spot()), look=Look(width=80, language=language))
    prose = [row for row in text.splitlines() if row.startswith(("    ", "  │", "  ▌"))]
    assert all(width_of(row) <= 80 for row in prose)


@given(notices, languages)
def test_without_colours_nothing_acts(odd: Notice, language: Language) -> None:
    assert not ACTING.search(told(Finding(odd.incident, spot()), look=Look(language=language)))


@given(notices)
def test_colours_add_nothing_but_colours(odd: Notice) -> None:
    seen = Finding(odd.incident, spot())
    assert OURS.sub("", told(seen, look=Look(paint=coloured))) == told(seen)


@pytest.mark.parametrize("line", HOSTILE + HUGE, ids=range(len(HOSTILE + HUGE)))
def test_hostile_text_is_inert(line: str) -> None:
    text = told(Finding(hostile_incident(line), spot(line, rank=line, job=line)))
    assert not ACTING.search(text)
    text.encode()
