"""`logwatch explain`: all about one error; or, for a line, what it matches, and what it nearly does."""

import difflib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from logwatch.catalogue.entry import ENTRY_ID, Entry, Language
from logwatch.catalogue.load import Catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.catalogue.search import similar
from logwatch.cli.entries import catalogue_options, load_entries
from logwatch.cli.terminal import look_of
from logwatch.render.columns import clipped
from logwatch.render.entry_page import entry_page
from logwatch.render.inert import inert_line
from logwatch.render.look import BOLD, COLOURS, DIM, Look
from logwatch.render.report import paragraph
from logwatch.scan.clean import visible
from logwatch.scan.literals import Literal, derive
from logwatch.scan.prefix import labels_of
from logwatch.scan.scanner import Match, Scanner

_EXPLAINED, _MATCHES_NOTHING = 0, 1
_MOST_NEAR = 3
# Of an entry that comes close to a line that others match, so many characters must be there.
_NEARLY = 20
_LEAST_PIECE = 8
_MOST_SUGGESTED = 5
# Of the texts that would do for one another, so many show what is meant.
_MOST_ALTERNATIVES = 3
_GOOD = "32"


@click.command(
    short_help="Tell all about an error, or what a line matches.",
    # A line may begin with a dash.
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, required=True, metavar="ID|LINE|-")
@catalogue_options
def explain(words: Sequence[str], folders: Sequence[Path], no_shipped: bool, language: Language) -> int:
    """\b
    logwatch explain nccl/watchdog-timeout
    logwatch explain 'RuntimeError: CUDA error: device-side assert triggered'
    tail -n 50 train.log | logwatch explain -

    For the id of an entry: what it looks like, why it happens, what to do and what not. For a line of a
    log: which entries match it, what was read from it, and for the nearest others, why they do not.

    Exit status: 0 something was explained, 1 the line matches nothing, 2 there is no such entry.
    """
    catalogue = load_entries(folders, no_shipped=no_shipped)
    look = look_of(sys.stdout, language)
    asked = sys.stdin.buffer.read().decode("utf-8", "replace") if words == ("-",) else " ".join(words)
    entry = catalogue.resolve(asked) or _of_slug(catalogue, asked)
    if entry is not None:
        click.echo(entry_page(entry, str(catalogue.files[entry.id]), look), nl=False)
        return _EXPLAINED
    scanner = Scanner(rules_of(catalogue.entries.values()))
    found = scanner.scan(asked.encode("utf-8", "surrogateescape"))
    matches = found.matches
    for over in found.cleared:
        click.echo(f"{look.paint(_GOOD, '✓')} It says that {look.paint(BOLD, over.rule)} is over.")
    if found.cleared and not matches:
        return _EXPLAINED
    if not matches and re.fullmatch(ENTRY_ID, asked):
        raise click.ClickException(_unknown(catalogue, asked))
    for line in _explained(catalogue, asked, matches, look):
        click.echo(line)
    return _EXPLAINED if matches else _MATCHES_NOTHING


def _of_slug(catalogue: Catalogue, slug: str) -> Entry | None:
    """The only entry whose id ends with `/slug`."""
    found = [name for name in catalogue.entries if name.endswith(f"/{slug}")]
    return catalogue.entries[found[0]] if len(found) == 1 else None


def _unknown(catalogue: Catalogue, asked: str) -> str:
    names = [*catalogue.entries, *catalogue.aliases]
    close = difflib.get_close_matches(asked, names, n=_MOST_SUGGESTED, cutoff=0.6)
    domain = asked.split("/", 1)[0]
    meant = close or [name for name in names if name.startswith(f"{domain}/")][:_MOST_SUGGESTED]
    hint = "\n".join(["Did you mean:", *(f"  {name}" for name in meant)]) if meant else ""
    return "\n".join(
        filter(None, [f"There is no entry {asked!r}.", hint, "All of them: logwatch catalogue list"])
    )


