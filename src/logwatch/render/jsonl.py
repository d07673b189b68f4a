"""An event or incident as one line of JSON, for the event file and `logwatch scan --format json`."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from logwatch.incident.event import Event, Statement
from logwatch.incident.incident import Incident
from logwatch.render.published import published

# Legal inside JSON, but not harmless: DEL and C1 steer terminals, the separators end a line for some
# readers, what turns the writing direction misleads people. Lone surrogates come from undecodable paths.
_ACTING = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
# What the encoder does with text, without asking what it is.
_text: Callable[[str], str] = json.encoder.encode_basestring
# Files whose place is kept as it is written: as many as are written to at the same time.
_MANY_FILES = 1024


def event_line(event: Event, incident_id: str | None = None) -> bytes:
    """The published form of `event` in UTF-8, keys in the order of the contract, with its line feed.

    Written by hand: what an entry says and what is known of a file is the same every time, which in a storm saves
    most of the work.
    """
    said, origin = _said(event), event.origin
    place = _place(origin.source, origin.path, origin.generation)
    found = (
        f'"line":{_text(event.line)},"line_number":{event.line_number},"captures":{_texts(event.captures)},'
        f'"labels":{_texts(event.labels)},"host":{_text(origin.host)}'
    )
    also = ",".join(map(_text, event.also))
    line = (
        f'{{"schema":1,"event_id":"{event.event_id}",{said.name},"time":"{event.time}",{said.kind},{place},'
        f'"offset":{event.offset},{_inert(found)},{said.advice},"also":[{_inert(also)}],{said.version},'
        f'"incident_id":{"null" if incident_id is None else _text(incident_id)}}}\n'
    )
    return line.encode()


def incident_line(incident: Incident) -> bytes:
    """The published form of `incident` in UTF-8, with its line feed."""
    return _inert(_written(published(incident))).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class _Said:
    """A statement, and its parts as they are written."""

    statement: Statement
    name: str
    kind: str
    advice: str
    version: str


# At most one for each entry there is.
_all_said: dict[str, _Said] = {}


def _said(event: Event) -> _Said:
    known = _all_said.get(event.error_id)
    if known is None or known.statement is not event.statement:
        body = event.published()
        known = _all_said[event.error_id] = _Said(
            event.statement,
            name=_members(body, "error_id"),
            kind=_members(body, "severity", "domain", "category", "signature"),
            advice=_members(body, "workaround", "dead_ends", "decision"),
            version=_members(body, "catalogue_version"),
        )
    return known


@lru_cache(_MANY_FILES)
def _place(source: str, path: str, generation: int) -> str:
    return _inert(f'"source":{_text(source)},"path":{_text(path)},"generation":{generation}')


def _members(body: Mapping[str, Any], *names: str) -> str:
    return _inert(_written({name: body[name] for name in names})[1:-1])


def _texts(texts: Mapping[str, str]) -> str:
    return "{" + ",".join([f"{_text(name)}:{_text(text)}" for name, text in texts.items()]) + "}"


def _inert(text: str) -> str:
    return text if text.isascii() and "\x7f" not in text else _ACTING.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    # Strict parsers refuse an escaped lone surrogate; its byte is lost, the line is not.
    return "\ufffd" if "\ud800" <= found[0] <= "\udfff" else f"\\u{ord(found[0]):04x}"
