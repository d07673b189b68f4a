"""CloudEvents and Alertmanager's webhook body: what other tools already read."""

import json

from logwatch.incident.incident import Notice
from logwatch.render import alertmanager, cloudevents, pagerduty

from .incidents import HOSTILE, QUIET_AT, STARTED, incident

OPENED = Notice("n1", "opened", STARTED, incident())
QUIET = Notice("n2", "quiet", QUIET_AT, incident())


def test_a_cloud_event_has_what_the_specification_requires() -> None:
    body = cloudevents.body(OPENED)
    assert {name: body[name] for name in ("specversion", "id", "source", "type", "subject")} == {
        "specversion": "1.0",
        "id": "n1",
        "source": "//eu1/gpu-0412",
        "type": "io.logwatch.incident.opened.v1",
        "subject": "nccl/watchdog-timeout",
    }
    assert body["data"]["incident_id"] == OPENED.incident.incident_id


def test_the_body_of_alertmanagers_webhooks_is_firing_and_then_resolved() -> None:
    opened, quiet = alertmanager.webhook_body(OPENED), alertmanager.webhook_body(QUIET)
    assert (opened["version"], opened["status"], quiet["status"]) == ("4", "firing", "resolved")
    assert opened["alerts"][0]["endsAt"].startswith("0001-")
    assert quiet["alerts"][0]["endsAt"] > opened["alerts"][0]["startsAt"]
    assert opened["alerts"][0]["fingerprint"] == quiet["alerts"][0]["fingerprint"]


def test_hostile_text_stays_text_in_every_format() -> None:
    for line in HOSTILE:
        notice = Notice("n", "opened", STARTED, incident(title=line, host=line, root_cause=line))
        for body in (
            cloudevents.body(notice),
            alertmanager.webhook_body(notice),
            pagerduty.body(notice, "key"),
        ):
            assert json.loads(json.dumps(body)) == body
