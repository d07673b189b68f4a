"""`logwatch catalogue lint --cost`: which entries make scanning slow while nothing is wrong."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from logwatch.catalogue.cost import MANY_PER_MB, Bill, Cost, bill
from logwatch.catalogue.desk import Level
from logwatch.catalogue.folders import PACKAGE
from logwatch.cli.entries import load_known
from logwatch.cli.terminal import look_of
from logwatch.errors import Problem
from logwatch.render.columns import clipped
from logwatch.render.inert import inert_line
from logwatch.render.look import COLOURS, Look
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import Reading, targets

_FINE, _TROUBLE = 0, 2
# The others cost next to nothing.
_MOST_SHOWN = 20
# There is no other log in a wheel. What is wrong in it does not count: only what is looked at in vain does.
_SHIPPED_LOG = PACKAGE / "demo" / "failing-training.log"
_HEADING = f"  {'in vain/MB':>10} {'searches/MB':>11} {'regex µs/MB':>11}  entry"


def show_costs(folders: Sequence[Path], logs: Sequence[str]) -> int:
    """Prints what the shipped entries and those in `folders` cost on `logs`; the exit status."""
    scanner = Scanner(load_known(folders, no_shipped=False).index)
    wanted = targets(logs or [str(_SHIPPED_LOG)])
    problems = list(wanted.problems)
    readings = [Reading(target.path) for target in wanted.files]
    total = bill(scanner, _texts(readings, problems), time.thread_time)
    for problem in problems:
        click.echo(f"logwatch: {inert_line(str(problem))}", err=True)
    look = look_of(sys.stdout, "en")
    click.echo(_HEADING)
    for error_id, cost in list(total.costliest())[:_MOST_SHOWN]:
        click.echo(_line(error_id, cost, total, look), color=True)
    click.echo(_summary(total, len(scanner.index.rules)))
    if not logs:
        click.echo(
            "This was the demo's log. Name healthy logs of your own: logwatch catalogue lint --cost LOGS"
        )
    return _TROUBLE if problems else _FINE


def _texts(readings: Sequence[Reading], problems: list[Problem]) -> Iterator[bytes]:
    for reading in readings:
        for chunk in reading.chunks():
            yield chunk.data
        if reading.skipped or reading.trouble:
            problems.append(Problem(reading.path, reading.trouble or f"skipped: {reading.skipped}"))


def _line(error_id: str, cost: Cost, total: Bill, look: Look) -> str:
    mark = look.paint(COLOURS[Level.WARNING], "!") if total.is_high(cost) else " "
    figures = (
        f"{total.per_mb(cost.in_vain):>10.1f} {total.per_mb(cost.searched):>11.1f}"
        f" {total.per_mb(cost.seconds) * 1e6:>11.1f}"
    )
    literals = ", ".join(repr(text.decode("utf-8", "replace")) for text, _ in cost.literals.most_common(3))
    return clipped(f"{mark} {figures}  {error_id}  {inert_line(literals)}", max(look.width, 60))


def _summary(total: Bill, known: int) -> str:
    costs = total.by_id.values()
    high = sum(map(total.is_high, costs))
    verdict = f"! {high} of {known} entries slow" if high else f"✓ none of {known} entries slows"
    in_vain = total.per_mb(sum(cost.in_vain for cost in costs))
    seconds = total.per_mb(sum(cost.seconds for cost in costs)) * 1e6
    return (
        f"{verdict} scanning down: in {total.size / 1e6:,.1f} MB all of them point at {in_vain:,.0f} records in "
        f"vain a megabyte, and take {seconds:,.0f} µs in `regex`. More than {MANY_PER_MB:.0f} of one are many."
    )
