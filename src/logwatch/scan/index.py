"""What is derived from rules once and can be kept: their literals, their order, the engine's tables.

Deriving takes about a millisecond a rule, thawing some milliseconds for all of them: what is demanded is only taken
apart when a record is worth a closer look, which most starts do not see.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

from logwatch.scan.literals import Literal, Way, derive, ways

# Of the frozen form. Another number, and what was kept is derived anew.
FORMAT = b"logwatch index 8\n"


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

    `weight` is the measure of being specific: how many literal characters a match has at the least. `place` says
    which of the ways of all rules are its own.
    """

    rule: Rule
    weight: int
    all_ways: Sequence[Way]
    place: range

    @property
    def ways(self) -> Sequence[Way]:
        return [self.all_ways[number] for number in self.place]

    @property
    def literals(self) -> frozenset[Literal]:
        """One of these stands in every match; empty where none could be derived."""
        return frozenset(literal for way in self.ways for literal in way.any_of)


@dataclass(frozen=True, slots=True)
class Index:
    """Rules in order of rank: those with more literal text first, then the worse; the id settles the rest.

    General ones come last. `ways` are those of all rules, in the same order, and `rule_of` tells of each its rule.
    `pointed_at` has for every literal the ways that it points at; the literals are those of `literals`, in its order.
    `tables` are an engine's, for these, and `demand_tables` for what else is demanded; or empty.
    """

    rules: Sequence[Indexed]
    ways: Sequence[Way]
    rule_of: Sequence[int]
    pointed_at: Sequence[Sequence[int]]
    tables: bytes = b""
    demand_tables: bytes = b""

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "Index":
        derived = [(rule, derive(rule.pattern)) for rule in rules]
        derived.sort(key=lambda one: (one[0].general, -one[1].weight, -one[0].severity, one[0].id))
        all_ways: list[Way] = []
        indexed: list[Indexed] = []
        rule_of: list[int] = []
        for number, (rule, whole) in enumerate(derived):
            its = ways(rule.pattern, whole)
            place = range(len(all_ways), len(all_ways) + len(its))
            all_ways += its
            rule_of += [number] * len(its)
            indexed.append(Indexed(rule, whole.weight, all_ways, place))
        return cls(indexed, all_ways, rule_of, list(_pointing(all_ways).values()))

    def literals(self) -> Sequence[Literal]:
        """What an engine has to look for."""
        return list(_pointing(self.ways))

    def freeze(self) -> bytes:
        """A form to keep."""
        number: dict[Literal, int] = {}
        for way in self.ways:
            for literal in (*way.any_of, *(one for demand in way.also for one in demand)):
                number.setdefault(literal, len(number))
        ranked = {
            "rules": [
                [
                    i.rule.id,
                    i.rule.pattern,
                    sorted(i.rule.kinds),
                    i.rule.severity,
                    i.rule.clears,
                    i.rule.general,
                    i.weight,
                    len(i.place),
                ]
                for i in self.rules
            ],
            "pointed_at": self.pointed_at,
        }
        demanded = {
            "literals": [[literal.data.decode("latin-1"), literal.caseless] for literal in number],
            "ways": [
                [
                    [number[one] for one in way.any_of],
                    [[number[one] for one in demand] for demand in way.also],
                ]
                for way in self.ways
            ],
        }
        parts = (
            json.dumps(ranked).encode(),
            json.dumps(demanded).encode(),
            self.tables,
            self.demand_tables,
        )
        return FORMAT + b"".join(len(part).to_bytes(8, "little") + part for part in parts)

    @classmethod
    def thaw(cls, kept: bytes) -> "Index":
        """The inverse of `freeze`.

        Raises:
            ValueError: when `kept` is nothing that this version froze.
        """
        if not kept.startswith(FORMAT):
            raise ValueError("not an index of this version")
        try:
            ranked, demanded, tables, demand_tables = _parts(kept[len(FORMAT) :])
            plain = json.loads(ranked)
            all_ways = _KeptWays(sum(rule[-1] for rule in plain["rules"]), demanded)
            rules: list[Indexed] = []
            rule_of: list[int] = []
            for name, pattern, kinds, severity, clears, general, weight, count in plain["rules"]:
                rule = Rule(name, pattern, frozenset(kinds), severity, clears, general)
                place = range(len(rule_of), len(rule_of) + count)
                rule_of += [len(rules)] * count
                rules.append(Indexed(rule, weight, all_ways, place))
            return cls(rules, all_ways, rule_of, plain["pointed_at"], tables, demand_tables)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError("not a whole index") from error


def _pointing(all_ways: Iterable[Way]) -> dict[Literal, list[int]]:
    """For every literal the ways that it points at."""
    wanted: dict[Literal, list[int]] = {}
    for number, way in enumerate(all_ways):
        for literal in way.any_of:
            wanted.setdefault(literal, []).append(number)
    return wanted


class _KeptWays(Sequence[Way]):
    """So many ways in their frozen form; each is made when it is asked for first."""

    def __init__(self, count: int, frozen: bytes) -> None:
        self._count, self._frozen = count, frozen
        self._literals: dict[int, Literal] = {}
        self._made: dict[int, Way] = {}

    @cached_property
    def _plain(self) -> Mapping[str, Any]:
        plain: Mapping[str, Any] = json.loads(self._frozen)
        self._frozen = b""
        return plain

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Way: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Way]: ...
    def __getitem__(self, index: int | slice) -> Way | Sequence[Way]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        if index not in self._made:
            any_of, also = self._plain["ways"][index]
            self._made[index] = Way(self._all(any_of), tuple(map(self._all, also)))
        return self._made[index]

    def _all(self, numbers: Iterable[int]) -> tuple[Literal, ...]:
        return tuple(map(self._literal, numbers))

    def _literal(self, number: int) -> Literal:
        if number not in self._literals:
            data, caseless = self._plain["literals"][number]
            self._literals[number] = Literal(data.encode("latin-1"), caseless)
        return self._literals[number]


def _parts(kept: bytes) -> Iterator[bytes]:
    while kept:
        end = 8 + int.from_bytes(kept[:8], "little")
        if len(kept) < end:
            raise ValueError("cut short")
        yield kept[8:end]
        kept = kept[end:]
