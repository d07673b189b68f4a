"""An incident as an alert for Prometheus Alertmanager, API v2.

Alertmanager knows an alert by its labels (prometheus.io/docs/alerting/latest/clients), so these are what
stays the same while an incident lasts: which error, where. What changes (counts, lines) is annotation.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from logwatch.catalogue.entry import Language
from logwatch.incident.event import rfc3339, shortened
from logwatch.incident.incident import Incident, Notice
from logwatch.render.inert import inert, inert_line
from logwatch.render.message import briefing, remark

ALERT_NAME = "LogwatchKnownError"
# Labels that tell a process or a line apart vary within one incident.
_VARYING = frozenset({"rank", "local_rank", "pid", "log_time", "stream", "level", "thread", "pod"})
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
MAX_LABEL = 256
MAX_ANNOTATION = 2048


def alert(
    notice: Notice, language: Language = "en", *, firing_until: float, status_url: str = ""
) -> dict[str, Any]:
    """The alert for `notice`: firing until `firing_until` (seconds since the epoch) unless told again.

    A notice that the incident went quiet ends it at the time of the notice.
    """
    incident = notice.incident
    ends_at = max(notice.time, incident.first_seen) if notice.kind == "quiet" else firing_until
    return {
        "labels": _labels(incident),
        "annotations": _annotations(notice, language, status_url),
        "startsAt": rfc3339(incident.first_seen),
        "endsAt": rfc3339(ends_at),
        **({"generatorURL": status_url} if status_url else {}),
    }


def webhook_body(notice: Notice) -> dict[str, Any]:
    """`notice` as Alertmanager tells its webhooks (version 4): what takes those takes this."""
    # Such a message says that an alert fires, not until when; nothing repeats it.
    told = alert(notice, firing_until=0.0)
    status = "resolved" if notice.kind == "quiet" else "firing"
    ends_at = told["endsAt"] if status == "resolved" else "0001-01-01T00:00:00Z"
    fingerprint = notice.incident.incident_id[:16]
    return {
        "version": "4",
        "groupKey": f"logwatch:{notice.incident.incident_id}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "logwatch",
        "groupLabels": {name: told["labels"][name] for name in ("alertname", "error_id")},
        "commonLabels": told["labels"],
        "commonAnnotations": told["annotations"],
        "externalURL": "",
        "alerts": [
            {**told, "endsAt": ends_at, "status": status, "fingerprint": fingerprint, "generatorURL": ""}
        ],
    }


def _labels(incident: Incident) -> dict[str, str]:
    """Not empty, valid names, and the same from the first notice to the last."""
    own = {name: value for name, value in incident.labels.items() if name not in _VARYING}
    labels = {
        **own,
        "alertname": ALERT_NAME,
        "error_id": incident.error_id,
        "severity": incident.severity,
        "domain": incident.domain,
        "node": incident.host,
    }
    return {
        name: shortened(inert_line(value), MAX_LABEL)
        for name, value in labels.items()
        if value and _LABEL.fullmatch(name)
    }


def _annotations(notice: Notice, language: Language, status_url: str) -> Mapping[str, str]:
    incident = notice.incident
    # An alert is told again and again: what it says is not news but how things stand.
    told = briefing(replace(notice, kind="opened"), language, status_url=status_url)
    first = incident.workarounds[0] if incident.workarounds else None
    said = {
        "summary": told.headline,
        "description": incident.root_cause,
        "why": "\n".join(remark(reason, told.say) for reason in incident.reasons),
        "workaround": first.action if first else "",
        "workaround_condition": first.condition if first else "",
        "wont_help": "\n".join(f"{d.action}: {d.why}" if d.action else d.why for d in incident.dead_ends),
        "decision": incident.decision or "",
        "line": incident.evidence.line,
        "place": f"{incident.evidence.path}:{incident.evidence.line_number}",
        "count": str(incident.count),
        "echoes": told.echoes,
        "silence": told.silence,
        "outcome": told.outcome,
        "incident_id": incident.incident_id,
        "verification_tier": incident.verification_tier,
        "runbook_url": incident.doc_url,
    }
    return {name: shortened(inert(value), MAX_ANNOTATION) for name, value in said.items() if value}
