"""The JSON schema of an event, schema 1: a line of the event file and of `logwatch scan --format json`."""

from collections.abc import Mapping
from typing import Any

from logwatch.catalogue.entry import ENTRY_ID, Decision, Severity

_TEXT: Mapping[str, Any] = {"type": "string"}
_COUNT: Mapping[str, Any] = {"type": "integer", "minimum": 0}
_RATE: Mapping[str, Any] = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_ENTRY: Mapping[str, Any] = {"type": "string", "pattern": f"^{ENTRY_ID}$"}
_TEXTS_BY_NAME: Mapping[str, Any] = {"type": "object", "additionalProperties": _TEXT}

_PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "schema": {"const": 1, "description": "Of this form. Fields may be added to it; none goes or changes."},
    "event_id": {
        "type": "string",
        "pattern": "^[0-9a-f]{32}$",
        "description": "Names one error in one line of one life of a file, however often it is read.",
    },
    "error_id": {**_ENTRY, "description": "The entry that the line matches."},
    "time": {
        "type": "string",
        "format": "date-time",
        # As incident/event.py writes it, for the many validators that pass over formats.
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        "description": "The line's own time where it has one that can be believed, else when it was read.",
    },
    "severity": {"enum": [str(s) for s in Severity], "description": "How bad it is for the job."},
    "domain": {**_TEXT, "description": "Whose error it is: nccl, cuda, slurm …"},
    "category": {**_TEXT, "description": "What sort of error: timeout, hardware …"},
    "signature": {**_TEXT, "description": "The error's title, in the configured language."},
    "source": {**_TEXT, "description": "The source's name in the configuration."},
    "path": {**_TEXT, "description": "The file, by the name it had when the line was read."},
    "generation": {**_COUNT, "description": "Which life of a file at this path, from 1."},
    "offset": {**_COUNT, "description": "Where the line begins in the file, in bytes."},
    "line": {
        **_TEXT,
        "description": "The line; secrets are masked, and of a very long one head and tail are left.",
    },
    "line_number": {**_COUNT, "description": "The line's number in the file, from 1."},
    "captures": {**_TEXTS_BY_NAME, "description": "What the pattern's named groups hold."},
    "labels": {
        **_TEXTS_BY_NAME,
        "description": "From the path, the source and the line's own prefix: job, rank, pod …",
    },
    "host": {**_TEXT, "description": "The machine that read the line."},
    "workaround": {
        "anyOf": [
            {"type": "null"},
            {
                "type": "object",
                "properties": {"action": _TEXT, "success_rate": _RATE},
                "required": ["action", "success_rate"],
            },
        ],
        "description": "What to try first, and the claimed share of successes; null: nothing is known.",
    },
    "dead_ends": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {"action": _TEXT, "why_fails": _TEXT, "fail_rate": _RATE},
            "required": ["action", "why_fails", "fail_rate"],
        },
        "description": "What people try in vain. An empty `action` leaves only the reason.",
    },
    "decision": {
        "enum": [*(str(d) for d in Decision), None],
        "description": "One word for a machine that has to act.",
    },
    "also": {
        "type": "array",
        "items": _ENTRY,
        "description": "Further entries that match the line, the better first.",
    },
    "catalogue_version": {**_TEXT, "description": "The catalogue that was in force."},
    "incident_id": {
        "type": ["string", "null"],
        "description": "The incident that the event belongs to; null where none was formed.",
    },
}


def event_schema() -> dict[str, Any]:
    """For programs that read events. Fields that are not named here are allowed: some may be added."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "logwatch event",
        "description": "A known error in one line of a log.",
        "type": "object",
        "properties": {name: dict(told) for name, told in _PROPERTIES.items()},
        "required": list(_PROPERTIES),
    }
