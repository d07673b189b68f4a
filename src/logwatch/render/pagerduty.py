"""An incident as an event for PagerDuty, Events API v2.

Limits as the API's documentation has them: a summary of 1,024 characters, a deduplication key of 255; a body
of 512 KB, from which we stay far.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from logwatch.catalogue.entry import Language
from logwatch.incident.event import rfc3339, shortened
from logwatch.incident.incident import Notice
from logwatch.render.inert import inert_line
from logwatch.render.message import Briefing, Step, briefing

MAX_SUMMARY = 1024
# A text of the details; there are about twenty.
MAX_DETAIL = 4000
MAX_NAME = 255


def body(
    notice: Notice, routing_key: str, language: Language = "en", *, status_url: str = ""
) -> dict[str, Any]:
    """What to post. One incident is one alert there; that it went quiet resolves it, or pagers ring on."""
    incident = notice.incident
    event = {"routing_key": routing_key, "dedup_key": incident.incident_id}
    if notice.kind == "quiet":
        return {**event, "event_action": "resolve"}
    told = briefing(notice, language, status_url=status_url, detail="whole")
    return {
        **event,
        "event_action": "trigger",
        "payload": {
            "summary": shortened(told.headline, MAX_SUMMARY),
            "source": _name(incident.host) or "logwatch",
            "severity": incident.severity,
            "timestamp": rfc3339(incident.first_seen),
            "component": _name(incident.domain),
            "group": _name(incident.labels.get("job", "")),
            "class": _name(incident.error_id),
            "custom_details": dict(_details(told)),
        },
        "client": "logwatch",
        "links": [{"href": link.url, "text": link.label} for link in told.links],
    }


def _name(text: str) -> str:
    return shortened(inert_line(text), MAX_NAME)


def _details(told: Briefing) -> Iterator[tuple[str, str]]:
    """What PagerDuty shows as a table, in reading order."""
    say, excerpt = told.say, told.excerpt
    rows = [
        (say.decision, next((fact.value for fact in told.facts if fact.label == say.decision), "")),
        (say.do_first, _steps([told.do_first] if told.do_first else [])),
        (say.otherwise, _steps(told.otherwise)),
        (say.wont_help, _steps(told.wont_help)),
        (say.why, "\n".join(told.why)),
        (say.line, f"{excerpt.place}\n{excerpt.lines[excerpt.marked]}" if excerpt else ""),
        (say.echoes, told.echoes),
        *((fact.label, fact.value) for fact in told.facts if fact.label != say.decision),
        (say.status, " ".join(filter(None, [told.status, *told.tags, told.resolvable]))),
        (say.silence, told.silence),
        (say.outcome, told.outcome),
    ]
    yield from ((label, shortened(text, MAX_DETAIL)) for label, text in rows if text)


def _steps(steps: Sequence[Step]) -> str:
    return "\n".join("\n".join(filter(None, [step.text, step.why, step.note])) for step in steps)
