"""CloudEvents and Alertmanager's webhook body: what other tools already read."""

from logwatch.incident.incident import Notice
from logwatch.render import alertmanager, cloudevents

from .incidents import QUIET_AT, STARTED, incident

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
