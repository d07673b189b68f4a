"""In how many ways a search can go wrong, told from its pattern: what has few needs no time limit.

A time limit costs more than most searches do: the clock is read, which is a system call.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from re import _constants as sre  # type: ignore[attr-defined]
from typing import Any

from logwatch.scan.literals import parsed

# So many are gone in a tenth of a second, less than what a search is granted.
MOST_PATHS = 10_000_000
_ONE_WAY = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN, sre.AT, sre.CATEGORY})
_REPEATS = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT})


@dataclass(frozen=True, slots=True)
class _Ways:
    """At most `factor` times n to the `power` of ways to match within n characters."""

    factor: float = 1.0
    power: int = 0

    def then(self, other: "_Ways") -> "_Ways":
        return _Ways(self.factor * other.factor, self.power + other.power)

    def or_else(self, other: "_Ways") -> "_Ways":
        return _Ways(self.factor + other.factor, max(self.power, other.power))


_ONE = _Ways()
_NO_END = _Ways(math.inf)


def longest_harmless(pattern: str) -> int:
    """Of how many characters a text may be that no search for `pattern` in it takes long; 0 where any may."""
    tree = parsed(pattern)
    ways = _NO_END if tree is None else _sequence(tree)
    # It may begin at each character; where it begins and where its parts end stand in a row.
    places = ways.power + 1
    return int((MOST_PATHS * math.factorial(places) / ways.factor) ** (1 / places))


def _sequence(items: Iterable[Any]) -> _Ways:
    ways = _ONE
    for op, value in items:
        ways = ways.then(_item(op, value))
    return ways


def _item(op: Any, value: Any) -> _Ways:
    if op in _ONE_WAY:
        return _ONE
    if op is sre.SUBPATTERN:
        return _sequence(value[3])
    if op is sre.BRANCH:
        return _branch(value[1])
    if op in _REPEATS:
        low, high, inner = value
        return _repeat(low, high, _sequence(inner))
    if op in (sre.ASSERT, sre.ASSERT_NOT):
        # What it looks at stands in no row with the rest.
        ahead = _sequence(value[1])
        return _NO_END if ahead.power else ahead
    # What refers to what was found, and what a later version may bring.
    return _NO_END


def _branch(options: Iterable[Any]) -> _Ways:
    first, *others = map(_sequence, options)
    for other in others:
        first = first.or_else(other)
    return first


def _repeat(low: int, high: Any, inner: _Ways) -> _Ways:
    if high == 1:
        return inner if low else _ONE.or_else(inner)
    if inner != _ONE:
        # Ways multiply with each turn.
        return _NO_END
    return _Ways(1.0, 1) if high is sre.MAXREPEAT else _Ways(high - low + 1.0)
