"""Every check says nothing of a good record, and names what is wrong with a bad one and what to do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.checks import ALL_CHECKS, EXAMPLE_CHECKS
from logwatch.catalogue.desk import Finding, Level
from logwatch.catalogue.lint import check_examples, lint, read_shelf

from .records import ID, LINE, NEAR_MISS, good_record, write

EXAMPLE = {"text": LINE, "where": "a forum"}
NO_EXAMPLE = {"text": NEAR_MISS, "where": "a forum"}


def linted(folder: Path, *, strict: bool = True) -> list[Finding]:
    return lint(read_shelf([folder], [folder] if strict else []))


def by_check(findings: Sequence[Finding], check: str) -> list[Finding]:
    return [finding for finding in findings if finding.check == check]


def line_of(finding: Finding) -> str:
    """The line of the file that the finding points at."""
    path, _, number = finding.where.rpartition(":")
    return Path(path).read_text(encoding="utf-8").splitlines()[int(number) - 1]


def test_a_good_record_passes_every_check(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    assert linted(tmp_path) == []


# What is demanded of the shipped catalogue and advised to everybody else.
DEMANDED: list[tuple[str, dict[str, Any], str, str]] = [
    ("literal", {"regex": r"\w+ \d+, [a-z]+"}, "no text that every match", '"regex"'),
    ("literal", {"regex": r"Xid \([^)]*\): 79"}, "is short: 'Xid ('", '"regex"'),
    ("signature", {"signature": "GPU gone"}, "signature does not match", '"signature"'),
    (
        "evidence",
        {"examples": {"match": [], "no_match": [NO_EXAMPLE]}},
        "no example of a line that matches",
        "",
    ),
    ("evidence", {"examples": {"match": [EXAMPLE]}}, "no example of a line that must not", '"examples"'),
    (
        "evidence",
        {"examples": {"match": [{"text": LINE}], "no_match": [NO_EXAMPLE]}},
        "where this line",
        LINE,
    ),
    ("texts", {"root_cause": ""}, "`root_cause` is empty", '"root_cause"'),
    ("texts", {"signature_zh": ""}, "`signature_zh` is empty", '"signature_zh"'),
    ("texts", {"official_doc_url": ""}, "`official_doc_url` is empty", '"official_doc_url"'),
    ("advice", {"workarounds": [], "workarounds_zh": []}, "nothing is recommended", '"workarounds"'),
    ("advice", {"dead_ends": []}, "no dead end", '"dead_ends"'),
    ("translation", {"workarounds_zh": ["一", "二"]}, "2 texts for 1", '"workarounds_zh"'),
    ("addresses", {"official_doc_url": "the manual"}, "the manual", "the manual"),
    ("addresses", {"official_doc_url": "http://docs.nvidia.com/"}, "http://docs", "http://docs"),
    ("addresses", {"official_doc_url": "https://nowhere/"}, "https://nowhere/", "https://nowhere/"),
    ("versions", {"versions": [{"version": "newer ones"}]}, "newer ones", "newer ones"),
    (
        "versions",
        {"workarounds": [{"action": "Wait.", "versions": ["the old"]}], "workarounds_zh": ["等待。"]},
        "the old",
        "the old",
    ),
]


@pytest.mark.parametrize(("check", "changes", "said", "pointed_at"), DEMANDED)
def test_what_is_demanded_is_an_error_where_it_is_strict_and_else_a_warning(
    tmp_path: Path, check: str, changes: dict[str, Any], said: str, pointed_at: str
) -> None:
    write(tmp_path, good_record(**changes))
    for strict, level in ((True, Level.ERROR), (False, Level.WARNING)):
        (finding,) = by_check(linted(tmp_path, strict=strict), check)
        assert finding.level is level
        assert said in finding.what
        assert pointed_at in line_of(finding)
        assert finding.remedy


WRONG: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "found",
        {"examples": {"match": [{**EXAMPLE, "text": "GPU gone"}], "no_match": [NO_EXAMPLE]}},
        "own",
        "gone",
    ),
    ("near-miss", {"examples": {"match": [EXAMPLE], "no_match": [EXAMPLE]}}, "must not find", LINE),
    ("speed", {"regex": "Xid(?:.*GPU)+ of the bus", "signature": "Xid GPU GPU of the bus"}, "slow", "regex"),
    (
        "evidence",
        {"examples": {"match": [EXAMPLE, {**EXAMPLE, "text": f"{LINE}\nmore"}], "no_match": [NO_EXAMPLE]}},
        "more than one line",
        "more",
    ),
]


@pytest.mark.parametrize(("check", "changes", "said", "pointed_at"), WRONG)
@pytest.mark.parametrize("strict", [True, False])
def test_what_does_not_work_is_an_error_for_everybody(
    tmp_path: Path, check: str, changes: dict[str, Any], said: str, pointed_at: str, strict: bool
) -> None:
    write(tmp_path, good_record(**changes))
    findings = by_check(linted(tmp_path, strict=strict), check)
    assert [finding.level for finding in findings] == [Level.ERROR]
    assert said in findings[0].what
    assert pointed_at in line_of(findings[0])


ADVISED: list[tuple[str, dict[str, Any], str, str]] = [
    ("literal", {"regex": r"Xid \([^)\n]{1,40}\): 79, "}, "): 79, ", '"regex"'),
    ("anchor", {"regex": r"^NVRM: Xid \([^)\n]{1,40}\): 79, "}, "beginning or the end", '"regex"'),
    ("anchor", {"regex": r"GPU has fallen off the bus\.$"}, "beginning or the end", '"regex"'),
    (
        "advice",
        {"dead_ends": [{"action": "", "why_fails": "It stays gone."}]},
        "It stays gone.",
        "It stays gone.",
    ),
    ("transitions", {"transition_graph": {"leads_to": ["nvidia/xid-1"]}}, "nvidia/xid-1", "nvidia/xid-1"),
    ("dates", {"first_seen": "long ago"}, "long ago", '"first_seen"'),
    ("unknown-fields", {"colour": "red"}, "`colour`", '"colour"'),
]


@pytest.mark.parametrize(("check", "changes", "said", "pointed_at"), ADVISED)
def test_what_could_be_better_is_a_warning(
    tmp_path: Path, check: str, changes: dict[str, Any], said: str, pointed_at: str
) -> None:
    write(tmp_path, good_record(**changes))
    (finding,) = by_check(linted(tmp_path), check)
    assert finding.level is Level.WARNING
    assert said in finding.what
    assert pointed_at in line_of(finding)


def test_a_line_end_in_a_pattern_that_is_escaped_is_no_anchor(tmp_path: Path) -> None:
    write(tmp_path, good_record(regex=r"GPU has fallen off the bus, it cost 5\$"))
    assert by_check(linted(tmp_path), "anchor") == []


def test_the_id_has_to_be_the_path(tmp_path: Path) -> None:
    path = write(tmp_path, good_record(), "nvidia/fallen")
    (finding,) = by_check(linted(tmp_path), "id")
    assert finding.level is Level.ERROR
    assert finding.where.startswith(f"{path}:")
    assert finding.remedy == f"move it to {ID}.json"


def test_an_example_has_to_be_recognised_as_its_own_entry_first(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    thief = good_record(
        id="acme/thief",
        regex=r"Xid \([^)\n]{1,40}\): 79, pid='<unknown>', [^\n]{0,80}?GPU has fallen off the bus",
    )
    write(tmp_path, {**thief, "examples": {"match": [], "no_match": []}})
    (finding,) = by_check(linted(tmp_path), "found")
    assert (finding.id, finding.level) == (ID, Level.ERROR)
    assert "recognised as acme/thief first" in finding.what
    assert LINE in line_of(finding)


def test_a_near_miss_may_belong_to_another_entry(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    other = {"match": [NO_EXAMPLE], "no_match": [EXAMPLE]}
    write(
        tmp_path,
        good_record(
            id="nvidia/xid-48", signature=NEAR_MISS, regex="uncorrectable double bit error", examples=other
        ),
    )
    assert linted(tmp_path) == []


def test_two_entries_with_one_pattern_are_each_told_of_the_other(tmp_path: Path) -> None:
    write(tmp_path, good_record())
    write(tmp_path, good_record(id="nvidia/twin"))
    findings = by_check(linted(tmp_path), "duplicate")
    assert {(finding.id, finding.what) for finding in findings} == {
        (ID, "it is also the pattern of nvidia/twin"),
        ("nvidia/twin", f"it is also the pattern of {ID}"),
    }


def test_a_transition_may_name_a_former_id(tmp_path: Path) -> None:
    write(tmp_path, good_record(transition_graph={"leads_to": ["nvidia/fallen"]}, aliases=["nvidia/fallen"]))
    assert linted(tmp_path) == []


def test_the_examples_alone_are_a_part_of_all_checks(tmp_path: Path) -> None:
    write(tmp_path, good_record(signature="GPU gone", root_cause=""))
    findings = check_examples(read_shelf([tmp_path], [tmp_path]))
    assert [finding.check for finding in findings] == ["signature"]
    assert EXAMPLE_CHECKS.keys() < ALL_CHECKS.keys()
