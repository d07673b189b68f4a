"""The lines around a match are looked for when somebody reads them, and once."""

from collections.abc import Sequence

from logwatch.scan.nearby import Nearby


def test_nobody_looks_for_what_nobody_reads() -> None:
    looks = 0

    def look() -> Sequence[str]:
        nonlocal looks
        looks += 1
        return ["before", "the match", "after"]

    lines = Nearby(look)
    assert looks == 0
    assert (list(lines), lines[0], lines[1:], len(lines)) == (
        ["before", "the match", "after"],
        "before",
        ["the match", "after"],
        3,
    )
    assert looks == 1
