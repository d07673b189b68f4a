"""What a part of the benchmark has to say: rows of a table, how they were measured, pictures."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

_MARKS = {True: "✓", False: "✗", None: ""}


@dataclass(frozen=True, slots=True)
class Row:
    """One figure, what it is compared with, and whether that is as good as it should be.

    `beside` is a peer or a floor with its own figure; `met` is None where nothing is demanded.
    """

    what: str
    ours: str
    beside: str = ""
    ratio: str = ""
    goal: str = ""
    met: bool | None = None


@dataclass(slots=True)
class Part:
    """One kind of work. `method` has a sentence for each line of the list; `pictures` are SVG by file name."""

    title: str
    rows: list[Row] = field(default_factory=list)
    method: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)


def table(rows: Iterable[Row]) -> str:
    head = ["| | ours | beside it | ratio | goal | |", "|---|--:|---|--:|---|---|"]
    return "\n".join([*head, *map(_line, rows)])


def _line(row: Row) -> str:
    cells = row.what, row.ours, row.beside, row.ratio, row.goal, _MARKS[row.met]
    return f"| {' | '.join(cells)} |"


def at_least(
    what: str, ours: float, other: float, beside: str, goal: float, unit: str = "MB/s", digits: int = 0
) -> Row:
    """Ours has to be `goal` times the other, or more."""
    return Row(
        what,
        f"{ours:,.{digits}f} {unit}",
        f"{beside} {other:,.{_digits(other)}f} {unit}",
        _times(ours / other),
        f"≥ {_times(goal)}",
        ours >= goal * other,
    )


def at_most(what: str, ours: float, other: float, beside: str, goal: float, unit: str) -> Row:
    """Ours may be `goal` times the other, and no more."""
    return Row(
        what,
        f"{ours:,.{_digits(ours)}f} {unit}",
        f"{beside} {other:,.{_digits(other)}f} {unit}",
        _times(ours / other),
        f"≤ {_times(goal)}",
        ours <= goal * other,
    )


def limit(what: str, ours: float, most: float, unit: str, beside: str = "") -> Row:
    """Ours may be `most`, and no more."""
    return Row(
        what,
        f"{ours:,.{_digits(ours)}f} {unit}",
        beside,
        "",
        f"≤ {most:,.{_digits(most)}f} {unit}",
        ours <= most,
    )


def _digits(value: float) -> int:
    """Three figures that say something."""
    return 0 if value >= 100 or value == int(value) else 1 if value >= 10 else 2


def _times(ratio: float) -> str:
    return f"{ratio:,.{_digits(ratio)}f} ×"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that `percent` per cent of all do not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(len(ranked) * percent / 100))]
