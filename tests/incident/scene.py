"""Timelines drawn as text, and what is told while they pass.

A line of a timeline is `seconds  where  error  name=value…`. `where` is `job/rank`, `job/` for a log of the
whole job, or `@machine` for a log that belongs to no job. Values become captures of the line, except `line`,
which is its text (blanks written as `_`), `at`, which is when the line says it was written, if that is not
when it is read, and `subject`. A line that says that an error is over has a `-` in front of the error.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logwatch.catalogue.causality import Edge, Edges, EventClass, Scope
from logwatch.catalogue.entry import Entry
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event, Origin, Statement, event_id, rfc3339
from logwatch.incident.fold import Fold
from logwatch.incident.incident import Incident, Notice
from logwatch.incident.open import Holds

# 2026-01-01: timelines count from here.
START = 1767225600.0

CLASSES = {
    "net/link-down": EventClass.HARDWARE,
    "gpu/lost": EventClass.HARDWARE,
    "os/killed": EventClass.HARDWARE,
    "nvidia/xid-31": EventClass.HARDWARE,
    "nvidia/xid-45": EventClass.HARDWARE,
    "app/oom": EventClass.PROCESS,
    "app/bug": EventClass.PROCESS,
    "app/cuda": EventClass.PROCESS,
    "run/sigkill": EventClass.PROCESS,
    "sched/cancelled": EventClass.SCHEDULER,
    "net/closed": EventClass.TRANSPORT,
    "nccl/timeout": EventClass.TIMEOUT,
    "nccl/dump": EventClass.TIMEOUT,
    "run/failed": EventClass.LAUNCHER,
}
SEVERITIES = {"net/link-down": "warning", "sched/cancelled": "warning", "run/failed": "info"}
ENTRIES = {
    name: Entry.model_validate(
        {"id": name, "signature": name, "regex": "x", "severity": SEVERITIES.get(name, "error")}
    )
    for name in CLASSES
}
ADVISOR = Advisor(ENTRIES, "v1")


def of_class(kind: EventClass) -> frozenset[str]:
    return frozenset(name for name, its in CLASSES.items() if its is kind)


def edge(
    causes: Iterable[str],
    effects: Iterable[str],
    scope: Scope = Scope.JOB,
    within: float | None = 60.0,
    late: float = 5.0,
) -> Edge:
    causes, effects = frozenset(causes), frozenset(effects)
    name = f"{'+'.join(sorted(causes))}-to-{'+'.join(sorted(effects))}".replace("/", "-")
    return Edge(name, causes, effects, scope, within, late, "a note")


PROCESS, TRANSPORT = of_class(EventClass.PROCESS), of_class(EventClass.TRANSPORT)
TIMEOUT, LAUNCHER = of_class(EventClass.TIMEOUT), of_class(EventClass.LAUNCHER)
EDGES = Edges(
    {
        e.name: e
        for e in (
            edge(PROCESS, TRANSPORT),
            edge(PROCESS, TIMEOUT, within=None),
            edge(PROCESS, LAUNCHER, within=180),
            edge(TRANSPORT, TIMEOUT, within=None),
            edge(TRANSPORT, LAUNCHER, within=180),
            edge(TIMEOUT, LAUNCHER, within=180),
            edge(["nccl/timeout"], ["nccl/dump"]),
            edge(["net/link-down"], TRANSPORT),
            edge(["gpu/lost"], ["app/cuda"], Scope.NODE),
            edge(["gpu/lost"], TIMEOUT, within=None),
            edge(["nvidia/xid-31"], ["app/cuda"], Scope.PROCESS),
            edge(["os/killed"], ["run/sigkill"], Scope.NODE),
            edge(["sched/cancelled"], [*PROCESS, *TRANSPORT, *LAUNCHER], within=120, late=0),
            edge([*PROCESS, *LAUNCHER], ["sched/cancelled"], within=120, late=0),
        )
    },
    CLASSES,
    {"nvidia/xid-45": 5.0},
)


def event(moment: float, where: str, error: str, **said: str) -> Event:
    """An event as the daemon makes it: `where` and `said` as in a timeline."""
    job, _, rank = where.partition("/")
    clears, error = error.startswith("-"), error.removeprefix("-")
    at = START + float(said.pop("at", moment))
    line = said.pop("line", error).replace("_", " ")
    subject = said.pop("subject", "")
    node = said.pop("node", where[1:] if where.startswith("@") else "")
    labels = {} if where.startswith("@") else {"job": job, **({"rank": rank} if rank else {})}
    path = f"/logs/{where}.log"
    name = event_id(path, round(moment * 1000), f"{error}{line}{sorted(said.items())}")
    return Event(
        statement=Statement(
            error_id=error,
            severity="error",
            domain=error.split("/", 1)[0],
            category="",
            signature=error,
            workaround=None,
            dead_ends=(),
            decision=None,
            catalogue_version="v1",
        ),
        origin=Origin("test", path, 1, path, {}, "here"),
        event_id=name,
        time=rfc3339(at),
        # Lines stand in the order of their times, and no two at one place.
        offset=round(at * 1000) * 1000 + int(name[:8], 16) % 1000,
        line=line,
        line_number=1,
        captures=said,
        labels=labels,
        node=node,
        subject=subject,
        clears=clears,
    )


def parsed(timeline: str) -> list[tuple[float, Event]]:
    """The moments at which lines are read, and what they say."""
    rows = (row.split() for row in timeline.splitlines() if row.strip())
    return [
        (float(row[0]), event(float(row[0]), row[1], row[2], **dict(pair.split("=", 1) for pair in row[3:])))
        for row in rows
    ]


def a_fold(**options: Any) -> Fold:
    return Fold(ADVISOR, options.pop("edges", EDGES), **options)


@dataclass
class Play:
    """A fold with a clock. Whatever becomes due on the way is told when it is due."""

    fold: Fold = field(default_factory=a_fold)
    notices: list[Notice] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)

    def run(self, timeline: str = "", *, until: float | None = None) -> "Play":
        for moment, one in parsed(timeline):
            self.wait(moment)
            if one.clears:
                self.fold.clear(one, START + moment)
                continue
            name, notices = self.fold.feed(one, START + moment)
            self.ids.append(name)
            self.notices += notices
        if until is not None:
            self.wait(until)
        return self

    def wait(self, until: float) -> None:
        while (due := self.fold.deadline()) is not None and due <= START + until:
            self.notices += self.fold.tick(due)

    @property
    def told(self) -> list[str]:
        """What was told: when, in seconds; what kind; about which error; how often, and how many echoes."""
        return [shown(notice) for notice in self.notices]


def shown(notice: Notice) -> str:
    return f"{notice.time - START:g} {notice.kind} {counted(notice.incident)}"


def counted(incident: Incident) -> str:
    echoes = sum(echo.count for echo in incident.echoes)
    return f"{incident.error_id} {incident.count}" + (f"+{echoes}" if echoes else "")


def told(timeline: str, *, until: float = 100.0, **options: Any) -> list[str]:
    return Play(a_fold(**options)).run(timeline, until=until).told


def trees(incidents: Sequence[Incident]) -> list[tuple[str, int, Mapping[str, int]]]:
    """What incidents are about, with their echoes, in an order of their own."""
    found = [(i.error_id, i.count, {e.error_id: e.count for e in i.echoes}) for i in incidents]
    return sorted(found, key=repr)


QUICK = Holds()
