"""A catalogue with the index of its rules as bytes, to be had again within milliseconds.

Entries are taken apart when somebody asks for them and not before: most starts ask for none, and so do
without pydantic, which takes longer to import than all else.
"""

import json
import os
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.causality import Edge, Edges, EventClass, Scope
from logwatch.errors import Problem
from logwatch.scan.index import Index

if TYPE_CHECKING:
    from logwatch.catalogue.entry import Entry

# Of the kept form. Another number, and what was kept is made anew.
FORMAT = b"logwatch catalogue 1\n"
# The third level takes a third of the time of the sixth, and a tenth more room.
_DEFLATE_LEVEL = 3

# An entry takes 20 KB; more errors than this are seldom told of at one time.
MANY_MADE = 128

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known:
    """A catalogue, and the index of its rules."""

    catalogue: Catalogue
    index: Index


def freeze(known: Known, stamp: bytes, base: str = "") -> bytes:
    """A form to keep. `stamp` says what it was made of; paths are kept relative to `base`, if any.

    Raises:
        OSError: a record cannot be read any more.
    """
    catalogue = known.catalogue
    texts, places, end = [], [], 0
    for path in catalogue.files.values():
        texts.append(zlib.compress(path.read_bytes(), _DEFLATE_LEVEL))
        places.append((end, end := end + len(texts[-1])))
    head = {
        "paths": _relative(catalogue.files, base),
        "places": places,
        "aliases": dict(catalogue.aliases),
        "warnings": [[problem.where, problem.what, problem.remedy] for problem in catalogue.warnings],
        "sha256": catalogue.sha256,
        "overridden": _relative(catalogue.overridden, base),
        "edges": _plain_edges(catalogue.edges, list(catalogue.files)),
        "machine": _machine(),
    }
    return _sealed([stamp, json.dumps(head).encode(), known.index.freeze(), b"".join(texts)])


def restamped(kept: bytes, stamp: bytes) -> bytes:
    """What is `kept`, known to be whole, made of what `stamp` says."""
    _, *others = _parts(_body(kept))
    return _sealed([stamp, *others])


def _relative(paths: Mapping[str, Path], base: str) -> dict[str, str]:
    return {name: str(path).removeprefix(base) for name, path in paths.items()}


def _machine() -> str:
    """Tables for another kind of processor are of no use, and not every library would notice."""
    return os.uname().machine


def thaw(kept: bytes, stamp: bytes, base: str = "") -> Known | None:
    """The inverse of `freeze`; None where `kept` is damaged, or was made of something else."""
    body = _body(kept)
    if not kept.startswith(FORMAT + zlib.crc32(body).to_bytes(4, "little")):
        return None
    made_of, head, index, texts = _parts(body)
    if made_of != stamp:
        return None
    # A copy, so that what is not needed any more can go.
    return _thawed(json.loads(bytes(head)), Index.thaw(bytes(index)), bytes(texts), base)


def _sealed(parts: Iterable[bytes | memoryview]) -> bytes:
    body = b"".join(piece for part in parts for piece in (len(part).to_bytes(8, "little"), part))
    return FORMAT + zlib.crc32(body).to_bytes(4, "little") + body


def _body(kept: bytes) -> memoryview:
    return memoryview(kept)[len(FORMAT) + 4 :]


def _parts(body: memoryview) -> Iterator[memoryview]:
    while body:
        end = 8 + int.from_bytes(body[:8], "little")
        yield body[8:end]
        body = body[end:]


def _thawed(head: Mapping[str, Any], index: Index, texts: bytes, base: str) -> Known:
    places: Mapping[str, tuple[int, int]] = dict(zip(head["paths"], head["places"], strict=True))

    def entry(name: str) -> "Entry":
        from logwatch.catalogue.entry import Entry  # noqa: PLC0415 - see above

        begin, end = places[name]
        return Entry.model_validate(json.loads(zlib.decompress(texts[begin:end])))

    def paths(of: str) -> Mapping[str, Path]:
        return Lazily(head[of], lambda name: Path(base + head[of][name]))

    catalogue = Catalogue(
        entries=Lazily(places, entry),
        aliases=head["aliases"],
        files=paths("paths"),
        warnings=tuple(Problem(*said) for said in head["warnings"]),
        sha256=head["sha256"],
        overridden=paths("overridden"),
        edges=_edges(head["edges"], list(places)),
    )
    return Known(
        catalogue, index if head["machine"] == _machine() else replace(index, tables=b"", demand_tables=b"")
    )


def _plain_edges(edges: Edges, ids: Sequence[str]) -> Mapping[str, Any]:
    """Ids are numbers here: a class of two hundred stands in many edges."""
    number = {error_id: i for i, error_id in enumerate(ids)}
    return {
        "edges": [
            [
                edge.name,
                [number[cause] for cause in edge.causes],
                [number[effect] for effect in edge.effects],
                edge.scope,
                edge.within_s,
                edge.late_s,
                edge.note,
            ]
            for edge in edges.edges.values()
        ],
        "classes": dict(edges.classes),
        "holds": dict(edges.holds),
    }


def _edges(plain: Mapping[str, Any], ids: Sequence[str]) -> Edges:
    def named(numbers: Sequence[int]) -> frozenset[str]:
        return frozenset(map(ids.__getitem__, numbers))

    return Edges(
        {
            name: Edge(name, named(causes), named(effects), Scope(scope), within_s, late_s, note)
            for name, causes, effects, scope, within_s, late_s, note in plain["edges"]
        },
        {error_id: EventClass(name) for error_id, name in plain["classes"].items()},
        plain["holds"],
    )


class Lazily(Mapping[str, T]):
    """Makes the value of a name when it is asked for, and keeps those that were asked for last."""

    __slots__ = ("_made", "_make", "_names")

    def __init__(self, names: Iterable[str], make: Callable[[str], T]) -> None:
        self._names = dict.fromkeys(names)
        self._make = make
        self._made: OrderedDict[str, T] = OrderedDict()

    def __getitem__(self, name: str) -> T:
        if name not in self._names:
            raise KeyError(name)
        made = self._made.pop(name, None)
        if made is None:
            made = self._make(name)
        self._made[name] = made
        if len(self._made) > MANY_MADE:
            self._made.popitem(last=False)
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
