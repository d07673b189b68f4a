"""The published form of an incident can be read back."""

import json
from typing import Any

import pytest
from hypothesis import given

from logwatch.incident.event import Advice, Event, Origin, Statement
from logwatch.incident.incident import Evidence, Incident, Place
from logwatch.render.published import from_event, from_published, published

from .incidents import STARTED, incident, incidents


@given(incidents)
def test_what_is_published_can_be_read_back(of: Incident) -> None:
    as_sent = json.loads(json.dumps(published(of)))
    assert from_published(as_sent).to_dict() == of.to_dict()


def test_fields_from_elsewhere_are_passed_over() -> None:
    assert from_published({**published(incident()), "what_changed": [], "x": 1}) == incident()


@pytest.mark.parametrize("name", ["error_id", "evidence", "places"])
def test_a_missing_field_is_named(name: str) -> None:
    body = published(incident())
    del body[name]
    with pytest.raises(KeyError, match=name):
        from_published(body)


def event() -> dict[str, Any]:
    return json.loads(
        json.dumps(
            Event(
                Statement(
                    error_id="cuda/oom", severity="error", domain="cuda", category="memory",
                    signature="CUDA out of memory", workaround=Advice("Halve the batch.", 0.8),
                    dead_ends=[Advice("Reset the GPU.", 0.9, "The memory is in use.")], decision="stop",
                    catalogue_version="1",
                ),
                Origin("train", "/logs/a.log", 1, "k", {}, "gpu-1"),
                event_id="e1", time="2026-11-22T05:40:00.000Z", offset=10, line="CUDA out of memory.",
                line_number=3, captures={}, labels={"job": "a"},
            ).published()
        )
    )  # fmt: skip


def test_an_event_opens_an_incident_of_one() -> None:
    opened = from_event(event())
    assert (opened.incident_id, opened.title, opened.count) == ("e1", "CUDA out of memory", 1)
    assert (opened.first_seen, opened.last_seen) == (STARTED, STARTED)
    assert opened.places == [Place("/logs/a.log", {"job": "a"}, 1)]
    assert opened.workarounds == [Advice("Halve the batch.", 0.8)]
    assert opened.dead_ends == [Advice("Reset the GPU.", 0.9, "The memory is in use.")]
    assert opened.evidence == Evidence("CUDA out of memory.", "/logs/a.log", 3, ())


def test_an_event_without_a_workaround_has_none() -> None:
    assert from_event({**event(), "workaround": None}).workarounds == []


def test_a_time_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        from_event({**event(), "time": "yesterday"})
