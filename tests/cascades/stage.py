"""Recorded cascades, and two ways to play them: read afterwards, and live with the clock of their lines."""

import heapq
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from logwatch.catalogue.load import Catalogue, load, shipped_folder
from logwatch.catalogue.rules import rules_of
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event, Origin, Publisher
from logwatch.incident.fold import Fold
from logwatch.incident.incident import Incident, Notice
from logwatch.incident.replay import fold
from logwatch.incident.strand import moment_of
from logwatch.path_template import compile_template, labels_for
from logwatch.scan.prefix import LOOK_BACK, read, time_above
from logwatch.scan.scanner import Match, Scanner

FOLDER = Path(__file__).parent
# The lines name no year: it is taken from the time at which a file was last written.
WRITTEN = 1_784_160_000.0  # 2026-07-16 UTC


@cache
def catalogue() -> Catalogue:
    shipped = shipped_folder()
    return load([shipped], proven=[shipped])


@cache
def scanner() -> Scanner:
    return Scanner(rules_of(catalogue().entries.values()))


def advisor() -> Advisor:
    return Advisor(catalogue().entries, catalogue().version)


@dataclass(frozen=True)
class Cascade:
    """A folder of logs, and what they are expected to come to."""

    name: str
    expected: Mapping[str, Any]

    @classmethod
    def of(cls, folder: Path) -> "Cascade":
        return cls(folder.name, json.loads((folder / "expected.json").read_text(encoding="utf-8")))

    def laid_out(self, at: Path) -> Path:
        """A copy below `at` whose files were last written when they were."""
        folder = at / self.name
        shutil.copytree(FOLDER / self.name, folder, ignore=shutil.ignore_patterns("expected.json"))
        for path in folder.rglob("*"):
            os.utime(path, (WRITTEN, WRITTEN))
        return folder

    def files(self) -> list[Path]:
        found = (FOLDER / self.name).rglob("*")
        return sorted(path for path in found if path.is_file() and path.name != "expected.json")

    def events(self) -> list[Event]:
        """What is known of in its files, with the times that the log gives: the line, or one above it."""
        publisher = Publisher(catalogue().entries, catalogue().version)
        return [event for path in self.files() for event in self._events_in(path, publisher)]

    def _events_in(self, path: Path, publisher: Publisher) -> Iterator[Event]:
        data = path.read_bytes()
        name = str(path.relative_to(FOLDER))
        templates = [compile_template(text) for text in self.expected["path_labels"]]
        origin = Origin("scan", name, 1, name, labels_for(templates, f"/{name}"), host="here")
        for match in scanner().scan(data).in_order():
            written = _written(data, match)
            yield publisher.event(
                match,
                origin,
                offset=match.start,
                line_number=data.count(b"\n", 0, match.start) + 1,
                now=WRITTEN if written is None else written,
                labels=read(match.text).labels,
                is_dated=written is not None,
            )


def _written(data: bytes, match: Match) -> float | None:
    stamp = read(match.text).stamp
    if stamp is not None:
        return stamp.seconds(WRITTEN)
    return time_above(data[max(0, match.start - LOOK_BACK) : match.start], WRITTEN)


def cascades() -> list[Cascade]:
    return [Cascade.of(path.parent) for path in sorted(FOLDER.glob("*/expected.json"))]


def replayed(events: Sequence[Event]) -> list[Incident]:
    """The incidents as `logwatch scan --incidents` gives them."""
    return fold(events, advisor(), catalogue().edges)


@dataclass
class Live:
    """Everything that was told while the lines came in one by one, and what is open or was when it ended."""

    notices: list[Notice]
    incidents: list[Incident]


def lived(events: Sequence[Event], late_s: Mapping[str, float]) -> Live:
    """Plays `events` at the times of their lines, those of files in `late_s` so many seconds later."""
    folding = Fold(advisor(), catalogue().edges)
    live = Live([], [])
    for at, event in _arrivals(events, late_s):
        live.notices += _until(folding, at)
        if event.clears:
            folding.clear(event, at)
        else:
            live.notices += folding.feed(event, at)[1]
    live.notices += _until(folding, at + 600.0)
    live.incidents = [n.incident for n in live.notices if n.kind == "quiet"] + folding.current()
    return live


def _arrivals(events: Sequence[Event], late_s: Mapping[str, float]) -> Iterator[tuple[float, Event]]:
    waiting: list[tuple[float, int, Event]] = []
    for number, event in enumerate(events):
        late = late_s.get(event.path.split("/", 1)[1], 0.0)
        heapq.heappush(waiting, (moment_of(event).time + late, number, event))
    while waiting:
        at, _, event = heapq.heappop(waiting)
        yield at, event


def _until(folding: Fold, at: float) -> Iterator[Notice]:
    while (due := folding.deadline()) is not None and due < at:
        yield from folding.tick(due)
