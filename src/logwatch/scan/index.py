"""What is derived from rules once and can be kept: their literals, their order, the engine's tables.

Deriving takes about a millisecond a rule, thawing some milliseconds for all of them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from logwatch.scan.literals import Literal, Way, derive, ways

# Of the frozen form. Another number, and what was kept is derived anew.
FORMAT = b"logwatch index 5\n"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern with a name.

    `kinds` are the kinds of log it can stand in (empty: all); `severity` is a rank, higher is worse. One that
    `clears` finds lines that say that the error `id` is over. A `general` one is only looked for where no other
    error is found.
    """

    id: str
    pattern: str
    kinds: frozenset[str] = frozenset()
    severity: int = 0
    clears: bool = False
    general: bool = False


@dataclass(frozen=True, slots=True)
class Indexed:
    """A rule with what its pattern demands of a record: one of the `ways` to match it has to be met.

    `weight` is the measure of being specific: how many literal characters a match has at the least.
    """

    rule: Rule
    ways: Sequence[Way]
    weight: int = 0

    @property
    def literals(self) -> frozenset[Literal]:
        """One of these stands in every match; empty where none could be derived."""
        return frozenset(literal for way in self.ways for literal in way.any_of)


@dataclass(frozen=True, slots=True)
class Index:
    """Rules in order of rank: those with more literal text first, then the worse; the id settles the rest.

    General ones come last.

    `tables` are an engine's, for the literals of these rules, `demand_tables` for what else they demand; or empty.
    """

    rules: Sequence[Indexed]
    tables: bytes = b""
    demand_tables: bytes = b""

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "Index":
        indexed = [Indexed(rule, ways(rule.pattern), derive(rule.pattern).weight) for rule in rules]
        indexed.sort(key=lambda i: (i.rule.general, -i.weight, -i.rule.severity, i.rule.id))
        return cls(indexed)

    def freeze(self) -> bytes:
        """A form to keep."""
        rules = [
            [
                i.rule.id,
                i.rule.pattern,
                sorted(i.rule.kinds),
                i.rule.severity,
                i.rule.clears,
                i.rule.general,
                [[_plain(way.any_of), [_plain(demand) for demand in way.also]] for way in i.ways],
                i.weight,
            ]
            for i in self.rules
        ]
        body = json.dumps(rules).encode()
        sized = (len(part).to_bytes(8, "little") + part for part in (body, self.tables, self.demand_tables))
        return FORMAT + b"".join(sized)

    @classmethod
    def thaw(cls, kept: bytes) -> "Index":
        """The inverse of `freeze`.

        Raises:
            ValueError: when `kept` is nothing that this version froze.
        """
        if not kept.startswith(FORMAT):
            raise ValueError("not an index of this version")
        known: dict[tuple[str, bool], Literal] = {}
        try:
            body, tables, demand_tables = _parts(kept[len(FORMAT) :])
            rules = [
                Indexed(
                    Rule(name, pattern, frozenset(kinds), severity, clears, general),
                    tuple(
                        Way(_literals(any_of, known), tuple(_literals(demand, known) for demand in also))
                        for any_of, also in apart
                    ),
                    weight,
                )
                for name, pattern, kinds, severity, clears, general, apart, weight in json.loads(body)
            ]
        except (TypeError, ValueError) as error:
            raise ValueError("not a whole index") from error
        return cls(rules, tables, demand_tables)


def _parts(kept: bytes) -> Iterator[bytes]:
    while kept:
        end = 8 + int.from_bytes(kept[:8], "little")
        yield kept[8:end]
        kept = kept[end:]


def _plain(literals: Sequence[Literal]) -> list[Any]:
    return [[literal.data.decode("latin-1"), literal.caseless] for literal in literals]


def _literals(plain: Sequence[Any], known: dict[tuple[str, bool], Literal]) -> tuple[Literal, ...]:
    """Many stand in several ways: each is made once."""
    return tuple(
        known.get((data, caseless))
        or known.setdefault((data, caseless), Literal(data.encode("latin-1"), caseless))
        for data, caseless in plain
    )
