"""A briefing as the body of a Slack message (Block Kit).

Slack refuses a whole message for one text that is too long: a header may have 150 characters, a section
3,000, a message 50 blocks and, undocumented, about 13,000 characters in all (`msg_blocks_too_long`). Every
part has its own share of a smaller budget here, in bytes of escaped UTF-8, so that a message fits however
hostile or Chinese its parts are.

`&`, `<` and `>` are all that Slack asks to escape (docs.slack.dev, "Formatting message text"): a mention
needs angle brackets. `verbatim` keeps it from making links of names and addresses by itself.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from logwatch.catalogue.entry import Language
from logwatch.incident.event import shortened
from logwatch.incident.incident import Notice
from logwatch.render.message import Briefing, Detail, Excerpt, Fact, Step, briefing
from logwatch.render.phrases import Phrases

Block = dict[str, Any]

MAX_BLOCKS = 12
MAX_TEXT = 2500
MAX_TOTAL = 9000
MAX_HEADER_CHARACTERS = 150

# The shares, in bytes; with the labels around them and the links they add up to less than MAX_TOTAL.
_FALLBACK = 300
_STATUS = 300
_FACT = 140
_DO_FIRST = 1000
_OTHERWISE = 700
_WONT_HELP = 800
_WHY = 800
_EXCERPT = 1300
_MARKED_LINE = 800
_NEIGHBOUR_LINE = 200
_AFTERWARDS = 400
_COMMAND = 400
# A cut line shorter than this says nothing.
_WORTH_CUTTING = 120

_ICONS = {"critical": "🔴", "error": "🟠", "warning": "🟡", "info": "🔵"}
_QUIET_ICON = "⚪"
# Some servers that take Slack's messages hear these without angle brackets.
_BROADCAST = re.compile(r"@(?=(?:here|channel|everyone|all|group)\b)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
# Looks like a back-tick and ends no block.
_GRAVE_ACCENT = "\u02cb"


def body(
    notice: Notice, language: Language = "en", *, status_url: str = "", detail: Detail = "usual"
) -> dict[str, Any]:
    """What to post to an incoming webhook, as JSON."""
    told = briefing(notice, language, status_url=status_url, detail=detail)
    return {
        # Shown by push notifications and screen readers in place of the blocks.
        "text": _clipped(told.headline, _FALLBACK),
        "blocks": list(_blocks(told)),
        # An address in a log line must not be fetched by a preview.
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _blocks(told: Briefing) -> Iterable[Block]:
    say = told.say
    yield _header(told)
    if status := " · ".join(filter(None, [told.status, *told.tags, told.resolvable])):
        yield _context(_clipped(status, _STATUS))
    yield {"type": "section", "fields": [_mrkdwn(_fact(fact)) for fact in told.facts]}
    if told.do_first:
        yield _titled(say.do_first, _step(told.do_first), _DO_FIRST, say)
    if told.otherwise:
        yield _titled(say.otherwise, _bullets(told.otherwise), _OTHERWISE, say)
    if told.wont_help:
        yield _titled(say.wont_help, _bullets(told.wont_help), _WONT_HELP, say)
    if told.why:
        yield _titled(say.why, "\n".join(told.why), _WHY, say)
    if told.excerpt:
        yield {"type": "section", "text": _mrkdwn(_preformatted(told.excerpt, say))}
    for label, errors in ((say.echoes, told.echoes), (say.next_hits, told.next_hits)):
        if errors:
            yield _context(f"{escaped(label)}: {_clipped(errors, _AFTERWARDS // 2)}")
    if below := _footer(told):
        yield _context(below)


def _header(told: Briefing) -> Block:
    icon = _QUIET_ICON if told.kind == "quiet" else _ICONS.get(told.severity, "")
    beginning = f"{told.beginning}: " if told.beginning else ""
    title = _clipped(f"{icon} {beginning}{told.title}".strip(), MAX_HEADER_CHARACTERS, size=len)
    return {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}


def _fact(fact: Fact) -> str:
    value = _clipped(fact.value, _FACT)
    if fact.at is not None:
        # Shown in the reader's own time zone; what stands after the bar is for clients that cannot.
        value = f"<!date^{int(fact.at)}^{{date_short_pretty}} {{time_secs}}|{value}>"
    return f"*{escaped(fact.label)}*\n{value}"


def _bullets(steps: Sequence[Step]) -> str:
    return "\n".join(f"• {_step(step)}" for step in steps)


def _step(step: Step) -> str:
    return "\n".join(filter(None, [step.text, step.why, f"_{step.note}_" if step.note else ""]))


def _preformatted(excerpt: Excerpt, say: Phrases) -> str:
    """The marked line and as many of its neighbours, the nearest first, as there is room for."""
    shown = {excerpt.marked: f"→ {_code(excerpt.lines[excerpt.marked], _MARKED_LINE)}"}
    room = _EXCERPT - _size(shown[excerpt.marked])
    for index in sorted(range(len(excerpt.lines)), key=lambda i: abs(i - excerpt.marked))[1:]:
        line = f"  {_code(excerpt.lines[index], _NEIGHBOUR_LINE)}"
        room -= _size(line) + 1
        if room < 0:
            break
        shown[index] = line
    lines = [_code(excerpt.place, _NEIGHBOUR_LINE), *(shown[index] for index in sorted(shown))]
    if left := len(excerpt.lines) - len(shown):
        lines.append(say.more_lines.format(count=left))
    return "\n".join(["```", *lines, "```"])


def _footer(told: Briefing) -> str:
    """Links and the command that silences; a command is shown exactly or not at all."""
    told_below = [f"<{escaped(link.url)}|{escaped(link.label)}>" for link in told.links]
    command = escaped(told.silence)
    shows_exactly = "`" not in command and _WORD_JOINER not in command and _size(command) <= _COMMAND
    if command and shows_exactly:
        told_below.append(f"{escaped(told.say.silence)}: `{command}`")
    if told.outcome:
        told_below.append(f"{escaped(told.say.outcome)}: `{escaped(told.outcome)}`")
    return " · ".join(filter(None, [*told_below, escaped(told.catalogue)]))


def _titled(title: str, text: str, most: int, say: Phrases) -> Block:
    return {"type": "section", "text": _mrkdwn(f"*{escaped(title)}*\n{fitted(text, most, say)}")}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [_mrkdwn(text)]}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def escaped(text: str) -> str:
    """`text` as Slack shows it letter by letter, waking nobody."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BROADCAST.sub(f"@{_WORD_JOINER}", plain)


