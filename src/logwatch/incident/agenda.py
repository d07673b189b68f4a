"""When something is due next, for many things at once."""

import heapq


class Agenda:
    """Remembers for each name the earliest time it was noted for. Times are seconds since the epoch.

    Names that have become due are taken out; whoever takes one looks for himself whether it is due, and
    notes it again if not: putting something off costs nothing until then.
    """

    def __init__(self) -> None:
        self._noted: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def note(self, name: str, at: float) -> None:
        """Makes `name` due at `at`, unless it is due earlier."""
        if at < self._noted.get(name, float("inf")):
            self._noted[name] = at
            heapq.heappush(self._heap, (at, name))

    def forget(self, name: str) -> None:
        self._noted.pop(name, None)

    def take(self, now: float, most: int | None = None) -> list[str]:
        """The names that are due, the earliest first; of many the first `most`."""
        due: list[str] = []
        while len(due) != most and (at := self.next()) is not None and at <= now:
            due.append(self._heap[0][1])
            del self._noted[due[-1]]
        return due

    def next(self) -> float | None:
        """The earliest time noted."""
        while self._heap and self._noted.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def shift(self, seconds: float) -> None:
        """The clock was set: everything is due so much later."""
        self._noted = {name: at + seconds for name, at in self._noted.items()}
        self._heap = [(at, name) for name, at in self._noted.items()]
        heapq.heapify(self._heap)
