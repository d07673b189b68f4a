"""docs/performance.md, made of what was measured and of what is known about it."""

from collections.abc import Sequence
from pathlib import Path

from bench.figures import Part, table
from bench.machine import load, machine, versions

# What no figure says: where the time goes, what was tried. Written by hand.
FINDINGS = Path(__file__).parent / "findings.md"


def document(parts: Sequence[Part], pictures: str) -> str:
    demanded = [row for part in parts for row in part.rows if row.met is not None]
    met = sum(bool(row.met) for row in demanded)
    texts = "\n".join(part_text(part, pictures) for part in parts)
    return f"""# Performance

Written by `make bench`, which takes a quarter of an hour. Run it for figures of your own machine;
`make bench BENCH='scan follow'` prints some parts only, `make bench BENCH=--help` lists parts and options.
`BENCH='--logs FOLDER'` scans healthy logs of your own beside the made one.

Measured on {machine()}, load {load()} at the end.
{versions()}.

{met} of {len(demanded)} goals are met here. A ratio is ours to the other, both taken in the same run.

{texts}
{FINDINGS.read_text(encoding="utf-8")}"""


def part_text(part: Part, pictures: str) -> str:
    images = "".join(f"![{name}]({pictures}/{name})\n\n" for name in part.pictures)
    method = "\n".join(f"- {sentence}" for sentence in part.method)
    return f"## {part.title}\n\n{table(part.rows)}\n\n{images}{method}\n"
