"""What a scan found, as text for a person: one block per known error, the worst first.

A block is read from above until the reader knows enough: what, how often and where; the line; what to do
first; what will not help; why. The end, which is what a terminal shows, lists all errors once more. All
text from logs and paths is inert.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from logwatch.catalogue.entry import Language, Severity
from logwatch.incident.event import shortened
from logwatch.incident.incident import Incident, Notice
from logwatch.render.columns import clipped, width_of, wrapped
from logwatch.render.effort import Effort, effort_words, nothing_found
from logwatch.render.inert import inert_line
from logwatch.render.look import BOLD, COLOURS, DIM, Look
from logwatch.render.message import Briefing, Excerpt, Step, briefing
from logwatch.render.phrases import phrases

# The matched line is shown on so many lines of the screen; its head and its tail say the most.
MAX_LINE_ROWS = 4
# What tells one process from another, in the order in which a person asks for it.
_WHO = ("job", "rank", "local_rank", "host", "pod", "process", "pid")
_MAX_LABEL = 60
# A place that is cut shorter tells nothing.
_LEAST_PLACE = 12
_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a log; `time`, in seconds since the epoch, where the log says it."""

    path: str
    line_number: int
    labels: Mapping[str, str]
    time: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One known error: told as an incident, with its first and last place. One place alone has no `last`."""

    incident: Incident
    first: Spot
    last: Spot | None = None


def of_incident(incident: Incident) -> Finding:
    """A finding of which only the first place is known."""
    evidence = incident.evidence
    return Finding(incident, Spot(evidence.path, evidence.line_number, incident.labels, incident.first_seen))


@dataclass(frozen=True, slots=True)
class _Words:
    first: str
    last: str
    more: str
    found: str
    explain: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        first="first",
        last="last",
        more="More:",
        found="{errors} known {error_word}, {times}, in {lines}{files} ({effort}).",
        explain="`logwatch explain ID` tells all that is known about one.",
    ),
    "zh": _Words(
        first="首次",
        last="最近",
        more="更多：",
        found="{lines}日志{files}中有 {errors} 种已知错误，{times}（{effort}）。",
        explain="`logwatch explain ID` 给出某一种错误的全部信息。",
    ),
}


def report(findings: Sequence[Finding], effort: Effort, look: Look) -> str:
    """The whole page, its last line ended. Incidents are sorted here."""
    ranked = sorted(findings, key=lambda f: (-_rank(f.incident), -f.incident.count, f.incident.error_id))
    parts = [*(_block(finding, look) for finding in ranked), _ending(ranked, effort, look)]
    return "\n\n\n".join("\n".join(lines) for lines in parts) + "\n"


def _rank(incident: Incident) -> int:
    return Severity(incident.severity).rank


def _block(finding: Finding, look: Look) -> Iterator[str]:
    told = briefing(
        Notice(finding.incident.incident_id, "opened", finding.incident.last_seen, finding.incident),
        look.language,
    )
    yield from _heading(finding, told, look)
    yield ""
    yield from _places(finding, look)
    if told.excerpt:
        yield ""
        yield from _excerpt(told.excerpt, look)
    yield from _advice(told, look)
    yield from _below(finding.incident, told, look)


def _heading(finding: Finding, told: Briefing, look: Look) -> Iterator[str]:
    word = told.severity_word
    indent = " " * (width_of(word) + 2)
    title = shortened(told.title, 2 * look.width)
    for number, line in enumerate(wrapped(title, look.width - len(indent))):
        before = indent if number else look.paint(COLOURS.get(told.severity, BOLD), word) + "  "
        yield before + look.paint(BOLD, line)
    incident = finding.incident
    times = told.say.times_in_places if incident.place_count > 1 else told.say.times
    counted = times.format(count=f"{incident.count:,}", places=f"{incident.place_count:,}")
    about = " · ".join([inert_line(incident.error_id), counted, *told.tags, told.resolvable]).strip(" ·")
    yield from (indent + line for line in wrapped(about, look.width - len(indent)))


def _places(finding: Finding, look: Look) -> Iterator[str]:
    words = _WORDS[look.language]
    if finding.last is None:
        yield _INDENT + _spot(finding.first, look)
        return
    width = max(width_of(words.first), width_of(words.last))
    for word, spot in ((words.first, finding.first), (words.last, finding.last)):
        padding = " " * (width - width_of(word) + 2)
        yield _INDENT + look.paint(DIM, word) + padding + _spot(spot, look)


def _spot(spot: Spot, look: Look) -> str:
    who = [
        f"{name} {clipped(inert_line(spot.labels[name]), _MAX_LABEL)}" for name in _WHO if name in spot.labels
    ]
    when = [] if spot.time is None else [_time(spot.time, look.zone)]
    return "  ".join([f"{inert_line(spot.path)}:{spot.line_number}", *filter(None, [", ".join(who)]), *when])


def _time(seconds: float, zone: tzinfo) -> str:
    at = datetime.fromtimestamp(seconds, zone)
    offset = at.strftime("%z")
    return f"{at:%Y-%m-%d %H:%M:%S} " + ("UTC" if not at.utcoffset() else f"{offset[:3]}:{offset[3:]}")


def _excerpt(excerpt: Excerpt, look: Look) -> Iterator[str]:
    room = look.width - len(_INDENT) - 2
    for number, line in enumerate(excerpt.lines):
        if number != excerpt.marked:
            yield f"{_INDENT}{look.paint(DIM, '│ ' + clipped(line, room))}"
            continue
        rows = wrapped(shortened(line, MAX_LINE_ROWS * room), room)
        yield from (f"{_INDENT}{look.paint(COLOURS['error'], '▌')} {look.paint(BOLD, row)}" for row in rows)


def _advice(told: Briefing, look: Look) -> Iterator[str]:
    """What to do first, what will not help, and why."""
    say = told.say
    yield from steps(say.do_first, [told.do_first] if told.do_first else [], look)
    yield from steps(say.wont_help, told.wont_help, look)
    if told.why:
        yield from section(say.why, look)
        yield from (line for why in told.why for line in paragraph(why, look))


def section(title: str, look: Look) -> Iterator[str]:
    yield ""
    yield _INDENT + look.paint(BOLD, title)


def paragraph(text: str, look: Look, bullet: str = "  ", tone: str = "") -> Iterator[str]:
    """`text` below a section's title; its first line begins with `bullet`, the others are as far in."""
    room = look.width - 2 * len(_INDENT) - width_of(bullet)
    for number, line in enumerate(wrapped(text, room)):
        beginning = " " * width_of(bullet) if number else bullet
        yield _INDENT + beginning + (look.paint(tone, line) if tone else line)


