"""A match becomes an event: the published form, schema 1."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple

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
from logwatch.scan.nearby import Nearby
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
class Statement:
    """What an entry says in each of its events; they share it."""

    error_id: str
    severity: str
    domain: str
    category: str
    signature: str
    workaround: Advice | None
    dead_ends: Sequence[Advice]
    decision: str | None
    catalogue_version: str


class Event(NamedTuple):
    """A known error in one line of a log. `time` is RFC 3339 in UTC; `offset` is in bytes.

    `context` and what follows it are for the program only. `node` is the machine, where the path, the
    source or the kernel's own prefix names it; `is_dated` is False where neither the log nor its arrival
    says when the line was written, so that `time` is only what serves instead. `subject` is what the line
    that ends this error will name, as a server; empty where nothing is named. One that `clears` is no error:
    its line says that the error is over.
    """

    statement: Statement
    origin: Origin
    event_id: str
    time: str
    offset: int
    line: str
    line_number: int
    captures: Mapping[str, str]
    labels: Mapping[str, str]
    also: Sequence[str] = ()
    context: Sequence[str] = ()
    node: str = ""
    is_dated: bool = True
    subject: str = ""
    clears: bool = False

    @property
    def error_id(self) -> str:
        return self.statement.error_id

    @property
    def severity(self) -> str:
        return self.statement.severity

    @property
    def domain(self) -> str:
        return self.statement.domain

    @property
    def category(self) -> str:
        return self.statement.category

    @property
    def source(self) -> str:
        return self.origin.source

    @property
    def path(self) -> str:
        return self.origin.path

    @property
    def host(self) -> str:
        return self.origin.host

    def published(self, incident_id: str | None = None) -> dict[str, Any]:
        """The event as it is written to the event file: the names and their order are a contract."""
        said, origin = self.statement, self.origin
        return {
            "schema": 1,
            "event_id": self.event_id,
            "error_id": said.error_id,
            "time": self.time,
            "severity": said.severity,
            "domain": said.domain,
            "category": said.category,
            "signature": said.signature,
            "source": origin.source,
            "path": origin.path,
            "generation": origin.generation,
            "offset": self.offset,
            "line": self.line,
            "line_number": self.line_number,
            "captures": dict(self.captures),
            "labels": dict(self.labels),
            "host": origin.host,
            "workaround": said.workaround
            and {"action": said.workaround.action, "success_rate": said.workaround.rate},
            "dead_ends": [
                {"action": d.action, "why_fails": d.why, "fail_rate": d.rate} for d in said.dead_ends
            ],
            "decision": said.decision,
            "also": [*self.also],
            "catalogue_version": said.catalogue_version,
            "incident_id": incident_id,
        }


def event_id(generation_key: str, offset: int, error_id: str) -> str:
    """Names one error in one line of one life of a file; the same however often the line is read."""
    return hashlib.sha256(f"{generation_key}\0{offset}\0{error_id}".encode()).hexdigest()[:32]


# In a storm many lines are of one moment, or take over that of the line above.
@lru_cache(maxsize=1024)
def rfc3339(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Publisher:
    """Knows what an event says beside the match: the entries in force, the language, the versions seen."""

    entries: Mapping[str, Entry]
    catalogue_version: str
    language: Language = "en"
    # What is known of an entry as long as no version is: asking it anew costs more than all else.
    _usual: dict[str, "_Known"] = field(default_factory=dict, init=False, repr=False, compare=False)

    def event(
        self,
        match: Match,
        origin: Origin,
        *,
        offset: int,
        line_number: int,
        now: float,
        context: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        versions: Mapping[str, str] | None = None,
        is_dated: bool = True,
    ) -> Event:
        """The event for `match`, whose record starts at byte `offset` of the file.

        `labels` are drawn from the line's own prefix and lose against those of the origin;
        `versions` are the product versions known for this log. `is_dated`: see `Event`.
        """
        known = self._known(match.rule, versions)
        line = redact(match.text)
        # Captures are parts of the line: where that holds no secret, they hold none.
        captures = match.captures if line == match.text else _redacted(match.captures)
        return Event(
            statement=known.statement,
            origin=origin,
            event_id=event_id(origin.generation_key, offset, match.rule),
            time=rfc3339(now),
            offset=offset,
            line=shortened(line, MAX_LINE),
            line_number=line_number,
            captures=captures,
            labels={**(labels or {}), **origin.labels},
            also=match.also,
            context=() if context is None else Nearby(partial(_readable, context)),
            node=known.node(origin.labels, labels or {}),
            is_dated=is_dated,
            subject=known.subject(captures),
            clears=match.clears,
        )

    def _known(self, error_id: str, versions: Mapping[str, str] | None) -> "_Known":
        if versions:
            return self._asked(error_id, versions)
        if error_id not in self._usual:
            self._usual[error_id] = self._asked(error_id, None)
        return self._usual[error_id]

    def _asked(self, error_id: str, versions: Mapping[str, str] | None) -> "_Known":
        entry = self.entries[error_id]
        best = next(iter(ranked_workarounds(entry, versions, self.language)), None)
        statement = Statement(
            error_id=entry.id,
            severity=str(entry.severity),
            domain=entry.home,
            category=entry.category,
            signature=entry.title(self.language),
            workaround=None if best is None else advice(best),
            dead_ends=[warning(d) for d in ranked_dead_ends(entry, versions)],
            decision=entry.decision and str(entry.decision),
            catalogue_version=self.catalogue_version,
        )
        return _Known(statement, entry.names_cleared, is_of_kernel=entry.sources == (LogKind.KERNEL,))


@dataclass(frozen=True, slots=True)
class _Known:
    """What an entry says, and how its lines are to be read.

    `names_cleared` are named both by the lines of an error and by the line that ends it, as `server` is.
    """

    statement: Statement
    names_cleared: Sequence[str]
    is_of_kernel: bool

    def subject(self, captures: Mapping[str, str]) -> str:
        if not self.names_cleared:
            return ""
        return "\0".join(filter(None, map(captures.get, self.names_cleared)))

    def node(self, of_origin: Mapping[str, str], of_line: Mapping[str, str]) -> str:
        """A training log names hosts as containers see them; the kernel's syslog prefix names the machine."""
        own = of_origin.get("host") or of_origin.get("node") or ""
        return own or (of_line.get("host", "") if self.is_of_kernel else "")


def _readable(lines: Sequence[str]) -> Sequence[str]:
    return [shortened(redact(line), MAX_CONTEXT_LINE) for line in lines]


def _redacted(captures: Mapping[str, str]) -> Mapping[str, str]:
    return {name: redact(value) for name, value in captures.items()}


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
