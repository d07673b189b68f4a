"""Alerts: labels that stay the same, annotations that tell the rest."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from logwatch.incident.incident import Notice, NoticeKind
from logwatch.render.alertmanager import alert

from .incidents import HOSTILE, QUIET_AT, STARTED, incident

UNTIL = STARTED + 240


def told(kind: NoticeKind = "opened", **changes: object) -> dict[str, dict[str, str]]:
    notice = Notice("n1", kind, QUIET_AT if kind == "quiet" else STARTED, incident(**changes))
    return alert(notice, firing_until=UNTIL)


def test_what_changes_during_an_incident_is_in_no_label() -> None:
    first = told()
    later = told("updated", count=4711, place_count=64, last_seen=STARTED + 999)
    assert first["labels"] == later["labels"]
    assert first["annotations"]["count"] != later["annotations"]["count"]


def test_the_error_and_the_place_name_the_alert() -> None:
    assert told()["labels"] == {
        "alertname": "LogwatchKnownError",
        "error_id": "nccl/watchdog-timeout",
        "severity": "critical",
        "domain": "nccl",
        "node": "gpu-0412",
        "job": "llm-70b",
        "cluster": "eu1",
    }


def test_the_rank_that_happened_to_speak_first_is_no_label() -> None:
    assert "rank" not in told(labels={"job": "j", "rank": "7"})["labels"]


def test_it_fires_until_told_again_and_ends_when_quiet() -> None:
    assert told()["endsAt"] > told()["startsAt"]
    assert told("quiet")["endsAt"] != told()["endsAt"]
    early = Notice("n", "quiet", STARTED - 5, incident())
    assert alert(early, firing_until=UNTIL)["endsAt"] == alert(early, firing_until=UNTIL)["startsAt"]


def test_the_advice_is_in_the_annotations() -> None:
    annotations = told()["annotations"]
    assert annotations["workaround"].startswith("Find the rank that did not time out")
    assert "A node that is broken stays broken." in annotations["wont_help"]
    assert annotations["runbook_url"].startswith("https://")


@given(st.dictionaries(st.text(max_size=12), st.sampled_from(HOSTILE), max_size=5), st.sampled_from(HOSTILE))
def test_names_are_valid_and_values_inert_whatever_the_log_says(labels: dict[str, str], line: str) -> None:
    """Alertmanager refuses a whole post for one bad label."""
    hostile = incident(labels=labels)
    hostile = replace(hostile, evidence=replace(hostile.evidence, line=line), root_cause=line)
    made = alert(Notice("n", "opened", STARTED, hostile), firing_until=UNTIL)
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in made["labels"])
    assert all(value and "\n" not in value for value in made["labels"].values())
    assert not re.search("[\x00-\x08\x1b\x9b\u202e]", "".join(made["annotations"].values()))