def fitted(text: str, most: int, say: Phrases) -> str:
    """`text` escaped, in at most `most` bytes: cut at a line's end, with the number of lines left out."""
    lines = text.split("\n")
    if _size(escaped(text)) <= most:
        return escaped(text)
    room = most - _size(say.more_lines.format(count=len(lines))) - 1
    kept: list[str] = []
    for line in lines:
        if _size(escaped(line)) > room:
            if room >= _WORTH_CUTTING:
                kept.append(_clipped(line, room))
            break
        kept.append(escaped(line))
        room -= _size(kept[-1]) + 1
    if left := len(lines) - len(kept):
        kept.append(say.more_lines.format(count=left))
    return "\n".join(kept)


def _size(text: str) -> int:
    return len(text.encode())


def _clipped(line: str, most: int, size: Callable[[str], int] = _size) -> str:
    """One line escaped, its middle left out where it is longer than `most`; code spans stay closed."""
    length = min(len(line), most)
    while size(clipped := _closed(escaped(shortened(line, length)))) > most:
        length = length * 4 // 5
    return clipped


def _closed(line: str) -> str:
    return f"{line}`" if line.count("`") % 2 else line


def _code(line: str, most: int) -> str:
    return _clipped(line.replace("`", _GRAVE_ACCENT), most)
