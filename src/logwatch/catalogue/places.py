"""Where something stands in a file that a person wrote."""

import json
from collections.abc import Sequence


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line (from 1) on which the innermost named key of `place` stands; 1 where it cannot be found."""
    at = 0
    for part in place:
        if isinstance(part, str):
            found = text.find(json.dumps(part, ensure_ascii=False), at)
            if found < 0:
                break
            at = found
    return text.count("\n", 0, at) + 1
