"""A webhook body says everything, stays small, and is JSON whatever a log holds."""

import json

import pytest
from hypothesis import given

from logwatch.incident.event import Advice
from logwatch.incident.incident import Evidence, Notice, NoticeKind
from logwatch.render.webhook import MAX_BYTES, body, encoded

from .incidents import HOSTILE, HUGE, hostile_incident, incident, notice, notices, seed_incident

PROMISED = {
    "incident_id", "error_id", "severity", "decision", "title", "labels", "host", "first_seen", "last_seen",
    "count", "places", "root_cause", "workarounds", "dead_ends", "evidence", "echoes", "confidence",
    "verification_tier", "doc_url", "catalogue_version",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["opened", "updated", "quiet"])
def test_the_envelope_is_that_of_standard_webhooks(kind: NoticeKind) -> None:
    sent = body(notice(kind))
    assert set(sent) == {"type", "timestamp", "data"}
    assert sent["type"] == f"logwatch.incident.{kind}"


def test_times_are_rfc_3339() -> None:
    sent = body(notice("updated"))
    assert sent["timestamp"] == "2026-11-22T05:45:00.000Z"
    assert sent["data"]["first_seen"] == "2026-11-22T05:40:00.000Z"
    assert sent["data"]["last_seen"] == "2026-11-22T05:42:00.500Z"


def test_every_promised_field_is_there() -> None:
    data = body(notice())["data"]
    assert set(data) >= PROMISED
    assert data["places"][0] == {"path": "/logs/llm-70b/rank3.log", "labels": {"rank": "3"}, "count": 9}
    assert data["echoes"] == [{"error_id": "nccl/remote-process-exited", "count": 511}]
    assert set(data["evidence"]) == {"line", "path", "line_number", "context"}


def test_advice_has_the_names_that_events_use() -> None:
    data = body(notice())["data"]
    assert data["workarounds"][1] == {
        "action": "Raise the timeout of `init_process_group`.",
        "success_rate": 0.3,
        "how": "",
        "condition": "",
    }
    assert data["dead_ends"][0] == {
        "action": "Restart on the same nodes.",
        "why_fails": "A node that is broken stays broken.",
        "fail_rate": 0.6,
        "condition": "",
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_ordinary_incident_is_whole(language: str) -> None:
    of = seed_incident("zh" if language == "zh" else "en")
    data = body(notice(of=of))["data"]
    assert data["truncated"] is False
    assert data["root_cause"] == of.root_cause


def test_what_is_too_large_is_shortened_and_says_so() -> None:
    of = incident(root_cause="x" * 30_000)
    data = body(notice(of=of))["data"]
    assert data["truncated"] is True
    assert len(data["root_cause"]) == 4096
    assert data["evidence"]["line"] == of.evidence.line


def test_a_thousand_labels_do_not_make_a_large_body() -> None:
    labels = {f"label-{i}": "x" * 50 for i in range(1000)}
    sent = body(notice(of=incident(labels=labels)))
    assert len(encoded(sent)) < MAX_BYTES
    assert sent["data"]["truncated"] is True


def test_names_are_never_shortened() -> None:
    of = incident(
        error_id="nccl/" + "a" * 100, evidence=Evidence("\x00" * 4096, "/a", 1, ["\x00" * 512] * 20)
    )
    sent = body(notice(of=of))
    assert sent["data"]["error_id"] == of.error_id
    assert len(encoded(sent)) < MAX_BYTES


@given(notices)
def test_any_body_is_small_json(odd: Notice) -> None:
    sent = encoded(body(odd))
    assert len(sent) < MAX_BYTES
    assert set(json.loads(sent)["data"]) >= PROMISED


@pytest.mark.parametrize("text", HOSTILE + HUGE, ids=range(len(HOSTILE + HUGE)))
def test_hostile_text_makes_a_small_json_body(text: str) -> None:
    sent = encoded(body(notice(of=hostile_incident(text))))
    assert len(sent) < MAX_BYTES
    assert json.loads(sent)["data"]["host"]


def test_what_is_signed_has_no_blanks_and_is_utf_8() -> None:
    assert encoded({"a": [1, "重启"]}) == '{"a":[1,"重启"]}'.encode()


def test_an_undecodable_path_is_still_json() -> None:
    assert encoded({"path": "a\udcff"}) == b'{"path":"a?"}'


def test_many_places_and_much_advice_are_cut_to_fit() -> None:
    of = incident(workarounds=[Advice("中" * 4000, 0.5)] * 30)
    data = body(notice(of=of))["data"]
    assert data["truncated"] is True
    assert len(data["workarounds"]) >= 4