def _explained(catalogue: Catalogue, asked: str, matches: Sequence[Match], look: Look) -> Iterator[str]:
    told: set[str] = set()
    for match in matches:
        if match.rule not in told:
            told.add(match.rule)
            yield from _match(match, look)
    matched = {name for match in matches for name in (match.rule, *match.also)}
    others = [entry for name, entry in catalogue.entries.items() if name not in matched]
    if matches:
        first = catalogue.entries[matches[0].rule]
        for near in nearest(others, asked, least=_NEARLY):
            yield from _near(near, look)
        yield ""
        yield entry_page(first, str(catalogue.files[first.id]), look).rstrip("\n")
        return
    yield look.paint(BOLD, "No known error.")
    for near in nearest(others, asked):
        yield from _near(near, look)
    yield "To make it known:  logwatch catalogue new"


def _match(match: Match, look: Look) -> Iterator[str]:
    """What one line matches, and what was read from it."""
    yield look.paint(DIM, clipped(inert_line(match.text), look.width))
    for number, name in enumerate([match.rule, *match.also]):
        title = "" if number == 0 else " (less specific)"
        yield f"{look.paint(_GOOD, '✓')} {look.paint(BOLD, name)}{title}"
        if number == 0:
            yield from _read("captures", match.captures, look)
            yield from _read("prefix", labels_of(match.text), look)


def _read(what: str, values: Mapping[str, str], look: Look) -> Iterator[str]:
    if values:
        said = ", ".join(f"{name}={inert_line(value)}" for name, value in values.items())
        yield from paragraph(f"{what}: {said}", look)


@dataclass(frozen=True, slots=True)
class Near:
    """An entry that does not match: which texts that it demands stand in the line, and which do not."""

    entry: Entry
    there: Sequence[str]
    missing: Sequence[str]

    @property
    def weight(self) -> int:
        """How many characters of what is demanded are there; short pieces are there by chance."""
        return sum(len(text) for text in self.there if len(text) >= _LEAST_PIECE)


def nearest(entries: Iterable[Entry], text: str, least: int = 0) -> list[Near]:
    """The entries that come closest to matching `text`: by the text they demand and by common words.

    With `least`, only those of which so many characters are there.
    """
    listed = list(entries)
    alike = {hit.entry.id: hit.score for hit in similar(listed, text, limit=10 * _MOST_NEAR)}
    record = visible(text.encode("utf-8", "surrogateescape")).encode()
    near = [_demands(entry, record, record.lower()) for entry in listed]
    near = [n for n in near if n.weight >= max(least, 1) or (not least and n.entry.id in alike)]
    near.sort(key=lambda n: (-n.weight - alike.get(n.entry.id, 0), n.entry.id))
    return near[:_MOST_NEAR]


def _demands(entry: Entry, record: bytes, lowered: bytes) -> Near:
    required = derive(entry.regex)
    there, missing = [], []
    for demand in filter(None, (required.any_of, *required.also)):
        found = [d for d in demand if d.data in (lowered if d.caseless else record)]
        if found:
            there.append(max((d.data.decode("utf-8", "replace") for d in found), key=len))
        else:
            missing.append(_alternatives(demand))
    return Near(entry, there, missing)


def _alternatives(demand: Sequence[Literal]) -> str:
    shown = [literal.data.decode("utf-8", "replace") for literal in demand[:_MOST_ALTERNATIVES]]
    more = ["…"] if len(demand) > _MOST_ALTERNATIVES else []
    return " or ".join([*map(repr, shown), *more])


def _near(near: Near, look: Look) -> Iterator[str]:
    yield f"{look.paint(COLOURS['error'], '✗')} {look.paint(BOLD, near.entry.id)}"
    yield from (line for text in near.there for line in paragraph(f"has {text!r}", look))
    yield from (line for text in near.missing for line in paragraph(f"lacks {text}", look))
    if not near.missing:
        yield from paragraph(f"the rest is not as in its pattern: {near.entry.regex}", look)
