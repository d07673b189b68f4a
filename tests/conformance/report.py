"""The table of scenarios: what each is about, how it went, and what other log shippers do there."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest
import yaml

ELSEWHERE = Path(__file__).with_name("elsewhere.yaml")
SCENARIOS = range(1, 99)
CACHE = "logwatch/conformance"
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
Written by `make conformance`; do not edit.

Every line that a scenario writes carries a number of its own and is looked for in the event file: it has to
be there once. Bytes are compared with the metrics: what was there to be seen was scanned, or is counted as
skipped with its reason. *Events* means with file-system events beside the sweep, *sweep* without them; – where
the scenario has no such mode.
A real daemon runs in every scenario, except where *in process* stands: there the reading part alone runs on
real files, with a clock that the test turns, because the scenario takes minutes or needs an exact moment.

`make torture` goes on where this ends: logs are rotated in eight ways at once, daemons are killed in the midst of
it, and random histories (90) are played for as long as one likes. It fails if one line is lost or told twice.

*Elsewhere* speaks of Vector, Fluent Bit, Filebeat, Alloy (Promtail), the OpenTelemetry filelog receiver,
mtail, fail2ban and nxadm/tail as of August 2026, from their source, tests, documentation and bug reports; numbers
are those of their issues. *Seen here*: tried with mtail 3.0.0-rc50, or with fail2ban's own reader.
"""


@dataclass(slots=True)
class Trial:
    """How one test of a scenario went: `mode` is empty where it has none, `outcome` until it is over."""

    number: int
    title: str
    mode: str
    in_process: bool
    outcome: str = ""
    reason: str = ""


@dataclass(slots=True)
class Row:
    """A scenario, and its outcomes by mode. Several tests may share it; `in_process` speaks of all of them."""

    title: str
    outcomes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    reasons: set[str] = field(default_factory=set)
    in_process: bool = True


class Results:
    """A pytest plugin that remembers how every scenario went, and writes the table at the end.

    What is tried again with `--last-failed` takes the place of what it was before; the rest stays.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._trials: dict[str, Trial] = {}

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        if self._path is not None and session.config.getoption("lf", False):
            kept = session.config.cache.get(CACHE, {}) if session.config.cache else {}
            self._trials = {test: Trial(**trial) for test, trial in kept.items()}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == "scenario" and isinstance(value, list | tuple):
                self._note(report, Trial(*value))

    def _note(self, report: pytest.TestReport, trial: Trial) -> None:
        if report.when != "setup":
            trial = self._trials[report.nodeid]
        self._trials[report.nodeid] = trial
        if report.skipped:
            trial.outcome, trial.reason = "not run", _reason(report)
        elif report.failed:
            trial.outcome = "FAILED"
        elif report.when == "call":
            trial.outcome = "passed"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # A worker of pytest-xdist has seen only a part.
        if self._path is None or hasattr(session.config, "workerinput"):
            return
        if session.config.cache:
            session.config.cache.set(CACHE, {test: asdict(trial) for test, trial in self._trials.items()})
        self._path.write_text(render(rows_of(self._trials.values())), encoding="utf-8")


def rows_of(trials: Iterable[Trial]) -> dict[int, Row]:
    """What became of each scenario, by number."""
    rows: dict[int, Row] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        row = rows.setdefault(trial.number, Row(trial.title))
        row.in_process &= trial.in_process
        row.outcomes[trial.mode].add(trial.outcome)
        if trial.reason:
            row.reasons.add(trial.reason)
    return rows


def render(rows: Mapping[int, Row]) -> str:
    """The page."""
    elsewhere: dict[int, str] = yaml.safe_load(ELSEWHERE.read_text(encoding="utf-8"))
    parts = [INTRODUCTION, "\n", _totals(rows)]
    for number in SCENARIOS:
        if number in GROUPS:
            parts.append(f"\n## {GROUPS[number]}\n\n{HEADER}")
        row = rows.get(number)
        if row is not None:
            events, sweep = (_outcome(row, mode) for mode in ("events", "sweep"))
            title = row.title + (" *(in process)*" if row.in_process else "")
            notes = "".join(f" *Not run: {reason}.*" for reason in sorted(row.reasons))
            parts.append(_line(number, title + notes, events, sweep, elsewhere))
        else:
            parts.append(_line(number, "*Not run.*", "–", "–", elsewhere))
    return "".join(parts)


def _totals(rows: Mapping[int, Row]) -> str:
    counts = Counter(_worst(set().union(*row.outcomes.values())) for row in rows.values())
    told = [f"{counts[outcome]} {outcome}" for outcome in ("passed", "FAILED", "not run") if counts[outcome]]
    return f"{len(SCENARIOS)} scenarios: {', '.join(told)}.\n"


def _line(number: int, title: str, events: str, sweep: str, elsewhere: dict[int, str]) -> str:
    return f"| {number} | {title} | {events} | {sweep} | {elsewhere.get(number, '')} |\n"


def _outcome(row: Row, mode: str) -> str:
    """The worst outcome counts; a test without modes counts for both."""
    outcomes = row.outcomes.get(mode, set()) | row.outcomes.get("", set())
    return _worst(outcomes) if outcomes else "–"


def _worst(outcomes: set[str]) -> str:
    return next((worst for worst in ("FAILED", "not run") if worst in outcomes), "passed")


def _reason(report: pytest.TestReport) -> str:
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ").rstrip(".")
