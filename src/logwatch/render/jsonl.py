"""An event or incident as one line of JSON, for the event file and `logwatch scan --format json`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from logwatch.incident.event import Event
from logwatch.incident.incident import Incident
from logwatch.render.published import published

# Legal inside JSON, but not harmless: DEL and C1 steer terminals, the separators end a line for some
# readers, what turns the writing direction misleads people. Lone surrogates come from undecodable paths.
_ACTING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def event_line(event: Event) -> bytes:
    """The published form of `event` in UTF-8, keys in the order of the contract, with its line feed."""
    return _line(event.published())


def incident_line(incident: Incident) -> bytes:
    """The published form of `incident` in UTF-8, with its line feed."""
    return _line(published(incident))


def _line(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return _ACTING.sub(_escaped, text).encode() + b"\n"


def _escaped(found: re.Match[str]) -> str:
    # Strict parsers refuse an escaped lone surrogate; its byte is lost, the line is not.
    return "\ufffd" if "\ud800" <= found[0] <= "\udfff" else f"\\u{ord(found[0]):04x}"
