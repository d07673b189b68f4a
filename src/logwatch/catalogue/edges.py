"""Reads what brings about what while a job runs, and what kind of news each entry is.

Two files at the head of a folder of records, both optional:

`_classes.json` puts entries into classes: `{"classes": [{"ids": […], "class": "transport", "why": "…"}]}`.
The last row that names an entry decides; what no row names is of the class `process`.

`_edges.json` says which error follows from which:
`{"groups": {"gpu-lost": […]}, "edges": [{"name": "…", "cause": …, "effect": …, "scope": "node", "within": 60,
"note": "why that is so", "source": "where it was seen"}]}`.
A cause or effect is an id, a pattern of ids (`nvidia/xid-*`), `group:NAME` of the same file or `class:NAME`,
or a list of these. As a cause, a class stands for those of its entries that are at least errors: a warning
ends no job. An edge of a later folder replaces the one with the same name.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from logwatch.catalogue.causality import CLOCK_SKEW_S, NO_EDGES, Edge, Edges, EventClass, Scope
from logwatch.catalogue.entry import Entry, Severity
from logwatch.catalogue.places import line_of
from logwatch.catalogue.side_file import read_json
from logwatch.errors import Problem

EDGES = "_edges.json"
CLASSES = "_classes.json"

_T = TypeVar("_T", bound=BaseModel)


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
Said = Annotated[str, Field(min_length=1)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EdgeRecord(_Written):
    """An edge as a person writes it. Times are in seconds."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    cause: Names
    effect: Names
    scope: Scope
    within: Annotated[float, Field(gt=0, allow_inf_nan=False)] | Literal["from line"]
    late: Annotated[float, Field(ge=0, allow_inf_nan=False)] = CLOCK_SKEW_S
    note: Said
    source: Said


class EdgeFile(_Written):
    """The whole of an `_edges.json`."""

    groups: Mapping[str, Names] = Field(default_factory=dict)
    edges: tuple[EdgeRecord, ...] = ()


class ClassRow(_Written):
    """Entries of one class; `hold_s` is how long one of them waits for its cause, where other than usual."""

    ids: Names
    of_class: Annotated[EventClass, Field(alias="class")]
    hold_s: Annotated[float, Field(ge=0, le=600)] | None = None
    why: Said


class ClassFile(_Written):
    """The whole of a `_classes.json`."""

    classes: tuple[ClassRow, ...] = ()


def read_edges(folders: Sequence[Path], entries: Mapping[str, Entry], problems: list[Problem]) -> Edges:
    """What the side files of `folders` say about `entries`; every mistake goes to `problems`.

    Names are looked up only as long as there are no problems: an entry that could not be read is not there.
    """
    class_files = _read_all([folder / CLASSES for folder in folders], ClassFile, problems)
    edge_files = _read_all([folder / EDGES for folder in folders], EdgeFile, problems)
    if problems:
        return NO_EDGES
    classes, holds = _classified(class_files, entries, problems)
    by_name: dict[str, tuple[_Read[EdgeFile], Edge]] = {}
    for read in edge_files:
        problems.extend(_taken_names(read))
        names = _Names(read, entries, classes, problems)
        by_name.update((record.name, (read, names.edge(record))) for record in read.body.edges)
    problems.extend(_loops(by_name.values()))
    return Edges({name: edge for name, (_, edge) in by_name.items()}, classes, holds)


