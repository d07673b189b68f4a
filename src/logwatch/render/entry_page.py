"""An entry of the catalogue as a person would want it: all that is known about one error."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from logwatch.catalogue.entry import (
    Entry,
    Example,
    Language,
    LogKind,
    Transition,
    VersionNote,
    ranked_dead_ends,
    ranked_workarounds,
)
from logwatch.incident.event import advice, warning
from logwatch.render.columns import width_of, wrapped
from logwatch.render.inert import inert, inert_line
from logwatch.render.look import BOLD, COLOURS, DIM, Look
from logwatch.render.message import step
from logwatch.render.phrases import Phrases, phrases
from logwatch.render.report import paragraph, section, steps


@dataclass(frozen=True, slots=True)
class _Words:
    what_to_do: str
    decision: str
    kinds: str
    versions: str
    comes_after: str
    confused: str
    pattern: str
    clears: str
    looks_like: str
    does_not_match: str
    aliases: str
    sure: str
    one_place: str
    places: str
    confirmed: str
    fixed: str
    any_log: str
    systems: str
    file: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        what_to_do="What to do",
        decision="In one word",
        kinds="Stands in logs of",
        versions="Versions",
        comes_after="People often hit before",
        confused="Could also be",
        pattern="Pattern",
        clears="It is over when the log says",
        looks_like="Looks like this",
        does_not_match="Does not match",
        aliases="formerly {names}",
        sure="{percent} % sure",
        one_place="seen in one place",
        places="seen in {count} places",
        confirmed="last confirmed {date}",
        fixed="a fix is claimed to hold in {percent} % of cases",
        any_log="any kind",
        systems="Depends on the system",
        file="File",
    ),
    "zh": _Words(
        what_to_do="怎么办",
        decision="处置",
        kinds="出现于日志",
        versions="版本",
        comes_after="之前常遇到",
        confused="也可能是",
        pattern="匹配模式",
        clears="出现下面这行即为恢复",
        looks_like="日志示例",
        does_not_match="不匹配",
        aliases="曾用名 {names}",
        sure="把握 {percent}%",
        one_place="见于 1 处",
        places="见于 {count} 处",
        confirmed="最近确认于 {date}",
        fixed="据称 {percent}% 的情况下可修复",
        any_log="任意",
        systems="与系统有关",
        file="文件",
    ),
}


def entry_page(entry: Entry, file: str, look: Look) -> str:
    """Everything about `entry`, which was read from `file`; the last line ended."""
    return "\n".join(_lines(entry, file, look)) + "\n"


def _lines(entry: Entry, file: str, look: Look) -> Iterator[str]:
    say, words = phrases(look.language), _WORDS[look.language]
    yield from _heading(entry, say, words, look)
    workarounds = [step(advice(w), say.helps, say) for w in ranked_workarounds(entry, language=look.language)]
    yield from steps(words.what_to_do, workarounds, look)
    yield from steps(say.wont_help, [step(warning(d), say.fails, say) for d in ranked_dead_ends(entry)], look)
    yield from _prose(say.why, [entry.cause(look.language)], look)
    yield from _prose(words.versions, map(_version, entry.versions), look, bullet="  - ")
    yield from _prose(words.systems, [f"{k}: {v}" for k, v in entry.os_specific.items()], look, bullet="  - ")
    graph = entry.transition_graph
    for title, neighbours in (
        (say.next_hits, graph.leads_to),
        (words.comes_after, graph.preceded_by),
        (words.confused, graph.frequently_confused_with),
    ):
        yield from _prose(title, map(_neighbour, neighbours), look, bullet="  - ")
    yield from _pattern(words.pattern, entry.regex, look)
    yield from _pattern(words.clears, entry.clears, look)
    yield from _examples(words.looks_like, entry.examples.match, look)
    yield from _examples(words.does_not_match, entry.examples.no_match, look)
    yield from _references(entry, file, say, words, look)


def _heading(entry: Entry, say: Phrases, words: _Words, look: Look) -> Iterator[str]:
    word = say.severities[entry.severity]
    indent = " " * (width_of(word) + 2)
    for number, line in enumerate(wrapped(inert_line(entry.title(look.language)), look.width - len(indent))):
        before = indent if number else look.paint(COLOURS[entry.severity], word) + "  "
        yield before + look.paint(BOLD, line)
    aliases = inert_line(", ".join(entry.aliases))
    names = [entry.id, words.aliases.format(names=aliases) if aliases else ""]
    for said in (names, _standing(entry, say, words)):
        about = " · ".join(filter(None, said))
        yield from (indent + line for line in wrapped(about, look.width - len(indent)))


def _standing(entry: Entry, say: Phrases, words: _Words) -> Iterator[str]:
    """How much of this is known, and how well."""
    yield say.tiers.get(entry.verification_tier, inert_line(entry.verification_tier).replace("_", " "))
    yield words.sure.format(percent=round(entry.confidence * 100))
    if entry.evidence_count:
        count = entry.evidence_count
        yield words.one_place if count == 1 else words.places.format(count=count)
    if entry.last_confirmed:
        yield words.confirmed.format(date=inert_line(entry.last_confirmed))
    if entry.fix_success_rate is not None:
        yield words.fixed.format(percent=round(entry.fix_success_rate * 100))
    else:
        yield say.resolvable[entry.resolvable]


def _prose(title: str, texts: Iterable[str], look: Look, bullet: str = "  ") -> Iterator[str]:
    said = [inert(text).strip() for text in texts if text.strip()]
    if said:
        yield from section(title, look)
        yield from (line for text in said for line in paragraph(text, look, bullet))


def _pattern(title: str, pattern: str, look: Look) -> Iterator[str]:
    """In one piece however long it is: a blank in it means a blank."""
    if pattern:
        yield from section(title, look)
        yield f"    {inert(pattern)}"


def _version(note: VersionNote) -> str:
    changes = [
        f"{name} {value}"
        for name, value in (
            ("introduced", note.introduced),
            ("deprecated", note.deprecated),
            ("removed", note.removed),
        )
        if value
    ]
    # "active" is what every version is that is listed at all.
    status = note.status if note.status not in {None, "", "active"} else ""
    return "; ".join(filter(None, [note.version, *changes, note.behavior_change, status]))


def _neighbour(neighbour: Transition) -> str:
    share = "" if neighbour.probability is None else f" ({neighbour.probability:.0%})"
    return f"{neighbour.error_id}{share}" + (f": {neighbour.distinction}" if neighbour.distinction else "")


def _examples(title: str, examples: Sequence[Example], look: Look) -> Iterator[str]:
    if not examples:
        return
    yield from section(title, look)
    for example in examples:
        yield from paragraph(inert(example.text), look, "  │ ")
        origin = " ".join(filter(None, [example.product, example.version]))
        about = "; ".join(filter(None, [origin, example.where, example.note]))
        if about:
            yield from paragraph(inert_line(about), look, "    ", DIM)


def _references(entry: Entry, file: str, say: Phrases, words: _Words, look: Look) -> Iterator[str]:
    yield ""
    kinds = [words.any_log] if LogKind.ANY in entry.sources else map(str, entry.sources)
    document = f"{entry.official_doc_url} {entry.official_doc_section}".strip()
    decision = "" if entry.decision is None else f"{entry.decision} ({say.decisions[entry.decision]})"
    for label, value in (
        (words.decision, decision),
        (words.kinds, ", ".join(kinds)),
        (say.documentation, document),
        (words.file, file),
    ):
        if value:
            yield f"  {look.paint(DIM, label + ':')} {inert_line(value)}"
