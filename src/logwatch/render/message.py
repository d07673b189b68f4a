"""What is said about an incident, whoever it is said to.

A briefing is in reading order for someone woken at three: what, how bad, where, what to do, what not to
do, why, the proof. An update and a quiet notice repeat only what the reader needs to know it again.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from logwatch.catalogue.entry import Language
from logwatch.incident.event import MAX_CONTEXT_LINE, Advice, rfc3339, shortened
from logwatch.incident.incident import Echo, Evidence, Incident, Notice, NoticeKind, Place, Remark
from logwatch.incident.strand import MAX_DISTINCT_PLACES
from logwatch.render.inert import inert, inert_line
from logwatch.render.phrases import Phrases, phrases

# What a person reads before acting; the event file and the webhook body have the rest.
MAX_OTHERWISE = 2
MAX_DEAD_ENDS = 3
MAX_NAMED_PLACES = 3
MAX_ECHOES = 5
MAX_NEXT_HITS = 3
MAX_TITLE = 200
# A lock screen shows two or three lines: where it is has to be among them.
MAX_TITLE_OF_HEADLINE = 120
MAX_LABEL = 120
MAX_ADVICE = 2000
MAX_URL = 250
# Enough of an incident's id to tell it from all others that anybody still asks about.
SHORT_ID = 12
_SHORT_ID = re.compile(r"[0-9a-f]{12}")
# Of incidents that are made up to tell about others.
OWN_DOMAIN = "logwatch"
# An entry its own author is less sure of than this says so.
UNSURE_BELOW = 0.7
# Nothing that could end the brackets, quotes or code spans which a destination puts around it.
_PLAIN_URL = re.compile(r"https?://[^\s<>|\"'`\\^{}]+")


# As much as the notice is usually worth; all there is, for a message that is kept up to date; or the news alone.
Detail = Literal["usual", "whole", "news"]


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value. A time has `at`, in seconds since the epoch; `value` then says it in UTC."""

    label: str
    value: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do or to leave; `note` says how sure that is and when it applies. `text` may be empty."""

    text: str
    why: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a log, oldest first; the one at index `marked` is the error itself. `place` is path:line."""

    place: str
    lines: tuple[str, ...]
    marked: int


