"""An incident as a CloudEvent, 1.0, structured JSON mode (cloudevents/spec, formats/json-format.md)."""

from typing import Any

from logwatch.incident.event import rfc3339
from logwatch.incident.incident import Notice
from logwatch.render import webhook

CONTENT_TYPE = "application/cloudevents+json"


def body(notice: Notice) -> dict[str, Any]:
    """The event; its `data` are those of the plain webhook body."""
    incident = notice.incident
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"//{incident.labels.get('cluster', 'logwatch')}/{incident.host}",
        "type": f"io.logwatch.incident.{notice.kind}.v1",
        "subject": incident.error_id,
        "time": rfc3339(notice.time),
        "datacontenttype": "application/json",
        "data": webhook.body(notice)["data"],
    }
