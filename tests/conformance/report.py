"""The table of scenarios: what each is about, how it went, and what other log shippers do there."""

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
GROUPS = {
    1: "A. Discovery and start",
    13: "B. Rotation by renaming",
    25: "C. Truncation",
    40: "D. Delete, recreate, inode reuse, links",
    51: "E. Lines and bytes",
    68: "F. Restart, crash, checkpoint",
    77: "G. Scale, fairness, pressure, hostile file systems",
    91: "H. Training jobs",
}
HEADER = "| | scenario | events | sweep | elsewhere |\n|--:|---|---|---|---|\n"
INTRODUCTION = """\
# Conformance

How logwatch behaves where following logs is hard, scenario by scenario, and what other shippers do there.
Generated from a run of `tests/conformance`; do not edit:

    pytest tests/conformance --conformance-report docs/conformance.md

Every line that a scenario writes carries a number of its own and is looked for in the event file: it has to
be there once. Bytes are compared with the metrics: what was there to be seen was scanned, or is counted as
skipped with its reason. *Events* means with file-system events beside the sweep, *sweep* without them.
A real daemon runs in every scenario, except where *in process* stands: there the reading part alone runs on
real files, with a clock that the test turns, because the scenario takes minutes or needs an exact moment.

*Elsewhere* speaks of Vector, Fluent Bit, Filebeat, Alloy (Promtail), the OpenTelemetry filelog receiver,
mtail, fail2ban and nxadm/tail as of August 2026, from their source, tests and documentation.
"""


@dataclass(slots=True)
class Row:
    """A scenario, and its outcomes by mode. Several tests may share a scenario."""

    title: str
    outcomes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    reasons: set[str] = field(default_factory=set)
    in_process: bool = False


class Results:
    """A pytest plugin that remembers how every scenario went, and writes the table at the end."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._rows: dict[int, Row] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "scenario" and isinstance(value, list | tuple):
                self._note(report, *value)

    def _note(self, report: pytest.TestReport, number: int, title: str, mode: str, in_process: bool) -> None:
        row = self._rows.setdefault(number, Row(title))
        row.in_process |= in_process
        if report.skipped:
            row.outcomes[mode].add("not run")
            row.reasons.add(_reason(report))
        elif report.failed:
            row.outcomes[mode].add("FAILED")
        elif report.when == "call":
            row.outcomes[mode].add("passed")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # A worker of pytest-xdist has seen only a part.
        if self._path is not None and not hasattr(session.config, "workerinput"):
            self._path.write_text(render(self._rows), encoding="utf-8")


def render(rows: dict[int, Row]) -> str:
    """The page. Scenarios that are known and were not run are listed with the reason."""
    elsewhere = _texts("elsewhere.yaml")
    not_staged = _texts("not_staged.yaml")
    parts = [INTRODUCTION]
    for number in range(1, max([*rows, *not_staged, 0]) + 1):
        if number in GROUPS:
            parts.append(f"\n## {GROUPS[number]}\n\n{HEADER}")
        row = rows.get(number)
        if row is not None:
            events, sweep = (_outcome(row, mode) for mode in ("events", "sweep"))
            title = row.title + (" *(in process)*" if row.in_process else "")
            notes = "".join(f" Not run: {reason}." for reason in sorted(row.reasons))
            parts.append(_line(number, title + notes, events, sweep, elsewhere))
        elif number in not_staged:
            parts.append(_line(number, not_staged[number], "–", "–", elsewhere))
    return "".join(parts)


def _line(number: int, title: str, events: str, sweep: str, elsewhere: dict[int, str]) -> str:
    return f"| {number} | {title} | {events} | {sweep} | {elsewhere.get(number, '')} |\n"


def _outcome(row: Row, mode: str) -> str:
    """The worst outcome counts; a test without modes counts for both."""
    outcomes = row.outcomes.get(mode, set()) | row.outcomes.get("", set())
    return next((worst for worst in ("FAILED", "not run", "passed") if worst in outcomes), "–")


def _reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ").rstrip(".")


def _texts(name: str) -> dict[int, str]:
    path = HERE / name
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {} if path.exists() else {}
