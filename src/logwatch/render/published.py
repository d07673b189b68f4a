"""The published form of an incident: names and shapes that outside tools rely on, and the way back."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from logwatch.incident.event import Advice, rfc3339
from logwatch.incident.incident import Echo, Evidence, Incident, Place, Remark
from logwatch.render.message import remark
from logwatch.render.phrases import phrases


def published(incident: Incident) -> dict[str, Any]:
    """`incident` as JSON: times in RFC 3339, advice by the names that events use."""
    return {
        **asdict(incident),
        "first_seen": rfc3339(incident.first_seen),
        "last_seen": rfc3339(incident.last_seen),
        "workarounds": [_workaround(w) for w in incident.workarounds],
        "dead_ends": [
            {"action": d.action, "why_fails": d.why, "fail_rate": d.rate, "condition": d.condition}
            for d in incident.dead_ends
        ],
        "reasons": remarks(incident.reasons),
        "absorbed": [*incident.absorbed],
    }


def _workaround(advice: Advice) -> dict[str, Any]:
    """What is known of it here is there only where something is."""
    said = {
        "action": advice.action,
        "success_rate": advice.rate,
        "how": advice.why,
        "condition": advice.condition,
    }
    return {**said, "here": {"worked": advice.worked, "tried": advice.tried}} if advice.tried else said


def remarks(said: Iterable[Remark]) -> list[dict[str, Any]]:
    """Remarks for machines, which go by `kind` and `values`, with an English `text` for whoever shows it."""
    say = phrases("en")
    return [{"kind": r.kind, "values": dict(r.values), "text": remark(r, say)} for r in said]


def from_published(body: Mapping[str, Any]) -> Incident:
    """The inverse of `published`; what is not known here is passed over.

    Raises:
        KeyError: a field is missing.
        ValueError: a time is not RFC 3339.
    """
    return Incident(
        incident_id=body["incident_id"],
        error_id=body["error_id"],
        severity=body["severity"],
        decision=body["decision"],
        title=body["title"],
        domain=body["domain"],
        category=body["category"],
        labels=body["labels"],
        host=body["host"],
        first_seen=_seconds(body["first_seen"]),
        last_seen=_seconds(body["last_seen"]),
        count=body["count"],
        places=[Place(p["path"], p["labels"], p["count"]) for p in body["places"]],
        place_count=body["place_count"],
        root_cause=body["root_cause"],
        workarounds=[
            Advice(w["action"], w["success_rate"], w["how"], w["condition"], **w.get("here", {}))
            for w in body["workarounds"]
        ],
        dead_ends=[
            Advice(d["action"], d["fail_rate"], d["why_fails"], d["condition"]) for d in body["dead_ends"]
        ],
        evidence=_evidence(body["evidence"]),
        echoes=[Echo(e["error_id"], e["count"]) for e in body["echoes"]],
        confidence=body["confidence"],
        verification_tier=body["verification_tier"],
        resolvable=body["resolvable"],
        doc_url=body["doc_url"],
        catalogue_version=body["catalogue_version"],
        reasons=[Remark(r["kind"], r["values"]) for r in body["reasons"]],
        unlikely=body["unlikely"],
        next_hits=body["next_hits"],
        absorbed=tuple(body.get("absorbed", ())),
    )


def from_event(body: Mapping[str, Any]) -> Incident:
    """The incident that one published event opens. An event does not carry the cause, nor how sure it is.

    Raises:
        KeyError: a field is missing.
        ValueError: the time is not RFC 3339.
    """
    workaround, seen = body["workaround"], _seconds(body["time"])
    return Incident(
        incident_id=body["incident_id"] or body["event_id"],
        error_id=body["error_id"],
        severity=body["severity"],
        decision=body["decision"],
        title=body["signature"],
        domain=body["domain"],
        category=body["category"],
        labels=body["labels"],
        host=body["host"],
        first_seen=seen,
        last_seen=seen,
        count=1,
        places=[Place(body["path"], body["labels"], 1)],
        place_count=1,
        root_cause="",
        workarounds=[Advice(workaround["action"], workaround["success_rate"])] if workaround else [],
        dead_ends=[Advice(d["action"], d["fail_rate"], d["why_fails"]) for d in body["dead_ends"]],
        evidence=_evidence(body),
        echoes=[],
        confidence=1.0,
        verification_tier="",
        resolvable="",
        doc_url="",
        catalogue_version=body["catalogue_version"],
    )


def _evidence(body: Mapping[str, Any]) -> Evidence:
    return Evidence(body["line"], body["path"], body["line_number"], body.get("context", ()))


def _seconds(rfc3339_time: str) -> float:
    return datetime.fromisoformat(rfc3339_time).timestamp()
