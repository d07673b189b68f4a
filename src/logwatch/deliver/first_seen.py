"""A counter that is born at 1 never rose: who has to be shown a 0 first, so that `increase()` can see it.

Prometheus computes an increase from two samples of one series. A series whose first sample is already 1
did not increase, and the first occurrence of an error, which matters most, would never alert. So each
scraper's first answer shows a new series at 0, and its later answers the truth.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Series = TypeVar("Series", bound=Hashable)

# Both halves of a redundant pair, and agents that scrape every few minutes, have come by within this time.
# A scraper that turns up later is a new one: to it, an old error must not look like a new one.
SETTLED_AFTER_S = 600.0
# A redundant pair, an agent and a few experiments; beyond that somebody is making scrapers up.
MAX_SCRAPERS = 16


@dataclass(slots=True)
class _Youth:
    first_exposed: float | None = None
    seen_by: set[str] = field(default_factory=set)


class FirstSeen(Generic[Series]):
    """Knows which series are young, and which scraper has seen them. Times are in seconds.

    A series that was never `born` here is settled: everyone sees its true value.
    """

    def __init__(self, *, settled_after_s: float = SETTLED_AFTER_S, max_scrapers: int = MAX_SCRAPERS) -> None:
        self._settled_after_s = settled_after_s
        self._max_scrapers = max_scrapers
        self._young: dict[Series, _Youth] = {}
        # In order of their last visit, the least recent first.
        self._scrapers: dict[str, None] = {}

    def born(self, series: Series) -> None:
        """From now on `series` is shown at 0 to each scraper that has not seen it."""
        self._young[series] = _Youth()

    def unseen(self, scraper: str, now: float) -> frozenset[Series]:
        """The series that `scraper` has to be shown at 0."""
        self._settle(now)
        return frozenset(series for series, youth in self._young.items() if scraper not in youth.seen_by)

    def saw(self, scraper: str, series: Iterable[Series], now: float) -> None:
        """The answer that showed `series` at 0 has reached `scraper`."""
        self._remember(scraper)
        for one in series:
            youth = self._young.get(one)
            if youth is None:
                continue
            youth.seen_by.add(scraper)
            if youth.first_exposed is None:
                youth.first_exposed = now

    def exposed(self, series: Series) -> bool:
        """Whether some scraper has seen `series`."""
        youth = self._young.get(series)
        return youth is None or youth.first_exposed is not None

    def _settle(self, now: float) -> None:
        settled = [
            series
            for series, youth in self._young.items()
            if youth.first_exposed is not None and now - youth.first_exposed > self._settled_after_s
        ]
        for series in settled:
            del self._young[series]

    def _remember(self, scraper: str) -> None:
        self._scrapers.pop(scraper, None)
        self._scrapers[scraper] = None
        if len(self._scrapers) > self._max_scrapers:
            forgotten = next(iter(self._scrapers))
            del self._scrapers[forgotten]
            for youth in self._young.values():
                youth.seen_by.discard(forgotten)
