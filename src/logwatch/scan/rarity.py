"""How often a literal is to be expected in a healthy log: every hit costs a closer look at its record."""

import base64
import functools
import zlib
from collections import defaultdict
from collections.abc import Mapping

from logwatch.scan.common_text import COMMON, RUN

# A literal shorter than a run cannot be looked up; such short ones are everywhere.
SHORT_PER_MB = 256.0


def rate(literal: bytes, *, caseless: bool = False) -> float:
    """At most so many hits per megabyte are to be expected; 0 for what is rarer than was measured.

    A `caseless` literal is lower case.
    """
    if len(literal) < RUN:
        return SHORT_PER_MB
    table = _folded() if caseless else _table()
    # A literal cannot be more common than its rarest part.
    return min(table.get(literal[i : i + RUN], 0.0) for i in range(len(literal) - RUN + 1))


@functools.cache
def _table() -> Mapping[bytes, float]:
    packed = zlib.decompress(base64.b85decode(COMMON))
    width = RUN + 1
    return {packed[i + 1 : i + width]: 2.0 ** packed[i] for i in range(0, len(packed), width)}


@functools.cache
def _folded() -> Mapping[bytes, float]:
    """Of runs in lower case, with all that differ from them by case alone."""
    folded: dict[bytes, float] = defaultdict(float)
    for run, often in _table().items():
        folded[run.lower()] += often
    return dict(folded)
