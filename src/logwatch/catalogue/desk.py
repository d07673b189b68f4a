"""What the checks look at, and what they say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from logwatch.catalogue.entry import Entry, Example
from logwatch.catalogue.evidence import Beside, Evidence, SideFiles
from logwatch.catalogue.load import Catalogue, line_of
from logwatch.catalogue.rules import rules_of
from logwatch.scan.scanner import Scanner


class Level(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a record. `where` is `path:line`; `remedy` says what to do; `check` names the check."""

    level: Level
    id: str
    where: str
    what: str
    remedy: str
    check: str = ""


@dataclass(frozen=True)
class Shelf:
    """A catalogue and what stands beside it.

    `texts` are the files' contents by id (for line numbers); `strict` are the ids that are held to the
    standard of the shipped catalogue; `judged` are those that are looked at, the others are only beside them.
    """

    catalogue: Catalogue
    texts: Mapping[str, str]
    side: SideFiles
    strict: Collection[str]
    judged: Collection[str]

    @cached_property
    def scanner(self) -> Scanner:
        return Scanner(rules_of(self.catalogue.entries.values()))

    @cached_property
    def ids_by_regex(self) -> Mapping[str, Sequence[str]]:
        by_regex: dict[str, list[str]] = {}
        for name, entry in self.catalogue.entries.items():
            by_regex.setdefault(entry.regex, []).append(name)
        return by_regex

    def found_in(self, text: str) -> tuple[str, ...]:
        """The ids of all entries found in `text`, the better first."""
        matches = self.scanner.scan(text.encode("utf-8", "replace")).matches
        return tuple(name for match in matches for name in (match.rule, *match.also))

    def cases(self) -> "Iterator[Case]":
        for name, entry in self.catalogue.entries.items():
            own = Beside(self.catalogue.files[name], self.texts[name])
            beside, evidence = self.side.evidence.get(name, (own, Evidence()))
            yield Case(
                entry=entry,
                path=own.path,
                text=own.text,
                match=[
                    *_placed(own, ("examples", "match"), entry.examples.match),
                    *_placed(beside, (name, "match"), evidence.match),
                ],
                no_match=[
                    *_placed(own, ("examples", "no_match"), entry.examples.no_match),
                    *_placed(beside, (name, "no_match"), evidence.no_match),
                ],
                accepted=evidence.accepted,
                strict=name in self.strict,
                shelf=self,
            )


@dataclass(frozen=True, slots=True)
class Seen:
    """An example and the place where it is written down."""

    example: Example
    where: str


def _placed(beside: Beside, place: Sequence[str], examples: Sequence[Example]) -> Iterator[Seen]:
    for example in examples:
        yield Seen(example, f"{beside.path}:{line_of(beside.text, (*place, example.text))}")


@dataclass(frozen=True, slots=True)
class Case:
    """An entry with its file and all its examples. `accepted` gives the reason for each accepted weakness."""

    entry: Entry
    path: Path
    text: str
    match: Sequence[Seen]
    no_match: Sequence[Seen]
    accepted: Mapping[str, str]
    strict: bool
    shelf: Shelf

    def at(self, *place: str) -> str:
        """Where in the file the innermost key or text of `place` stands."""
        return f"{self.path}:{line_of(self.text, place)}"

    def error(self, where: str, what: str, remedy: str) -> Finding:
        return Finding(Level.ERROR, self.entry.id, where, what, remedy)

    def warning(self, where: str, what: str, remedy: str) -> Finding:
        return Finding(Level.WARNING, self.entry.id, where, what, remedy)

    def demand(self, where: str, what: str, remedy: str) -> Finding:
        """An error in the shipped catalogue, a warning in somebody's own."""
        return (self.error if self.strict else self.warning)(where, what, remedy)
