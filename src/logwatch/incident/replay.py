"""What the daemon would have told, from logs that are read afterwards: the same fold, by the logs' own times.

Files are read one after another, but what they tell happened side by side; so events are put in the order in
which they were written, and the fold's clock goes from one to the next. A file without times is taken to end
when the others do: what it tells is ordered by its lines alone.

Repeats are counted before they are ordered, so that a log of a million equal lines does not stay in memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from logwatch.catalogue.causality import NO_EDGES, Edges
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Event, rfc3339
from logwatch.incident.fold import QUIET_AFTER_S, Fold
from logwatch.incident.incident import Incident, Notice
from logwatch.incident.open import CLEARED_AFTER_S, Holds
from logwatch.incident.pointers import read
from logwatch.incident.strand import SPELL_GAP_S, moment_of

# A storm is cut into pieces of this length, so that the clock goes on while it lasts.
_ONE_RUN_S = 60.0
# A run is some kilobytes; with more, only how often an error stands in a file is kept.
MAX_RUNS = 50_000


def fold(
    events: Iterable[Event],
    advisor: Advisor,
    edges: Edges = NO_EDGES,
    *,
    holds: Holds | None = None,
    quiet_after_s: float = QUIET_AFTER_S,
) -> list[Incident]:
    """The incidents in `events`, which come in any order; the first one first."""
    ended: dict[str, Incident] = {}
    folding = Fold(
        advisor, edges, holds=holds, quiet_after_s=quiet_after_s, on_untold=partial(_note_untold, ended)
    )
    now = 0.0
    for run in _in_order(_runs(events)):
        _note_ends(_pass_time(folding, now, run.at), ended)
        now = run.at
        if run.event.clears:
            folding.clear(run.event, run.at)
        else:
            _note_ends(folding.feed(run.event, run.at, run.times, run.end - run.at)[1], ended)
    # Within that time a line says for good that something is over.
    _note_ends(_pass_time(folding, now, now + CLEARED_AFTER_S + SPELL_GAP_S), ended)
    ended.update((incident.incident_id, incident) for incident in folding.current())
    return sorted(ended.values(), key=lambda incident: (incident.first_seen, incident.incident_id))


@dataclass(slots=True)
class _Run:
    """Equal events, close together: the first of them, and how many until when."""

    event: Event
    at: float
    end: float
    times: int = 1

    def goes_on(self, at: float) -> bool:
        """Whether an equal event at that time is part of it."""
        return self.at <= at <= min(self.end + SPELL_GAP_S, self.at + _ONE_RUN_S)


def _runs(events: Iterable[Event]) -> list[_Run]:
    """The events; those that say the same of the same process in one spell are counted as one."""
    runs: list[_Run] = []
    latest: dict[tuple[object, ...], _Run] = {}
    turns: dict[tuple[str, str], int] = {}
    for event in events:
        at = moment_of(event).time
        # Even where an error is over, odd where it is there: nothing goes on beyond the line that ends it.
        turn = turns.get((event.error_id, event.path), 0)
        turn += event.clears == (turn % 2 == 1)
        turns[event.error_id, event.path] = turn
        what: tuple[object, ...] = (event.error_id, event.path, turn)
        is_full = len(runs) >= MAX_RUNS
        if not is_full:
            what = (*what, *sorted(event.labels.items()), read(event))
        run = latest.get(what)
        if run is not None and (is_full or run.goes_on(at)):
            run.times += 1
            run.end = max(run.end, at)
        else:
            run = latest[what] = _Run(event, at, at)
            runs.append(run)
    return runs


def _in_order(runs: Sequence[_Run]) -> list[_Run]:
    """By the time of their writing; without one, after all that have one."""
    end = max((run.at for run in runs if run.event.is_dated), default=None)
    for run in runs:
        if end is not None and not run.event.is_dated and run.at > end:
            run.at = run.end = end
            run.event = run.event._replace(time=rfc3339(end))
    return sorted(runs, key=lambda run: (run.at, run.event.is_dated, run.event.path, run.event.offset))


def _pass_time(folding: Fold, since: float, until: float) -> Iterator[Notice]:
    """Lets the clock run from `since` to `until`, stopping wherever something becomes due."""
    while (due := folding.deadline()) is not None and due < until:
        since = max(since, due)
        yield from folding.tick(since)


def _note_untold(ended: dict[str, Incident], incident: Incident) -> None:
    """Nobody would have been told, but it stands in the log: once, however often it came and went."""
    name = f"{incident.error_id} {incident.labels.get('job')} {incident.host}"
    if name in ended:
        first, both = ended[name], ended[name].count + incident.count
        incident = replace(first, count=both, last_seen=max(first.last_seen, incident.last_seen))
    ended[name] = incident


def _note_ends(notices: Iterable[Notice], ended: dict[str, Incident]) -> None:
    """Keeps each incident as it was when it went quiet; one that became part of another is no more."""
    for notice in notices:
        if any(remark.kind == "merged" for remark in notice.what_changed):
            ended.pop(notice.incident.incident_id, None)
        elif notice.kind == "quiet":
            ended[notice.incident.incident_id] = notice.incident
