"""What was found in a record holds for the next one that differs from it only in digits that decide nothing.

In a storm that is nearly every record: to look it up takes a tenth of the time of looking for it.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Generic, TypeVar

from logwatch.scan.digits import deciding, shape_of

# Bytes. Longer records are seldom of one shape, and each that is kept takes memory.
_LONGEST = 4096
# Shapes that are kept: those of fifty errors, of ranks with one, two and three digits, and of lines that only look
# like errors. A megabyte as lines are, fifteen if somebody wants them to be.
_MANY_SHAPES = 1024
# What is kept of one shape: records whose deciding digits differ.
_MANY_ALIKE = 8
# Where digits decide in more places, hardly two records agree in all of them.
_MOST_PLACES = 16

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Alike(Generic[V]):
    """Records of one shape."""

    __slots__ = ("_decides", "_known", "_pick", "_times")

    def __init__(self, decides: Callable[[], Iterable[bytes] | None]) -> None:
        """`decides` gives the texts whose digits decide; None where all may."""
        self._decides = decides
        self._known: dict[Hashable, V] = {}
        self._pick: Callable[[bytes], Hashable] | None = None
        self._times = 0

    def known(self, record: bytes) -> V | None:
        """What was kept of a record from which nothing tells `record` apart; None where nothing was."""
        return None if self._pick is None else self._known.get(self._pick(record))

    def keep(self, record: bytes, value: V) -> None:
        """To be told of records like `record`. Of the first of its shape nothing is kept: most never come again."""
        self._times += 1
        if self._times == 2 and (texts := self._decides()) is not None:
            self._pick = _picker(deciding(shape_of(record), texts))
        if self._pick is not None:
            if len(self._known) == _MANY_ALIKE:
                self._known.clear()
            self._known[self._pick(record)] = value


class Repeats(Generic[K, V]):
    """Records that were seen lately, by their shape and what else they have in common, `K`."""

    def __init__(self, decides: Callable[[bytes, K], Iterable[bytes] | None]) -> None:
        """`decides`: for a shape and what is common, the texts whose digits decide; None where all may."""
        self._decides = decides
        self._alike = lru_cache(_MANY_SHAPES)(self._begin)

    def of(self, record: bytes, common: K) -> Alike[V] | None:
        """Those that `record` belongs to, if it is worth keeping."""
        return self._alike(shape_of(record), common) if len(record) <= _LONGEST else None

    def forget(self) -> None:
        """What was found does not hold any more."""
        self._alike.cache_clear()

    def _begin(self, shape: bytes, common: K) -> Alike[V]:
        return Alike(lambda: self._decides(shape, common))


def _picker(places: Sequence[slice]) -> Callable[[bytes], Hashable] | None:
    if len(places) > _MOST_PLACES:
        return None
    return itemgetter(*places) if places else _nothing


def _nothing(_record: bytes) -> Hashable:
    return b""