@dataclass(frozen=True, slots=True)
class Link:
    """An http(s) address that is safe to put between any brackets."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Briefing:
    """Everything that is said. All text is free of control characters; only prose has line breaks.

    `beginning` tells an update and a quiet notice from the first; `headline` is enough for a lock screen.
    """

    kind: NoticeKind
    beginning: str
    severity: str
    severity_word: str
    headline: str
    title: str
    status: str
    facts: tuple[Fact, ...]
    tags: tuple[str, ...]
    do_first: Step | None
    otherwise: tuple[Step, ...]
    resolvable: str
    wont_help: tuple[Step, ...]
    why: tuple[str, ...]
    excerpt: Excerpt | None
    echoes: str
    next_hits: str
    links: tuple[Link, ...]
    silence: str
    outcome: str
    catalogue: str
    say: Phrases


def briefing(
    notice: Notice, language: Language = "en", *, status_url: str = "", detail: Detail = "usual"
) -> Briefing:
    """What to say about `notice`: usually all of it when it opens, less when it goes on or goes quiet."""
    say, incident = phrases(language), notice.incident
    whole = detail == "whole" or (detail == "usual" and notice.kind == "opened")
    acting = whole or (detail == "usual" and notice.kind != "quiet")
    steps = [step(a, say.helps, say) for a in incident.workarounds]
    beginning = {"opened": "", "updated": say.updated, "quiet": say.quiet}[notice.kind]
    if detail == "whole" and notice.kind == "updated":
        # What has grown stands in it; only that it is about something else now is worth saying.
        beginning, news = "", [r for r in notice.what_changed if r.kind == "new_root"]
        notice = replace(notice, what_changed=news)
    severity = say.severities.get(incident.severity, _label(incident.severity))
    version = _label(incident.catalogue_version)
    return Briefing(
        kind=notice.kind,
        beginning=beginning,
        severity=incident.severity,
        severity_word=severity,
        headline=_headline(incident, " · ".join(filter(None, [beginning, severity])), say),
        title=_title(incident),
        status=_status(notice, say),
        facts=tuple(_facts(incident, severity, say, acting=acting)),
        tags=tuple(_tags(incident, say)) if acting else (),
        do_first=steps[0] if steps and acting else None,
        otherwise=tuple(steps[1 : 1 + MAX_OTHERWISE]) if whole else (),
        resolvable=say.resolvable.get(incident.resolvable, "") if acting else "",
        wont_help=tuple(step(d, say.fails, say) for d in _worst(incident.dead_ends)) if whole else (),
        why=tuple(_why(incident, say)) if whole else (),
        excerpt=_excerpt(incident.evidence) if acting else None,
        echoes=_echoes(incident.echoes, say),
        next_hits=", ".join(inert_line(e) for e in incident.next_hits[:MAX_NEXT_HITS]) if whole else "",
        links=tuple(_links(incident, status_url, say)),
        silence=silence_command(incident) if acting else "",
        outcome=outcome_command(incident),
        catalogue=say.catalogue.format(version=version) if version else "",
        say=say,
    )


def silence_command(incident: Incident) -> str:
    """What to type in order not to hear of this error in this job for two hours.

    Empty where a name could not be shown as it is: an altered command would silence something else, and a
    shortened one could lose its quotes. What logwatch says of itself (a digest) is no error to be silenced.
    """
    error, job = incident.error_id, incident.labels.get("job", "")
    if incident.domain == OWN_DOMAIN:
        return ""
    if any(name != inert_line(name) or len(name) > MAX_LABEL for name in (error, job)):
        return ""
    words = ["logwatch", "silence", "add", "--error", error, *(["--job", job] if job else [])]
    return shlex.join([*words, "--for", "2h"])


def outcome_command(incident: Incident) -> str:
    """What to type when the first advice has helped. Empty where there was none."""
    name = incident.incident_id[:SHORT_ID]
    if not incident.workarounds or not _SHORT_ID.fullmatch(name):
        return ""
    return f"logwatch outcome {name} worked"


def _headline(incident: Incident, beginning: str, say: Phrases) -> str:
    job = incident.labels.get("job", "")
    where = say.in_job.format(job=_label(job)) if job else ""
    # Of many places the first says nothing about the others.
    who = _place_labels(incident.places[0]) if incident.place_count == 1 and incident.places else ""
    machine = _label(incident.host) if who or not job else ""
    echoes = sum(echo.count for echo in incident.echoes)
    told = [
        f"{beginning}: {shortened(_title(incident), MAX_TITLE_OF_HEADLINE)}",
        where,
        " ".join(filter(None, [machine, who])),
        _times(incident, say),
        say.followers.format(count=echoes) if echoes else "",
    ]
    return " · ".join(filter(None, told))


def _title(incident: Incident) -> str:
    return shortened(inert_line(incident.title or incident.error_id), MAX_TITLE)


def _status(notice: Notice, say: Phrases) -> str:
    if notice.kind == "quiet":
        silent = say.quiet_for.format(minutes=int(notice.time - notice.incident.last_seen) // 60)
        return remarks(notice.what_changed, say) or silent
    return remarks(notice.what_changed, say)


def _facts(incident: Incident, severity: str, say: Phrases, *, acting: bool) -> Iterable[Fact]:
    labels = dict(incident.labels)
    if job := labels.pop("job", ""):
        yield Fact(say.job, _label(job))
    if where := _where(incident, say):
        yield Fact(say.where, where)
    if incident.decision and acting:
        yield Fact(say.decision, say.decisions.get(incident.decision, _label(incident.decision)))
    yield Fact(say.count, _times(incident, say))
    yield Fact(say.first_seen, rfc3339(incident.first_seen), incident.first_seen)
    if incident.last_seen > incident.first_seen:
        yield Fact(say.last_seen, rfc3339(incident.last_seen), incident.last_seen)
    yield Fact(say.error, inert_line(incident.error_id))
    yield Fact(say.severity, severity)
    if others := _not_told(labels, incident):
        yield Fact(say.labels, ", ".join(f"{inert_line(k)} {_label(v)}" for k, v in sorted(others.items())))


def _not_told(labels: Mapping[str, str], incident: Incident) -> Mapping[str, str]:
    """Those of `labels` that its only place does not tell."""
    told = incident.places[0].labels if incident.place_count == 1 and incident.places else {}
    return {name: value for name, value in labels.items() if told.get(name) != value}


def _where(incident: Incident, say: Phrases) -> str:
    named = [_place(p) for p in incident.places[:MAX_NAMED_PLACES]]
    unnamed = incident.place_count - len(named)
    places = ", ".join(named) + (f" {say.more_places.format(count=unnamed)}" if unnamed > 0 else "")
    return " · ".join(filter(None, [_label(incident.host), places]))


def _place(place: Place) -> str:
    return _place_labels(place) or _label(place.path)


def _place_labels(place: Place) -> str:
    return " ".join(f"{inert_line(k)} {_label(v)}" for k, v in place.labels.items() if k != "job")


def _label(value: str) -> str:
    return shortened(inert_line(value), MAX_LABEL)


def _times(incident: Incident, say: Phrases) -> str:
    if incident.place_count > 1:
        # Beyond that places are not told apart any more.
        places = f"{incident.place_count}{'+' * (incident.place_count >= MAX_DISTINCT_PLACES)}"
        return say.times_in_places.format(count=incident.count, places=places)
    return say.times.format(count=incident.count)


def _tags(incident: Incident, say: Phrases) -> Iterable[str]:
    if tier := say.tiers.get(incident.verification_tier):
        yield tier
    if incident.confidence < UNSURE_BELOW:
        yield say.unsure.format(percent=round(incident.confidence * 100))
    if incident.unlikely:
        yield say.unlikely.format(reason=inert_line(incident.unlikely))


def _worst(dead_ends: Sequence[Advice]) -> list[Advice]:
    said = [d for d in dead_ends if d.action.strip() or d.why.strip()]
    return sorted(said, key=lambda d: -(d.rate or 0.0))[:MAX_DEAD_ENDS]


def step(advice: Advice, rate: str, say: Phrases) -> Step:
    """Records often repeat the action as its own explanation; it is then said once."""
    text, why = _prose(advice.action), _prose(advice.why)
    notes = [
        "" if advice.rate is None else rate.format(percent=round(advice.rate * 100)),
        say.here.format(worked=advice.worked, tried=advice.tried) if advice.tried else "",
        say.when.format(condition=inert_line(advice.condition)) if advice.condition else "",
    ]
    return Step(text, "" if why == text else why, "; ".join(filter(None, notes)))


def _prose(text: str) -> str:
    return shortened(inert(text).strip(), MAX_ADVICE)


def _why(incident: Incident, say: Phrases) -> Iterable[str]:
    return filter(None, [_prose(incident.root_cause), *(remark(r, say) for r in incident.reasons)])


def remarks(said: Iterable[Remark], say: Phrases) -> str:
    """All of `said` as one line."""
    return " ".join(remark(r, say) for r in said)


def remark(said: Remark, say: Phrases) -> str:
    """One remark as a sentence; a kind that has no words here is said by its name."""
    if said.kind not in say.remarks:
        return _label(said.kind)
    values = {name: _label(value) for name, value in said.values.items()}
    return say.remarks[said.kind].format_map(_Values(values))


class _Values(dict[str, str]):
    """A value that was not given leaves a gap, not an error: remarks are stored, phrases change."""

    def __missing__(self, _name: str) -> str:
        return "…"


def _excerpt(evidence: Evidence) -> Excerpt | None:
    """The line with those around it. Where the context does not hold the line, it is what came before."""
    if not evidence.line:
        return None
    # Among its neighbours a long line stands shortened.
    itself = (evidence.line, shortened(evidence.line, MAX_CONTEXT_LINE))
    lines = list(evidence.context)
    marked = max((i for i, line in enumerate(lines) if line in itself), default=len(lines))
    lines[marked : marked + 1] = [evidence.line]
    shown = tuple(inert(line).replace("\n", "\\n") for line in lines)
    return Excerpt(f"{inert_line(evidence.path)}:{evidence.line_number}", shown, marked)


def _echoes(echoes: Sequence[Echo], say: Phrases) -> str:
    told = [f"{inert_line(e.error_id)} {say.times.format(count=e.count)}" for e in echoes[:MAX_ECHOES]]
    if len(echoes) > MAX_ECHOES:
        told.append(say.more_errors.format(count=len(echoes) - MAX_ECHOES))
    return ", ".join(told)


def _links(incident: Incident, status_url: str, say: Phrases) -> Iterable[Link]:
    for label, url in ((say.documentation, incident.doc_url), (say.status_page, status_url)):
        if len(url) <= MAX_URL and _PLAIN_URL.fullmatch(url):
            yield Link(label, url)
