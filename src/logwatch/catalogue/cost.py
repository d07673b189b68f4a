"""What each entry costs while nothing is wrong: the records that its literals point at in vain."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from logwatch.scan.demands import meets
from logwatch.scan.pattern import compiled
from logwatch.scan.scanner import DEFAULT_TIMEOUT_S, MANY_COMPILED, Scanner, Suspect

# A hit costs about as much as scanning three kilobytes; so many in a megabyte add a tenth to its time.
MANY_PER_MB = 30.0
# Scanning a megabyte takes about a millisecond; a pattern that adds a tenth to that can be seen.
SLOW_S_PER_MB = 100e-6
# In a short log, so many are chance.
FEW = 3


@dataclass(slots=True)
class Cost:
    """What one entry cost. Counts are records.

    `pointed_at` held one of its literals, `searched` all that its pattern demands besides; `found` are true
    matches. `seconds` went by in `regex` in vain. `literals` counts what pointed at records that did not match.
    """

    pointed_at: int = 0
    searched: int = 0
    found: int = 0
    seconds: float = 0.0
    literals: Counter[bytes] = field(default_factory=Counter)

    @property
    def in_vain(self) -> int:
        return self.pointed_at - self.found


@dataclass(frozen=True, slots=True)
class Bill:
    """What all entries cost, by id; those that cost nothing are left out. `size` is in bytes."""

    size: int
    by_id: Mapping[str, Cost]

    def per_mb(self, amount: float) -> float:
        return amount * 1e6 / max(1, self.size)

    def is_high(self, cost: Cost) -> bool:
        """Whether scanning becomes noticeably slower by this entry."""
        if cost.in_vain < FEW:
            return False
        return self.per_mb(cost.in_vain) > MANY_PER_MB or self.per_mb(cost.seconds) > SLOW_S_PER_MB

    def costliest(self) -> Iterator[tuple[str, Cost]]:
        """The costliest first: by the time in `regex` and by what looking at records in vain takes.

        Those that cost nothing in vain are left out.
        """
        weight = SLOW_S_PER_MB / MANY_PER_MB
        ranked = sorted(
            self.by_id.items(), key=lambda item: (-item[1].seconds - weight * item[1].in_vain, item[0])
        )
        return (item for item in ranked if item[1].in_vain)


def bill(scanner: Scanner, chunks: Iterable[bytes], clock: Callable[[], float]) -> Bill:
    """What the entries of `scanner` cost on `chunks` of whole records. `clock` tells seconds.

    A search that runs into the scanner's time limit is over then, and its record counts as not found.
    """
    costs: dict[str, Cost] = {}
    size = 0
    for chunk in chunks:
        size += len(chunk)
        for suspect in scanner.suspects(chunk):
            _look_closer(suspect, costs, clock)
    return Bill(size, costs)


_compiled = lru_cache(MANY_COMPILED)(compiled)


def _look_closer(suspect: Suspect, costs: dict[str, Cost], clock: Callable[[], float]) -> None:
    text = suspect.record.decode("utf-8", "replace")
    lowered = suspect.record.lower()
    for indexed in suspect.rules:
        cost = costs.setdefault(indexed.rule.id, Cost())
        cost.pointed_at += 1
        if any(meets(suspect.record, way) for way in indexed.ways):
            cost.searched += 1
            # Compiled before, so that only the search is timed.
            pattern = _compiled(indexed.rule.pattern)
            began = clock()
            try:
                found = pattern.search(text, timeout=DEFAULT_TIMEOUT_S)
            except TimeoutError:
                found = None
            took = clock() - began
            if found is not None:
                cost.found += 1
                continue
            cost.seconds += took
        there = (x for x in sorted(indexed.literals) if x.data in (lowered if x.caseless else suspect.record))
        cost.literals[next((literal.data for literal in there), b"")] += 1
