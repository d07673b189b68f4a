"""A match becomes an event: the published form, schema 1."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from logwatch.catalogue.entry import (
    DeadEnd,
    Entry,
    Language,
    LogKind,
    Workaround,
    ranked_dead_ends,
    ranked_workarounds,
)
from logwatch.incident.redact import redact
from logwatch.scan.scanner import Match

# A published line is for reading; what lies beyond stands in the log at `path` and `offset`.
MAX_LINE = 4096
MAX_CONTEXT_LINE = 512


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a chunk of records comes from.

    `generation` counts the lives of a file at its path from 1; `generation_key` names this life for ever.
    `labels` come from the path, the source and the site, never from log text. `known` are product versions.
    """

    source: str
    path: str
    generation: int
    generation_key: str
    labels: Mapping[str, str]
    host: str
    kind: str = "any"


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do, or not to do. `rate` is the claimed share of successes, or failures, from 0 to 1.

    `tried` is how often it was tried here, as people have said, and `worked` how often it helped.
    """

    action: str
    rate: float | None = None
    why: str = ""
    condition: str = ""
    worked: int = 0
    tried: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A known error in one line of a log. `time` is RFC 3339 in UTC; `offset` is in bytes.

    `context` and what follows it are for the program only. `node` is the machine, where the path, the
    source or the kernel's own prefix names it; `is_dated` is False where neither the log nor its arrival
    says when the line was written, so that `time` is only what serves instead. `subject` is what the line
    that ends this error will name, as a server; empty where nothing is named. One that `clears` is no error:
    its line says that the error is over.
    """

    event_id: str
    error_id: str
    time: str
    severity: str
    domain: str
    category: str
    signature: str
    source: str
    path: str
    generation: int
    offset: int
    line: str
    line_number: int
    captures: Mapping[str, str]
    labels: Mapping[str, str]
    host: str
    workaround: Advice | None
    dead_ends: Sequence[Advice]
    decision: str | None
    also: Sequence[str]
    catalogue_version: str
    incident_id: str | None = None
    context: Sequence[str] = ()
    node: str = ""
    is_dated: bool = True
    subject: str = ""
    clears: bool = False

    def in_incident(self, incident_id: str) -> "Event":
        return replace(self, incident_id=incident_id)

    def published(self) -> dict[str, Any]:
        """The event as it is written to the event file: the names are a contract."""
        body: dict[str, Any] = {name: getattr(self, name) for name in _PUBLISHED}
        body["captures"], body["labels"], body["also"] = dict(self.captures), dict(self.labels), [*self.also]
        body["workaround"] = self.workaround and {
            "action": self.workaround.action,
            "success_rate": self.workaround.rate,
        }
        body["dead_ends"] = [
            {"action": d.action, "why_fails": d.why, "fail_rate": d.rate} for d in self.dead_ends
        ]
        return {"schema": 1, **body}


_PRIVATE = frozenset({"context", "node", "is_dated", "subject", "clears"})
_PUBLISHED = tuple(f.name for f in fields(Event) if f.name not in _PRIVATE)


def event_id(generation_key: str, offset: int, error_id: str) -> str:
    """Names one error in one line of one life of a file; the same however often the line is read."""
    return hashlib.sha256(f"{generation_key}\0{offset}\0{error_id}".encode()).hexdigest()[:32]


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Knows what an event says beside the match: the entries in force, the language, the versions seen."""

    entries: Mapping[str, Entry]
    catalogue_version: str
    language: Language = "en"
    # What is said about an entry as long as no version is known: ranking it anew costs more than all else.
    _usual: dict[str, "_Said"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def event(
        self,
        match: Match,
        origin: Origin,
        *,
        offset: int,
        line_number: int,
        now: float,
        context: Sequence[str] = (),
        labels: Mapping[str, str] | None = None,
        versions: Mapping[str, str] | None = None,
        is_dated: bool = True,
    ) -> Event:
        """The event for `match`, whose record starts at byte `offset` of the file.

        `labels` are drawn from the line's own prefix and lose against those of the origin;
        `versions` are the product versions known for this log. `is_dated`: see `Event`.
        """
        entry = self.entries[match.rule]
        said = self._said(entry, versions)
        line = redact(match.text)
        # Captures are parts of the line: where that holds no secret, they hold none.
        captures = match.captures if line == match.text else _redacted(match.captures)
        return Event(
            event_id=event_id(origin.generation_key, offset, entry.id),
            error_id=entry.id,
            time=rfc3339(now),
            severity=str(entry.severity),
            domain=entry.home,
            category=entry.category,
            signature=entry.title(self.language),
            source=origin.source,
            path=origin.path,
            generation=origin.generation,
            offset=offset,
            line=shortened(line, MAX_LINE),
            line_number=line_number,
            captures=captures,
            labels={**(labels or {}), **origin.labels},
            host=origin.host,
            workaround=said.workaround,
            dead_ends=said.dead_ends,
            decision=entry.decision and str(entry.decision),
            also=list(match.also),
            catalogue_version=self.catalogue_version,
            context=[shortened(redact(line), MAX_CONTEXT_LINE) for line in context],
            node=_node(entry, origin.labels, labels or {}),
            is_dated=is_dated,
            subject=_subject(entry, captures),
            clears=match.clears,
        )

    def _said(self, entry: Entry, versions: Mapping[str, str] | None) -> "_Said":
        if versions:
            return _said(entry, versions, self.language)
        if entry.id not in self._usual:
            self._usual[entry.id] = _said(entry, None, self.language)
        return self._usual[entry.id]


def _redacted(captures: Mapping[str, str]) -> Mapping[str, str]:
    return {name: redact(value) for name, value in captures.items()}


def _subject(entry: Entry, captures: Mapping[str, str]) -> str:
    """What is named both by the lines of an error and by the line that ends it, as `server` is."""
    if not entry.clears:
        return ""
    return "\0".join(filter(None, (captures.get(name) for name in entry.names_cleared)))


def _node(entry: Entry, of_origin: Mapping[str, str], of_line: Mapping[str, str]) -> str:
    """A training log names hosts as containers see them; the kernel's syslog prefix names the machine."""
    own = of_origin.get("host") or of_origin.get("node") or ""
    return own or (of_line.get("host", "") if entry.sources == (LogKind.KERNEL,) else "")


@dataclass(frozen=True, slots=True)
class _Said:
    """The advice that an event carries."""

    workaround: Advice | None
    dead_ends: Sequence[Advice]


def _said(entry: Entry, versions: Mapping[str, str] | None, language: Language) -> _Said:
    best = next(iter(ranked_workarounds(entry, versions, language)), None)
    dead_ends = [warning(d) for d in ranked_dead_ends(entry, versions)]
    return _Said(None if best is None else advice(best), dead_ends)


def advice(workaround: Workaround) -> Advice:
    return Advice(workaround.action, workaround.success_rate, workaround.how, workaround.condition)


def warning(dead_end: DeadEnd) -> Advice:
    return Advice(dead_end.action, dead_end.fail_rate, dead_end.why_fails, dead_end.condition)


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters: its head and its tail, which for errors say the most."""
    if len(text) <= most:
        return text
    tail = most // 4
    return f"{text[: most - tail - 3]} … {text[-tail:]}"
