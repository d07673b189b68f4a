"""An event or incident as one line of JSON, for the event file and `logwatch scan --format json`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from logwatch.incident.event import Event
from logwatch.incident.incident import Incident
from logwatch.render.published import published

# Legal inside JSON, but not harmless: DEL and C1 steer terminals, the separators end a line for some
# readers, what turns the writing direction misleads people. Lone surrogates come from undecodable paths.
_ACTING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def event_line(event: Event) -> bytes:
    """The published form of `event` in UTF-8, keys in the order of the contract, with its line feed.

    Written by hand, as what its entry says is the same every time: in a storm that saves most of the work.
    """
    entry = _of_entry(event)
    name = (
        f'"event_id":{_written(event.event_id)},"error_id":{_written(event.error_id)},'
        f'"time":{_written(event.time)}'
    )
    sight = (
        f'"source":{_written(event.source)},"path":{_written(event.path)},"generation":{event.generation},'
        f'"offset":{event.offset},"line":{_written(event.line)},"line_number":{event.line_number},'
        f'"captures":{_texts(event.captures)},"labels":{_texts(event.labels)},"host":{_written(event.host)}'
    )
    end = (
        f'"also":[{",".join(map(_written, event.also))}],'
        f'"catalogue_version":{_written(event.catalogue_version)},"incident_id":{_written(event.incident_id)}'
    )
    line = f'{{"schema":1,{_inert(name)},{entry.kind},{_inert(sight)},{entry.advice},{_inert(end)}}}\n'
    return line.encode()


def incident_line(incident: Incident) -> bytes:
    """The published form of `incident` in UTF-8, with its line feed."""
    return _inert(_written(published(incident))).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What all events of one entry say, as it is written, and the event from which it was taken."""

    event: Event
    kind: str
    advice: str


# At most one for each entry there is.
_entries: dict[str, _Entry] = {}


def _of_entry(event: Event) -> _Entry:
    known = _entries.get(event.error_id)
    if known is None or not _says_the_same(known.event, event):
        body = event.published()
        kind = _members(body, "severity", "domain", "category", "signature")
        known = _entries[event.error_id] = _Entry(
            event, kind, _members(body, "workaround", "dead_ends", "decision")
        )
    return known


def _says_the_same(one: Event, other: Event) -> bool:
    return (
        one.workaround is other.workaround
        and one.dead_ends is other.dead_ends
        and one.signature == other.signature
        and one.severity == other.severity
        and one.decision == other.decision
        and one.domain == other.domain
        and one.category == other.category
    )


def _members(body: Mapping[str, Any], *names: str) -> str:
    return _inert(_written({name: body[name] for name in names})[1:-1])


def _texts(texts: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{_written(name)}:{_written(text)}" for name, text in texts.items()]) + "}"


def _inert(text: str) -> str:
    return text if text.isascii() and "\x7f" not in text else _ACTING.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    # Strict parsers refuse an escaped lone surrogate; its byte is lost, the line is not.
    return "\ufffd" if "\ud800" <= found[0] <= "\udfff" else f"\\u{ord(found[0]):04x}"
