"""An incident as a CloudEvent, 1.0, structured JSON mode (cloudevents/spec, formats/json-format.md)."""

import re
from typing import Any
from urllib.parse import quote

from logwatch.incident.event import rfc3339, shortened
from logwatch.incident.incident import Notice
from logwatch.render import webhook
from logwatch.render.inert import inert_line

# Longer than any host name; of a source the specification wants to be a reference to a resource.
MAX_PART = 255
_CUT_ESCAPE = re.compile("%.?$")
CONTENT_TYPE = "application/cloudevents+json"


def body(notice: Notice) -> dict[str, Any]:
    """The event; its `data` are those of the plain webhook body."""
    incident = notice.incident
    return {
        "specversion": "1.0",
        "id": notice.id,
        "source": f"//{_part(incident.labels.get('cluster', 'logwatch'))}/{_part(incident.host)}",
        "type": f"io.logwatch.incident.{notice.kind}.v1",
        "subject": shortened(inert_line(incident.error_id), MAX_PART),
        "time": rfc3339(notice.time),
        "datacontenttype": "application/json",
        "data": webhook.body(notice)["data"],
    }


def _part(name: str) -> str:
    quoted = quote(shortened(inert_line(name), MAX_PART), safe="")
    # No escape is cut in two.
    return _CUT_ESCAPE.sub("", quoted[:MAX_PART])
