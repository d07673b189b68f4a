"""How much the catalogue knows, and how much of that is shown: the figures of docs/catalogue.md.

A *sighting* is a line that somebody really had in a log, with the entries that may be found in it, and that is
no example of any entry. A file of sightings holds one JSON object a line:
`{"text": …, "expects": [ids, or none for a line that means nothing], "where": address}`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from logwatch.catalogue.desk import Case, Shelf
from logwatch.errors import CatalogueError, Problem

# An address, or a file of a repository: what lets a stranger see the line for himself.
_ADDRESS = re.compile(r"https?://|[\w.-]+/[\w.-]+(?:#\d+|[:@]\S)|\b(?:wheel|sdist): |\breproduced with ")


class Sighting(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(min_length=1)
    expects: tuple[str, ...]
    where: str = Field(pattern=r"https?://|[\w.-]+/[\w.-]+:\S")


@dataclass(frozen=True, slots=True)
class Home:
    """What one domain holds; `placed` counts the examples and near misses with an address, `sourced` the
    entries whose advice names one."""

    name: str
    entries: int
    wordings: int
    near_misses: int
    placed: int
    sourced: int

    def plus(self, other: "Home") -> "Home":
        return Home(
            self.name,
            self.entries + other.entries,
            self.wordings + other.wordings,
            self.near_misses + other.near_misses,
            self.placed + other.placed,
            self.sourced + other.sourced,
        )


@dataclass(frozen=True, slots=True)
class Held:
    """Sightings against the catalogue: what was missed, taken for something else, or found in nothing."""

    lines: int
    harmless: int
    missed: Sequence[Sighting]
    mistaken: Sequence[Sighting]
    alarms: Sequence[Sighting]


def read_sightings(path: Path) -> list[Sighting]:
    """The sightings in a file.

    Raises:
        CatalogueError: with every line that is none.
    """
    sightings: list[Sighting] = []
    problems: list[Problem] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            sightings.append(Sighting.model_validate_json(line))
        except ValidationError as error:
            what = "; ".join(
                f"`{'.'.join(map(str, one['loc']))}`: {one['msg']}" for one in error.errors(include_url=False)
            )
            problems.append(
                Problem(f"{path}:{number}", what, 'write {"text": …, "expects": […], "where": address}')
            )
    if problems:
        raise CatalogueError(problems)
    return sightings


def homes_of(shelf: Shelf) -> list[Home]:
    """The judged entries by domain, in the order of their names."""
    homes: dict[str, Home] = {}
    for case in shelf.cases():
        if case.entry.id in shelf.judged:
            name = case.entry.home
            homes[name] = homes.get(name, Home(name, 0, 0, 0, 0, 0)).plus(_tally(case))
    return [homes[name] for name in sorted(homes)]


def _tally(case: Case) -> Home:
    places = [seen.example.where for seen in (*case.match, *case.no_match)]
    entry = case.entry
    sources = [piece.sources for piece in entry.workarounds] + [piece.sources for piece in entry.dead_ends]
    return Home(
        name=entry.home,
        entries=1,
        wordings=len(case.match),
        near_misses=len(case.no_match),
        placed=sum(_ADDRESS.search(place) is not None for place in places),
        sourced=any(sources),
    )


def held_against(sightings: Sequence[Sighting], shelf: Shelf) -> Held:
    """What the whole catalogue says of lines that none of its entries has as an example."""
    found = [(one, shelf.found_in(one.text)) for one in sightings]
    return Held(
        lines=sum(bool(one.expects) for one in sightings),
        harmless=sum(not one.expects for one in sightings),
        missed=[one for one, names in found if one.expects and not {*names} & {*one.expects}],
        mistaken=[one for one, names in found if {*names} & {*one.expects} and names[0] not in one.expects],
        alarms=[one for one, names in found if names and not one.expects],
    )


def table(homes: Sequence[Home], held: Held | None) -> str:
    """The figures in Markdown."""
    return "\n".join([*_rows(homes), *([] if held is None else ["", *_said(held)])])


def _rows(homes: Sequence[Home]) -> Iterator[str]:
    yield "| domain | entries | wordings | near misses | lines with an address | advice names a source |"
    yield "|---|--:|--:|--:|--:|--:|"
    total = Home("**all**", 0, 0, 0, 0, 0)
    for home in homes:
        yield _row(home)
        total = total.plus(home)
    yield _row(total)


def _row(home: Home) -> str:
    lines = home.wordings + home.near_misses
    cells = (
        home.name,
        f"{home.entries:,}",
        f"{home.wordings:,}",
        f"{home.near_misses:,}",
        _share(home.placed, lines),
        _share(home.sourced, home.entries),
    )
    return f"| {' | '.join(cells)} |"


def _share(part: int, whole: int) -> str:
    return f"{100 * part // whole} %" if whole else "–"


def _said(held: Held) -> Iterator[str]:
    found = held.lines - len(held.missed)
    yield (
        f"Of {held.lines} lines of other people's logs that are no examples of any entry, {found} are\n"
        f"recognised ({_share(found, held.lines)}), {found - len(held.mistaken)} by the right entry first;"
        f" of {held.harmless} harmless lines beside them, {len(held.alarms)} raise an alarm."
    )
    if held.missed or held.mistaken or held.alarms:
        yield ""
    for what, sightings in (
        ("Missed", held.missed),
        ("Taken for another", held.mistaken),
        ("False alarm", held.alarms),
    ):
        for one in sightings:
            yield f"- {what}: `{one.text.strip()[:120]}` ({', '.join(one.expects) or 'nothing'})"
