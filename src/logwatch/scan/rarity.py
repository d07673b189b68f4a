"""How often a literal is to be expected in a healthy log: every hit costs a closer look at its record."""

import base64
import functools
import zlib

from logwatch.scan.common_text import COMMON, RUN

# A literal shorter than a run cannot be looked up; such short ones are everywhere.
SHORT_PER_MB = 256.0


def rate(literal: bytes) -> float:
    """At most so many hits per megabyte are to be expected; 0 for what is rarer than was measured."""
    text = literal.lower()
    if len(text) < RUN:
        return SHORT_PER_MB
    table = _table()
    # A literal cannot be more common than its rarest part.
    return min(table.get(text[i : i + RUN], 0.0) for i in range(len(text) - RUN + 1))


@functools.cache
def _table() -> dict[bytes, float]:
    packed = zlib.decompress(base64.b85decode(COMMON))
    width = RUN + 1
    return {packed[i + 1 : i + width]: 2.0 ** packed[i] for i in range(0, len(packed), width)}