def steps(title: str, told: Sequence[Step], look: Look) -> Iterator[str]:
    """A section of advice; nothing where there is none."""
    if not told:
        return
    yield from section(title, look)
    bullet = "  " if len(told) == 1 else "  - "
    for step in told:
        text, why = (step.text, step.why) if step.text else (step.why, "")
        yield from paragraph(text, look, bullet)
        below = " " * len(bullet)
        if why:
            yield from paragraph(why, look, below)
        if step.note:
            yield from paragraph(f"({step.note})", look, below, DIM)


def _below(incident: Incident, told: Briefing, look: Look) -> Iterator[str]:
    yield ""
    more = len(incident.workarounds) - (told.do_first is not None)
    for label, value in _references(incident, told):
        yield f"{_INDENT}{look.paint(DIM, label + ':')} {value}"
    command = f"logwatch explain {inert_line(incident.error_id)}"
    what = f"{told.say.otherwise} ({more}): " if more > 0 else f"{_WORDS[look.language].more} "
    yield f"{_INDENT}{look.paint(DIM, what)}{command}"


def _references(incident: Incident, told: Briefing) -> Iterator[tuple[str, str]]:
    if incident.decision:
        yield told.say.decision, told.say.decisions.get(incident.decision, inert_line(incident.decision))
    if told.echoes:
        yield told.say.echoes, told.echoes
    yield from ((link.label, link.url) for link in told.links)


def _ending(findings: Sequence[Finding], effort: Effort, look: Look) -> Iterator[str]:
    if not findings:
        yield nothing_found(effort, look.language)
        return
    words = _WORDS[look.language]
    errors = len({finding.incident.error_id for finding in findings})
    times = f"{sum(finding.incident.count for finding in findings):,}×"
    word = "error" if errors == 1 else "errors"
    said = effort_words(effort, look.language)
    yield look.paint(BOLD, words.found.format(errors=errors, error_word=word, times=times, **said))
    if len(findings) > 1:
        yield from _overview(findings, look)
    yield words.explain


def _overview(findings: Sequence[Finding], look: Look) -> Iterator[str]:
    """One line for each: how bad, which, how often, where first."""
    say = phrases(look.language)
    rows = [
        (
            f.incident.severity,
            say.severities[f.incident.severity],
            inert_line(f.incident.error_id),
            f"{f.incident.count:,}×",
            _spot(replace(f.first, time=None), look),
        )
        for f in findings
    ]
    severity, name, count = (max(width_of(row[column]) for row in rows) for column in (1, 2, 3))
    for tone, word, error_id, times, where in rows:
        marked = look.paint(COLOURS[tone], word) + " " * (severity - width_of(word))
        before = f"{_INDENT}{marked}  {error_id:<{name}}  {times:>{count}}  "
        room = look.width - len(_INDENT) - severity - name - count - 6
        yield before + clipped(where, room) if room > _LEAST_PLACE else before.rstrip()
