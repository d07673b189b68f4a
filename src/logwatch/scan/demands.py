"""What a record must hold beside the literal that points at it; decides against most without their pattern.

A rule demands one thing or another: of each *way* to match it (`literals.ways`) all demands are met or not.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from logwatch.scan import engine as engines
from logwatch.scan.digits import shape_of
from logwatch.scan.literals import Literal, Way

# So many records at once pay for an engine's look: fewer are asked for one literal after the other.
MANY = 32
# As quick as an engine: what a healthy log holds in vain is mostly one literal of one rule. Others have to be more.
_FEW = 2
# What an engine leaves is asked for what it was not, but for long lists: looking for all of them costs as much as a
# search, and one is mostly there.
_SHORT = 16
# What the engine is asked for. Shorter literals stand in most lines of errors, and a hit costs as much as asking
# for four literals by name; a third demand decides against one rule in a hundred.
_AT_LEAST, _MOST = 5, 2

# What stands in every tenth line of an error and decides against none.
_EVERYWHERE = re.compile(
    rb"(?i)\W*(?:\w*error|failed(?: to)?|with|and|from|has|model|process|nvrm: xid|xid \(pci)\W*"
)

# Alternatives, one of which has to be there.
Demand = Sequence[Literal]


class _Asked(NamedTuple):
    """What one way demands: a text that has to be there as it is, and more."""

    needs: bytes
    others: Sequence[Demand]


class Pointed:
    """Ways that literals point at, in order of rank: the same for many records, so what is made of them is kept."""

    __slots__ = ("by_number", "free", "ways")

    def __init__(self, ways: Sequence[int]) -> None:
        self.ways = ways
        # Those of which an engine is asked for nothing, and the others by what has to be there first.
        self.free: Sequence[int] = ()
        self.by_number: Mapping[int, Sequence[int]] | None = None


class _Engine:
    """Looks for what is demanded, in many records at once."""

    def __init__(self, ways: Iterable[Way], name: str, tables: bytes) -> None:
        chosen = [_for_an_engine(way.also) for way in ways]
        literals = sorted({literal for demands in chosen for demand in demands for literal in demand})
        number = {literal: i for i, literal in enumerate(literals)}
        # By the number of a way the numbers of the literals of its demands.
        self._numbers = [[frozenset(map(number.__getitem__, d)) for d in demands] for demands in chosen]
        self.literals = engines.thawed(tables, name) or engines.build(literals, name)

    def promising(self, suspects: Sequence[tuple[bytes, Pointed]]) -> Iterator[Sequence[int]]:
        # No literal reaches over the end of a record.
        hits = self.literals.find(b"\n".join([record for record, _ in suspects]))
        hits.append((sys.maxsize, 0))
        at = end = 0
        for record, pointed in suspects:
            end += len(record)
            first = at
            while hits[at][0] <= end:
                at += 1
            end += 1
            yield self._met(pointed, {number for _, number in hits[first:at]})

    def _met(self, pointed: Pointed, there: set[int]) -> Sequence[int]:
        if pointed.by_number is None:
            self._sort_out(pointed)
        by_number = pointed.by_number or {}
        met = {way for number in there & by_number.keys() for way in by_number[number]}
        if not met:
            return pointed.free
        lacks = there.isdisjoint
        return sorted([*pointed.free, *(way for way in met if not any(map(lacks, self._numbers[way])))])

    def _sort_out(self, pointed: Pointed) -> None:
        by_number: dict[int, list[int]] = {}
        for way in pointed.ways:
            for number in next(iter(self._numbers[way]), ()):
                by_number.setdefault(number, []).append(way)
        pointed.free = [way for way in pointed.ways if not self._numbers[way]]
        pointed.by_number = by_number


class Demands:
    """Tells which ways to match a record are worth a search. It may keep one in vain, and drops none that matches."""

    def __init__(self, ways: Sequence[Way], engine: str = "auto", tables: bytes = b"") -> None:
        """A way is known by its place in `ways`; `tables` are those of an engine for the same demands."""
        self._ways = ways
        self._asked: dict[int, _Asked] = {}
        self._left: dict[int, Sequence[Demand]] = {}
        self._name = engine
        self._tables = tables
        self._engine: _Engine | None = None

    @property
    def tables(self) -> bytes:
        """What makes building the engine again quick."""
        return self._tables or self._built().literals.tables

    def promising(self, suspects: Sequence[tuple[bytes, Pointed]]) -> Iterator[Sequence[int]]:
        """For each record and the ways that literals point at, those whose demands it meets, in their order."""
        pointed_at_by_many = [suspect for suspect in suspects if len(suspect[1].ways) > _FEW]
        if len(pointed_at_by_many) < MANY or not self._built().literals.is_quick:
            return (self._one_by_one(record, pointed.ways) for record, pointed in suspects)
        told = self._built().promising(pointed_at_by_many)
        return (
            self._not_refused(record, next(told))
            if len(pointed.ways) > _FEW
            else self._one_by_one(record, pointed.ways)
            for record, pointed in suspects
        )

    def possible(self, shape: bytes, ways: Iterable[int]) -> Iterator[int]:
        """Those of `ways` whose demands some record of `shape` (`digits.shape_of`) may meet."""
        lowered = shape.lower()
        for way in ways:
            demands = filter(None, (self._ways[way].any_of, *self._ways[way].also))
            if all(any(_may_stand_in(literal, shape, lowered) for literal in demand) for demand in demands):
                yield way

    def _built(self) -> _Engine:
        """Made when it is needed: most logs are no storm."""
        if self._engine is None:
            self._engine = _Engine(self._ways, self._name, self._tables)
        return self._engine

    def _one_by_one(self, record: bytes, ways: Sequence[int]) -> Sequence[int]:
        kept = []
        for way in ways:
            needs, others = self._asked.get(way) or self._asked.setdefault(way, _asked(self._ways[way].also))
            if needs in record and (not others or has_all(record, others)):
                kept.append(way)
        return kept

    def _not_refused(self, record: bytes, ways: Sequence[int]) -> Sequence[int]:
        """Those of `ways`, which an engine left, that what it was not asked for does not decide against."""
        return [way for way in ways if not (left := self._left_of(way)) or has_all(record, left)]

    def _left_of(self, way: int) -> Sequence[Demand]:
        if way not in self._left:
            self._left[way] = _left(self._ways[way].also)
        return self._left[way]


def _for_an_engine(demands: Iterable[Demand]) -> Sequence[Demand]:
    return [demand for demand in demands if all(map(_tells, demand))][:_MOST]


def _left(demands: Sequence[Demand]) -> Sequence[Demand]:
    asked = _for_an_engine(demands)
    return [
        demand
        for demand in demands
        if demand not in asked and len(demand) <= _SHORT and not any(literal.caseless for literal in demand)
    ]


def _tells(literal: Literal) -> bool:
    return len(literal.data) >= _AT_LEAST and _EVERYWHERE.fullmatch(literal.data) is None


def _asked(demands: Sequence[Demand]) -> _Asked:
    fixed = [demand for demand in demands if len(demand) == 1 and not demand[0].caseless]
    if not fixed:
        return _Asked(b"", demands)
    longest = max(fixed, key=lambda demand: len(demand[0].data))
    return _Asked(longest[0].data, [demand for demand in demands if demand is not longest])


def _may_stand_in(literal: Literal, shape: bytes, lowered: bytes) -> bool:
    return shape_of(literal.data) in (lowered if literal.caseless else shape)


def meets(record: bytes, way: Way) -> bool:
    """Whether `record` holds all that `way` demands."""
    return has_all(record, filter(None, (way.any_of, *way.also)))


def has_all(record: bytes, demands: Iterable[Demand]) -> bool:
    """Whether each demand is met."""
    lowered = b""
    for demand in demands:
        for literal in demand:
            if literal.caseless:
                lowered = lowered or record.lower()
            if literal.data in (lowered if literal.caseless else record):
                break
        else:
            return False
    return True