def texts(folders: Sequence[Path]) -> Iterator[str]:
    """The contents of all side files: what is done with an entry depends on them, too."""
    for path in (folder / name for folder in folders for name in (CLASSES, EDGES)):
        if path.is_file():
            yield path.read_text(encoding="utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class _Read(Generic[_T]):
    """A side file as it was read; its text serves to name lines."""

    path: Path
    text: str
    body: _T

    def at(self, *place: str) -> str:
        return f"{self.path}:{line_of(self.text, place)}"


def _read_all(paths: Sequence[Path], shape: type[_T], problems: list[Problem]) -> list[_Read[_T]]:
    read = [_read(path, shape, problems) for path in paths if path.is_file()]
    return [one for one in read if one is not None]


def _read(path: Path, shape: type[_T], problems: list[Problem]) -> _Read[_T] | None:
    said = read_json(path, problems)
    if said is None:
        return None
    text, body = said
    try:
        return _Read(path, text, shape.model_validate(body))
    except ValidationError as error:
        problems.extend(_misshapen(path, text, error))
        return None


def _misshapen(path: Path, text: str, error: ValidationError) -> Iterator[Problem]:
    for detail in error.errors(include_url=False):
        place = detail["loc"]
        name = _name_at(text, place)
        inside = ("edges", name, *place[2:]) if name else place
        where = f"{path}:{line_of(text, inside)}"
        what = f"the edge {name}: " if name else ""
        missing = detail["type"] == "missing"
        remedy = f"add `{place[-1]}`" if missing else "see `Cause and effect` in docs/catalogue.md"
        yield Problem(where, f"{what}`{'.'.join(map(str, place))}`: {detail['msg']}", remedy)


def _name_at(text: str, place: Sequence[str | int]) -> str:
    """The name of the edge that `place` lies in; empty where there is none."""
    try:
        name = json.loads(text)[place[0]][place[1]]["name"]
    except (LookupError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def _classified(
    files: Sequence[_Read[ClassFile]], entries: Mapping[str, Entry], problems: list[Problem]
) -> tuple[dict[str, EventClass], dict[str, float]]:
    classes: dict[str, EventClass] = {}
    holds: dict[str, float] = {}
    for read in files:
        for row in read.body.classes:
            for pattern in row.ids:
                found = _matching(pattern, entries)
                if not found:
                    problems.append(_unknown(read.at("classes", pattern), pattern))
                for error_id in found:
                    classes[error_id] = row.of_class
                    holds.pop(error_id, None)
                    if row.hold_s is not None:
                        holds[error_id] = row.hold_s
    return classes, holds


@dataclass(slots=True)
class _Names:
    """Finds out which entries the names in one file stand for."""

    read: _Read[EdgeFile]
    entries: Mapping[str, Entry]
    classes: Mapping[str, EventClass]
    problems: list[Problem]

    def edge(self, record: EdgeRecord) -> Edge:
        causes = self._all(record, record.cause, as_cause=True)
        effects = self._all(record, record.effect, as_cause=False)
        if causes == effects and len(causes) == 1:
            where, what = (
                self.read.at("edges", record.name, "effect"),
                f"the edge {record.name}: nothing causes itself",
            )
            self.problems.append(Problem(where, what, "name the error that comes first as `cause`"))
        return Edge(
            name=record.name,
            causes=causes,
            effects=effects,
            scope=record.scope,
            within_s=None if record.within == "from line" else record.within,
            late_s=record.late,
            note=record.note,
        )

    def _all(self, record: EdgeRecord, names: Iterable[str], *, as_cause: bool) -> frozenset[str]:
        return frozenset(i for name in names for i in self._ids(record, name, as_cause=as_cause))

    def _ids(self, record: EdgeRecord, name: str, *, as_cause: bool) -> Collection[str]:
        kind, _, rest = name.partition(":")
        if kind == "class":
            return self._of_class(record, rest, as_cause=as_cause)
        if kind == "group":
            if rest not in self.read.body.groups:
                known = ", ".join(self.read.body.groups) or "none"
                self._complain(record, name, f"there is no group {rest}", f"the groups are: {known}")
                return ()
            members = self.read.body.groups[rest]
            return self._all(record, [m for m in members if not m.startswith("group:")], as_cause=as_cause)
        if found := _matching(name, self.entries):
            return found
        self.problems.append(_unknown(self.read.at("edges", record.name, name), name))
        return ()

    def _of_class(self, record: EdgeRecord, name: str, *, as_cause: bool) -> Collection[str]:
        if name not in list(EventClass):
            known = ", ".join(EventClass)
            self._complain(record, f"class:{name}", f"there is no class {name}", f"the classes are: {known}")
            return ()
        least = Severity.ERROR if as_cause else Severity.INFO
        return [
            error_id
            for error_id, entry in self.entries.items()
            if self.classes.get(error_id, EventClass.PROCESS) == name and entry.severity.rank >= least.rank
        ]

    def _complain(self, record: EdgeRecord, name: str, what: str, remedy: str) -> None:
        where = self.read.at("edges", record.name, name)
        self.problems.append(Problem(where, f"the edge {record.name}: {what}", remedy))


def _matching(pattern: str, entries: Mapping[str, Entry]) -> Collection[str]:
    if pattern in entries:
        return (pattern,)
    if not any(sign in pattern for sign in "*?["):
        return ()
    return [error_id for error_id in entries if fnmatchcase(error_id, pattern)]


def _unknown(where: str, name: str) -> Problem:
    return Problem(where, f"{name} names no entry", "write the id of an entry, or a pattern that fits one")


def _taken_names(read: _Read[EdgeFile]) -> Iterator[Problem]:
    seen: set[str] = set()
    for record in read.body.edges:
        if record.name in seen:
            what = f"two edges are called {record.name}"
            yield Problem(read.at("edges", record.name), what, "give each edge a name of its own")
        seen.add(record.name)


def _loops(edges: Iterable[tuple[_Read[EdgeFile], Edge]]) -> Iterator[Problem]:
    """A way in which an error would bring about itself.

    Edges whose cause has to be written first (`late` is 0) cannot be part of one: time does not go round.
    """
    tolerant = {edge.name: (read, edge) for read, edge in edges if edge.late_s > 0}
    loop = _first_loop([edge for _, edge in tolerant.values()])
    if not loop:
        return
    names = [
        next(n for n, (_, edge) in tolerant.items() if cause in edge.causes and effect in edge.effects)
        for cause, effect in pairwise(loop)
    ]
    read, first = tolerant[names[0]]
    yield Problem(
        read.at("edges", first.name),
        f"the edges {', '.join(dict.fromkeys(names))} form a loop: {' → '.join(loop)}",
        'take one of them out, or write `"late": 0` in those where the order in time decides',
    )


def _first_loop(edges: Sequence[Edge]) -> list[str]:
    """Ids, each the cause of the next, the last one the same as the first; empty where there is no loop."""
    left: dict[str, set[str]] = {}
    for edge in edges:
        for effect in edge.effects:
            left.setdefault(effect, set()).update(edge.causes - {effect})
    # What is brought about only by what stands in no loop stands in none.
    while free := [effect for effect, causes in left.items() if causes.isdisjoint(left)]:
        for effect in free:
            del left[effect]
    backwards: list[str] = []
    at = min(left, default="")
    while at and at not in backwards:
        backwards.append(at)
        at = min(left[at].intersection(left))
    return [*backwards[backwards.index(at) :], at][::-1] if at else []
