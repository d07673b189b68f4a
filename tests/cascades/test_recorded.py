"""Recorded failures come to the incidents that a person who knows would name.

The lines that are recognised are those of real logs, as the catalogue has them; hosts, ranks, pids and times
were set so that the lines of one folder tell one story. `expected.json` was written from the story, not from
what came out.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from logwatch.incident.incident import Incident

from .stage import Cascade, cascades, lived, replayed

CASCADES = cascades()
each = pytest.mark.parametrize("cascade", CASCADES, ids=[cascade.name for cascade in CASCADES])


def in_short(incident: Incident) -> dict[str, Any]:
    return {
        "root": incident.error_id,
        "count": incident.count,
        "echoes": {echo.error_id: echo.count for echo in incident.echoes},
    }


def expected(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: wanted[name] for name in ("root", "count", "echoes")}


@each
def test_read_afterwards_it_comes_to_the_expected_incidents(cascade: Cascade) -> None:
    incidents = replayed(cascade.events())
    assert [in_short(i) for i in incidents] == [expected(w) for w in cascade.expected["incidents"]]


@each
def test_what_is_said_of_it_is_right(cascade: Cascade) -> None:
    for incident, wanted in zip(replayed(cascade.events()), cascade.expected["incidents"], strict=True):
        assert incident.labels.get("job") == wanted.get("job")
        assert wanted.get("severity", incident.severity) == incident.severity
        assert wanted.get("places", incident.place_count) == incident.place_count
        assert set(wanted.get("why", ())) <= {reason.kind for reason in incident.reasons}


@each
def test_live_it_comes_to_the_same_and_each_incident_is_opened_once(cascade: Cascade) -> None:
    live = lived(cascade.events(), cascade.expected.get("late_s", {}))
    wanted = [expected(w) for w in cascade.expected["incidents"]]
    assert sorted((in_short(i) for i in live.incidents), key=repr) == sorted(wanted, key=repr)
    opened = [notice.incident.incident_id for notice in live.notices if notice.kind == "opened"]
    assert len(set(opened)) == len(opened) == len(wanted)


@each
def test_live_the_first_message_names_the_cause_unless_its_log_is_late(cascade: Cascade) -> None:
    live = lived(cascade.events(), cascade.expected.get("late_s", {}))
    told = [f"{notice.kind} {notice.incident.error_id}" for notice in live.notices]
    roots = {f"opened {wanted['root']}" for wanted in cascade.expected["incidents"]}
    if "late_s" not in cascade.expected:
        assert {line for line in told if line.startswith("opened")} == roots
    assert told[: len(cascade.expected.get("messages", ()))] == cascade.expected.get("messages", [])


def test_there_are_cascades_of_every_kind() -> None:
    parts = [cascade.expected["part"] for cascade in CASCADES]
    assert {part: parts.count(part) >= 5 for part in parts} == dict.fromkeys(
        ["gpu", "ranks", "launchers", "rest", "several"], True
    )


@pytest.mark.parametrize("name", ["one-of-eight-out-of-memory", "two-jobs-at-once", "all-in-one-file"])
def test_the_command_line_says_the_same(name: str, tmp_path: Path) -> None:
    cascade = next(cascade for cascade in CASCADES if cascade.name == name)
    labels = [f"--path-labels={template}" for template in cascade.expected["path_labels"]]
    command = [sys.executable, "-m", "logwatch", "scan", "--incidents", "--format", "json", *labels]
    folder = cascade.laid_out(tmp_path)
    scan = subprocess.run([*command, folder], capture_output=True, text=True, check=False)
    assert (scan.returncode, scan.stderr) == (1, "")
    bodies = [json.loads(line) for line in scan.stdout.splitlines()]
    assert sorted((body["error_id"], body["count"]) for body in bodies) == sorted(
        (wanted["root"], wanted["count"]) for wanted in cascade.expected["incidents"]
    )
