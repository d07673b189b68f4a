"""An incident as an event for PagerDuty, Events API v2.

Limits as the API's documentation has them: a summary of 1,024 characters, a deduplication key of 255; a body
of 512 KB, from which we stay far.
"""

from typing import Any

from logwatch.catalogue.entry import Language
from logwatch.incident.event import rfc3339, shortened
from logwatch.incident.incident import Notice
from logwatch.render.message import briefing
from logwatch.render.webhook import body as webhook_body

MAX_SUMMARY = 1024


def body(
    notice: Notice, routing_key: str, language: Language = "en", *, status_url: str = ""
) -> dict[str, Any]:
    """What to post. One incident is one alert there; that it went quiet resolves it, or pagers ring on."""
    incident = notice.incident
    event = {"routing_key": routing_key, "dedup_key": incident.incident_id}
    if notice.kind == "quiet":
        return {**event, "event_action": "resolve"}
    told = briefing(notice, language, status_url=status_url)
    return {
        **event,
        "event_action": "trigger",
        "payload": {
            "summary": shortened(told.headline, MAX_SUMMARY),
            "source": incident.host or "logwatch",
            "severity": incident.severity,
            "timestamp": rfc3339(incident.first_seen),
            "component": incident.domain,
            "group": incident.labels.get("job", ""),
            "class": incident.error_id,
            "custom_details": webhook_body(notice)["data"],
        },
        "client": "logwatch",
        "links": [{"href": link.url, "text": link.label} for link in told.links],
    }
