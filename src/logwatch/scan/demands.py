"""What rules demand of a record beside the literal that pointed at it; decides against most without their pattern."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from logwatch.scan import engine as engines
from logwatch.scan.literals import Literal, Required

# So many records at once pay for an engine's look: fewer are asked for one literal after the other.
MANY = 32
# What the engine is asked for. Shorter literals stand in most lines of errors, and a hit costs as much as asking
# for four literals by name; a third demand decides against one rule in a hundred.
_AT_LEAST, _MOST = 5, 2

# Alternatives, one of which has to be there.
Demand = Sequence[Literal]


class _Asked(NamedTuple):
    """What one rule demands: a text that has to be there as it is, and more."""

    needs: bytes
    others: Sequence[Demand]


class _Engine(NamedTuple):
    """An engine, and by the number of a rule the numbers of the literals that it is asked for."""

    engine: engines.Engine
    numbers: Sequence[Sequence[frozenset[int]]]


class Demands:
    """Tells of records which rules are worth a search. It may keep one in vain, and never drops one that matches."""

    def __init__(self, required: Sequence[Required], engine: str = "auto", tables: bytes = b"") -> None:
        """`required` by the number of the rule; `tables` are those of an engine for the same demands."""
        self._required = required
        self._asked = [_asked(one.also) for one in required]
        self._name = engine
        self._tables = tables
        self._engine: _Engine | None = None

    @property
    def tables(self) -> bytes:
        """What makes building the engine again quick."""
        return self._tables or self._built().engine.tables

    def promising(self, suspects: Sequence[tuple[bytes, Sequence[int]]]) -> Iterator[Sequence[int]]:
        """For each record and the rules that literals point at, those whose demands it meets, in their order."""
        if len(suspects) >= MANY and self._built().engine.is_quick:
            return self._all_at_once(suspects, self._built())
        return (self._one_by_one(record, rules) for record, rules in suspects)

    def _built(self) -> _Engine:
        """Made when it is needed: most logs are no storm."""
        if self._engine is None:
            chosen = [_for_an_engine(one.also) for one in self._required]
            literals = sorted({literal for demands in chosen for demand in demands for literal in demand})
            number = {literal: i for i, literal in enumerate(literals)}
            self._engine = _Engine(
                engines.build(literals, self._name, self._tables),
                [[frozenset(map(number.__getitem__, demand)) for demand in demands] for demands in chosen],
            )
        return self._engine

    def _one_by_one(self, record: bytes, rules: Sequence[int]) -> Sequence[int]:
        kept = []
        for rule in rules:
            needs, others = self._asked[rule]
            if needs in record and (not others or has_all(record, others)):
                kept.append(rule)
        return kept

    def _all_at_once(
        self, suspects: Sequence[tuple[bytes, Sequence[int]]], built: _Engine
    ) -> Iterator[Sequence[int]]:
        # No literal reaches over the end of a record.
        hits = built.engine.find(b"\n".join([record for record, _ in suspects]))
        hits.append((sys.maxsize, 0))
        at = end = 0
        for record, rules in suspects:
            end += len(record)
            first = at
            while hits[at][0] <= end:
                at += 1
            end += 1
            lacks = {number for _, number in hits[first:at]}.isdisjoint
            yield [rule for rule in rules if not any(map(lacks, built.numbers[rule]))]


def _for_an_engine(demands: Iterable[Demand]) -> Sequence[Demand]:
    return [d for d in demands if min(len(literal.data) for literal in d) >= _AT_LEAST][:_MOST]


def _asked(demands: Sequence[Demand]) -> _Asked:
    fixed = [demand for demand in demands if len(demand) == 1 and not demand[0].caseless]
    if not fixed:
        return _Asked(b"", demands)
    longest = max(fixed, key=lambda demand: len(demand[0].data))
    return _Asked(longest[0].data, [demand for demand in demands if demand is not longest])


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
