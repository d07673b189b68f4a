"""What makes a record a good one. Every check is a small function over one entry with its evidence."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from urllib.parse import urlsplit

import regex

from logwatch.catalogue.adversary import slow_line
from logwatch.catalogue.desk import Case, Finding, Seen
from logwatch.catalogue.entry import Transition, VersionNote
from logwatch.scan.literals import ways
from logwatch.scan.pattern import FLAGS

# In 1 MiB of healthy training log, runs of six characters of a pattern stand by chance; of eight, seldom.
GOOD_LITERAL = 8
POOR_LITERAL = 6
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_SHOWN = 100

Check = Callable[[Case], Iterator[Finding]]


def _id(case: Case) -> Iterator[Finding]:
    if not case.path.as_posix().endswith(f"/{case.entry.id}.json"):
        what = f"the id {case.entry.id} is not the path of its file"
        yield case.demand(case.at("id"), what, f"move it to {case.entry.id}.json")


def _literal(case: Case) -> Iterator[Finding]:
    literals = [literal for way in ways(case.entry.regex) for literal in way.any_of]
    where = case.at("regex")
    if not literals:
        what = "the pattern has no text that every match contains; it would be run on every line"
        remedy = "give every alternative a run of at least 8 fixed characters; write a literal brace as \\{"
        yield case.demand(where, what, remedy)
        return
    shortest = min(literals, key=lambda literal: len(literal.data))
    if len(shortest.data) < GOOD_LITERAL:
        say = case.demand if len(shortest.data) < POOR_LITERAL else case.warning
        text = shortest.data.decode(errors="replace")
        what = f"the longest text that every match contains is short: {text!r}"
        yield say(where, what, "add words that always stand beside it: at least 8 characters in a row")


def _speed(case: Case) -> Iterator[Finding]:
    how = slow_line(case.entry)
    if how is not None:
        what = f"the pattern is slow on a 64 KiB line made of {how}"
        remedy = "bound its gaps ([^\\n]{0,200}?) or limit what they may hold ([^)]*), and nest no repetition"
        yield case.error(case.at("regex"), what, remedy)


def _anchor(case: Case) -> Iterator[Finding]:
    if case.entry.regex.startswith(("^", r"\A")) or re.search(r"(?<!\\)\$$|\\Z$", case.entry.regex):
        what = "the pattern is tied to the beginning or the end of the line"
        yield case.warning(case.at("regex"), what, "lines have prefixes: leave ^ and $ out")


def _signature(case: Case) -> Iterator[Finding]:
    if not regex.search(case.entry.regex, case.entry.signature, FLAGS):
        what = "the signature does not match the record's own pattern"
        remedy = "write the line as it is printed, or widen the pattern"
        yield case.demand(case.at("signature"), what, remedy)


def _evidence(case: Case) -> Iterator[Finding]:
    where = case.at("examples")
    if not case.match:
        yield case.demand(where, "no example of a line that matches", "add one real line to examples.match")
    if not case.no_match:
        what = "no example of a line that must not match"
        yield case.demand(where, what, "add the nearest harmless line to examples.no_match")
    for seen in (*case.match, *case.no_match):
        if not seen.example.where:
            what = f"nobody can tell where this line was seen: {_short(seen.example.text)}"
            yield case.demand(seen.where, what, "put an address or repository:path in `where`")
        if re.search(r"[\r\n]", seen.example.text):
            what = f"the example is more than one line: {_short(seen.example.text)}"
            yield case.error(seen.where, what, "a log is searched line by line: keep the line that matters")


def _found(case: Case) -> Iterator[Finding]:
    """Every example is recognised, and as this entry before any other."""
    name = case.entry.id
    for seen in case.match:
        found = case.shelf.found_in(seen.example.text)
        if name not in found:
            what = f"the pattern does not find its own example: {_short(seen.example.text)}"
            yield case.error(seen.where, what, f"compare it with the pattern in {case.at('regex')}")
        elif found[0] != name:
            yield _taken_by(found[0], case, seen)


def _stolen(case: Case) -> Iterator[Finding]:
    """No entry that is judged takes the examples of one that is not."""
    for seen in case.match:
        found = case.shelf.found_in(seen.example.text)
        if found and found[0] != case.entry.id and found[0] in case.shelf.judged:
            yield _taken_by(found[0], case, seen)


def _taken_by(thief: str, case: Case, seen: Seen) -> Finding:
    what = f"the example is recognised as {thief} first: {_short(seen.example.text)}"
    return case.error(
        seen.where, what, f"put more of the line's fixed text into this pattern, or narrow {thief}"
    )


def _near_miss(case: Case) -> Iterator[Finding]:
    for seen in case.no_match:
        if case.entry.id in case.shelf.found_in(seen.example.text):
            what = f"the pattern finds a line that it must not find: {_short(seen.example.text)}"
            yield case.error(seen.where, what, "add to the pattern what tells the two lines apart")


def _texts(case: Case) -> Iterator[Finding]:
    """What a reader is told must be there, in both languages."""
    for name in ("root_cause", "signature_zh", "root_cause_zh", "category", "official_doc_url"):
        if not getattr(case.entry, name):
            yield case.demand(case.at(name), f"`{name}` is empty", "docs/catalogue.md says what it is for")


def _advice(case: Case) -> Iterator[Finding]:
    entry = case.entry
    if not any(workaround.action for workaround in entry.workarounds):
        what = "nothing is recommended"
        remedy = "say what to do first: a command, a setting, a version"
        yield case.demand(case.at("workarounds"), what, remedy)
    if not entry.dead_ends:
        what = "no dead end is named"
        yield case.demand(case.at("dead_ends"), what, "say what people try in vain, and why it fails")
    for dead_end in entry.dead_ends:
        if not dead_end.action:
            what = f"a dead end has no `action`, only a reason: {_short(dead_end.why_fails)}"
            where = case.at("dead_ends", dead_end.why_fails)
            yield case.warning(where, what, "name what is tried in vain")


def _translation(case: Case) -> Iterator[Finding]:
    there, translated = len(case.entry.workarounds), len(case.entry.workarounds_zh)
    if translated != there and (translated or case.strict):
        what = f"`workarounds_zh` has {translated} texts for {there} workarounds"
        yield case.demand(case.at("workarounds_zh"), what, "give one text for each, in the same order")


def _transitions(case: Case) -> Iterator[Finding]:
    graph = case.entry.transition_graph
    neighbourhood: Mapping[str, Sequence[Transition]] = {
        "leads_to": graph.leads_to,
        "preceded_by": graph.preceded_by,
        "frequently_confused_with": graph.frequently_confused_with,
    }
    for name, neighbours in neighbourhood.items():
        for neighbour in neighbours:
            if case.shelf.catalogue.resolve(neighbour.error_id) is None:
                what = f"`{name}` names {neighbour.error_id}, which is not in the catalogue"
                where = case.at("transition_graph", name, neighbour.error_id)
                yield case.warning(where, what, "correct the id, or leave it out")


def _duplicate(case: Case) -> Iterator[Finding]:
    others = [name for name in case.shelf.ids_by_regex[case.entry.regex] if name != case.entry.id]
    if others:
        what = f"it is also the pattern of {', '.join(others)}"
        yield case.demand(case.at("regex"), what, "join the records, or tell them apart")


def _addresses(case: Case) -> Iterator[Finding]:
    entry = case.entry
    cited = chain(*(w.sources for w in entry.workarounds), *(d.sources for d in entry.dead_ends))
    for address in dict.fromkeys((entry.official_doc_url, *cited)):
        if address and not _is_address(address):
            what = f"not an address that can be opened: {_short(address)}"
            yield case.demand(case.at(address), what, "write it in full: https://host/path")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme == "https" and "." in parts.netloc and not re.search(r"[\s<>]", text)


def _versions(case: Case) -> Iterator[Finding]:
    notes = [*case.entry.versions]
    notes += [
        VersionNote(version=text) for workaround in case.entry.workarounds for text in workaround.versions
    ]
    for note in notes:
        if note.requirement() is None:
            what = f"not a requirement that can be compared: {_short(note.version)}"
            yield case.demand(case.at("versions", note.version), what, "write product>=1.2,<3 (PEP 440)")


def _dates(case: Case) -> Iterator[Finding]:
    for name in ("first_seen", "last_confirmed", "last_updated"):
        value = getattr(case.entry, name)
        if value and not _DATE.fullmatch(value):
            yield case.warning(case.at(name), f"`{name}` is no date: {_short(value)}", "write 2026-11-22")


def _unknown_fields(case: Case) -> Iterator[Finding]:
    for name in case.entry.unknown_fields:
        what = f"`{name}` is not a field of a record; it is kept and has no effect"
        yield case.warning(case.at(name), what, "see docs/catalogue.md for the fields")


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


# The name of a check is what an accepted weakness is called in a side file.
EXAMPLE_CHECKS: Mapping[str, Check] = {
    "evidence": _evidence,
    "found": _found,
    "near-miss": _near_miss,
    "signature": _signature,
}
THEFT_CHECKS: Mapping[str, Check] = {"found": _stolen}
ALL_CHECKS: Mapping[str, Check] = {
    **EXAMPLE_CHECKS,
    "id": _id,
    "literal": _literal,
    "speed": _speed,
    "anchor": _anchor,
    "texts": _texts,
    "advice": _advice,
    "translation": _translation,
    "transitions": _transitions,
    "duplicate": _duplicate,
    "addresses": _addresses,
    "versions": _versions,
    "dates": _dates,
    "unknown-fields": _unknown_fields,
}
