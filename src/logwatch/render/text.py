"""A briefing as text for a terminal.

Lines are not wrapped: the terminal does that, and a command copied from here stays whole.
"""

from collections.abc import Iterable, Sequence

from logwatch.catalogue.entry import Language
from logwatch.incident.incident import Notice
from logwatch.render.look import BOLD, COLOURS, DIM, Paint, coloured, plain
from logwatch.render.message import Briefing, Excerpt, Step, briefing


def text(notice: Notice, language: Language = "en", *, status_url: str = "", colour: bool = False) -> str:
    """The notice as lines, the last one ended, in ANSI colours where `colour` is wanted.

    Text from logs and paths is inert: the only escape sequences are those put here.
    """
    told = briefing(notice, language, status_url=status_url)
    return "\n".join(_lines(told, coloured if colour else plain)) + "\n"


def _lines(told: Briefing, paint: Paint) -> Iterable[str]:
    say = told.say
    first = " · ".join(filter(None, [told.beginning, told.severity_word]))
    yield f"{paint(COLOURS.get(told.severity, BOLD), first)}: {paint(BOLD, told.title)}"
    if status := " · ".join(filter(None, [told.status, *told.tags, told.resolvable])):
        yield f"  {status}"
    yield from (f"  {paint(DIM, fact.label)}: {fact.value}" for fact in told.facts)
    if told.do_first:
        yield from _part(say.do_first, [told.do_first], paint)
    yield from _part(say.otherwise, told.otherwise, paint)
    yield from _part(say.wont_help, told.wont_help, paint)
    if told.why:
        yield from ["", f"  {paint(BOLD, say.why)}"]
        yield from (f"    {line}" for why in told.why for line in why.split("\n"))
    if told.excerpt:
        yield from ["", *_excerpt(told.excerpt, paint)]
    if below := list(_below(told, paint)):
        yield from ["", *below]


def _part(title: str, steps: Sequence[Step], paint: Paint) -> Iterable[str]:
    if not steps:
        return
    yield from ["", f"  {paint(BOLD, title)}"]
    for step in steps:
        said = [line for line in f"{step.text}\n{step.why}".split("\n") if line]
        notes = [paint(DIM, f"({step.note})")] if step.note else []
        for index, line in enumerate([*said, *notes]):
            yield f"    {'  ' if index else '- '}{line}"


def _excerpt(excerpt: Excerpt, paint: Paint) -> Iterable[str]:
    yield f"  {paint(DIM, excerpt.place)}"
    for index, line in enumerate(excerpt.lines):
        marked = index == excerpt.marked
        yield f"    > {paint(BOLD, line)}" if marked else f"      {paint(DIM, line)}"


def _below(told: Briefing, paint: Paint) -> Iterable[str]:
    say = told.say
    below = [
        (say.echoes, told.echoes),
        (say.next_hits, told.next_hits),
        *((link.label, link.url) for link in told.links),
        (say.silence, told.silence),
        (say.outcome, told.outcome),
    ]
    yield from (f"  {paint(DIM, label)}: {value}" for label, value in below if value)
    if told.catalogue:
        yield f"  {paint(DIM, told.catalogue)}"
