"""One hop becomes one transaction: positions, events, incidents, messages, all of them or none.

Only after the commit does anybody hear of it: metrics count, the event file is written, couriers wake.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from typing import cast

import structlog

from logwatch.breath import with_breaks
from logwatch.daemon.dispatch import Dispatch, Sent
from logwatch.daemon.plan import Clock, Plan, Watched
from logwatch.daemon.threads import Thread
from logwatch.deliver.metrics import Metrics
from logwatch.deliver.silences import Silence
from logwatch.incident.event import Event, Origin
from logwatch.incident.fold import Fold
from logwatch.incident.incident import Incident, Notice, NoticeKind, Remark
from logwatch.scan.prefix import read
from logwatch.store import Batch, Store, StoredGeneration, StoredMessage
from logwatch.tail.life import Finding, Generation
from logwatch.tail.pump import Haul, Remembered

# Positions without events may be a second old: after a crash, reading them again finds nothing new.
POSITIONS_EVERY_S = 1.0
# A line's own time is believed when it is at most so far ahead of ours.
CLOCK_SKEW_S = 300.0

# Many incidents that become due one after another are said a few at a time.
SHORTEST_PAUSE_S = 0.05
# What is told of an event is some kilobytes, and takes a millisecond: of a storm so many at a time are taken in
# and committed. Meanwhile the loop turns.
AT_ONCE = 500

# Of an event, and the id of the incident that it belongs to.
EventLine = Callable[[Event, str], bytes]
Found = tuple[Generation, Finding]


class Ledger:
    """The one place where state changes. `on_events` and `on_messages` are told what was committed.

    `event_line` is None where there is no event file.
    """

    def __init__(
        self,
        plan: Plan,
        store: Store,
        thread: Thread,
        metrics: Metrics,
        *,
        clock: Clock,
        host: str,
        event_line: EventLine | None,
    ) -> None:
        self._plan = plan
        self._store = store
        self._thread = thread
        self._metrics = metrics
        self._clock = clock
        self._host = host
        self._event_line = event_line
        self._fold = Fold(
            plan.knowledge.advisor,
            plan.knowledge.catalogue.edges,
            holds=plan.holds,
            quiet_after_s=plan.quiet_after_s,
        )
        self._dispatch = Dispatch(plan, host=host, on_held_back=metrics.silenced)
        # Folding an event and committing it belong together: two sources must not mix.
        self._one_at_a_time = asyncio.Lock()
        self._positions: dict[str, StoredGeneration] = {}
        self._committed_at = 0.0
        self._was_on_disk = store.on_disk
        self._path_labels: dict[tuple[str, str], Mapping[str, str]] = {}
        self._log = structlog.get_logger()
        self.on_events: Callable[[], None] = _nobody
        self.on_messages: Callable[[set[str]], None] = _nobody_of

    async def recall(self) -> None:
        """Takes up what an earlier run left."""
        for warning in self._store.warnings:
            self._log.warning("state", what=warning)
        self._fold.restore(await self._thread.do(self._store.incidents))
        self._dispatch.restore(await self._thread.do(self._store.dispatch))
        self._metrics.restore(await self._thread.do(self._store.counters))

    def adopt(self, plan: Plan) -> None:
        """Goes over to another plan; open incidents stay open."""
        self._plan = plan
        knowledge = plan.knowledge
        self._fold.use(knowledge.advisor, knowledge.catalogue.edges, plan.holds, plan.quiet_after_s)
        self._dispatch.adopt(plan)
        self._path_labels.clear()

    def use_silences(self, silences: Sequence[Silence]) -> None:
        """These silences, and no others, are in force until they end."""
        self._dispatch.use(silences)

    def has_to_write(self, haul: Haul) -> bool:
        """Whether to record `haul` has to wait for the disk, or for others who do."""
        has_news = bool(haul.findings or haul.lives or haul.ended)
        return has_news or bool(self._positions) or self._one_at_a_time.locked()

    async def record(self, watched: Watched, haul: Haul) -> None:
        """Commits what one hop of `watched` brought in."""
        now = self._clock.now()
        async with self._one_at_a_time:
            *pieces, rest = _pieces(haul.findings)
            for piece in pieces:
                events, batch = await self._taken_in(watched, piece, now)
                await self._commit(batch, now)
                self._count(events, now)
            # Positions go with the last: what is read anew after a crash before it is known by its name.
            events, batch = await self._taken_in(watched, rest, now)
            batch.forgotten = list(haul.ended)
            await self._keep(haul.lives, now)
            for key in haul.ended:
                self._positions.pop(key, None)
            if rest or haul.ended or now - self._committed_at >= POSITIONS_EVERY_S:
                await self._commit(batch, now)
        self._count(events, now)

    async def _keep(self, lives: list[Remembered], now: float) -> None:
        """Takes the positions out of `lives` for the next commit. Those of 100,000 files take a tenth of a second."""
        while lives:
            for _ in range(min(len(lives), AT_ONCE)):
                life = lives.pop()
                self._positions[life.key] = StoredGeneration(life.key, life.source, life.path, life.body, now)
            await asyncio.sleep(0)

    async def tick(self) -> None:
        """Says what has become due with time, and commits what waits."""
        now = self._clock.now()
        async with self._one_at_a_time:
            batch = Batch()
            while (due := self._fold.deadline()) is not None and due <= now:
                self._queue(self._fold.tick(now, AT_ONCE), batch, now)
                await self._commit(batch, now)
                batch = Batch()
            self._address(self._dispatch.due(self._fold, now), batch, now)
            await self._commit(batch, now)
        self._metrics.set_incidents_open(len(self._fold))

    async def release(self) -> None:
        """Says what is held back for its cause: nothing more is going to be read."""
        now = self._clock.now()
        async with self._one_at_a_time:
            batch = Batch()
            self._queue(self._fold.release(now), batch, now)
            await self._commit(batch, now)

    def pause_s(self, most: float) -> float:
        """How long nothing becomes due, at most `most` seconds."""
        due = self._fold.deadline()
        return most if due is None else max(SHORTEST_PAUSE_S, min(most, due - self._clock.now()))

    def open_incidents(self) -> list[Incident]:
        return self._fold.current()

    def silences(self) -> Sequence[tuple[Silence, int]]:
        """Those in force or ended lately, and how many notices each held back."""
        return self._dispatch.silences()

    def held_back(self) -> Mapping[str, int]:
        """Of how many open incidents each receiver does not hear at present."""
        return self._dispatch.held_back()

    async def _news(self, events: Sequence[Event]) -> list[Event]:
        """Events that are not committed yet, each once: a line that was read twice is said once."""
        if not events:
            return []
        known = await self._thread.do(lambda: self._store.known_events([e.event_id for e in events]))
        fresh = {event.event_id: event for event in reversed(events) if event.event_id not in known}
        return list(reversed(fresh.values()))

    def _events(self, watched: Watched, found: Sequence[Found], now: float) -> list[Event]:
        zone = _local_zone(now)
        origins: dict[str, Origin] = {}
        events: list[Event] = []
        for life, finding in found:
            if life.key not in origins:
                origins[life.key] = self._origin(watched, life)
            events.append(self._event(origins[life.key], finding, now, zone))
        return events

    def _origin(self, watched: Watched, life: Generation) -> Origin:
        return Origin(
            source=life.source,
            path=life.path,
            generation=life.number,
            generation_key=life.key,
            # A rotated file goes on under a name that may fit no template.
            labels=self._labels(watched, life.home),
            host=self._host,
            kind=watched.kind,
        )

    def _event(self, origin: Origin, finding: Finding, now: float, zone: tzinfo) -> Event:
        prefix = read(finding.match.text)
        told = None if prefix.stamp is None else prefix.stamp.seconds(now, zone)
        return self._plan.knowledge.publisher.event(
            finding.match,
            origin,
            offset=finding.offset,
            line_number=finding.line_number,
            now=told if told is not None and told <= now + CLOCK_SKEW_S else now,
            context=finding.context,
            labels={**prefix.labels, **finding.labels},
        )

    def _labels(self, watched: Watched, path: str) -> Mapping[str, str]:
        key = (watched.name, path)
        if key not in self._path_labels:
            self._path_labels[key] = watched.labels_of_path(path)
        return self._path_labels[key]

    async def _taken_in(
        self, watched: Watched, found: Sequence[Found], now: float
    ) -> tuple[Sequence[Event], Batch]:
        """The events in `found` that are news, folded, and what is to be committed of them."""
        events = await self._news(self._events(watched, found, now))
        batch = Batch()
        self._enter(events, batch, now)
        return events, batch

    def _count(self, events: Sequence[Event], now: float) -> None:
        """What was committed is counted."""
        for event in [event for event in events if not event.clears]:
            self._metrics.matched(event.error_id, event.domain, event.category, event.severity, event.source)
            self._metrics.last_match(event.error_id, now)

    def _enter(self, events: Sequence[Event], batch: Batch, now: float) -> None:
        notices: list[Notice] = []
        for event in events:
            if event.clears:
                self._fold.clear(event, now)
                continue
            incident_id, due = self._fold.feed(event, now)
            notices.extend(due)
            line = self._event_line(event, incident_id) if self._event_line else None
            batch.events.append((event.event_id, line))
            key = (event.error_id, event.domain, event.category, event.severity, event.source)
            batch.counts[key] = batch.counts.get(key, 0) + 1
        self._queue(notices, batch, now)

    def _queue(self, notices: Sequence[Notice], batch: Batch, now: float) -> None:
        for notice in notices:
            self._note_told(notice, batch)
        self._address(self._dispatch.send(notices, now), batch, now)

    def _address(self, sent: Iterable[Sent], batch: Batch, now: float) -> None:
        for route, notice in sent:
            if notice.incident.incident_id not in batch.told:
                self._note_told(notice, batch)
            batch.messages.append(_stored(notice, route.retold(notice.incident), route.name, now))

    def _note_told(self, notice: Notice, batch: Batch) -> None:
        """What is advised, so that somebody can say afterwards what helped. A mere repetition is no news."""
        incident = notice.incident
        if notice.kind == "opened" or notice.what_changed:
            actions = self._plan.knowledge.advisor.actions(incident.error_id)
            batch.told[incident.incident_id] = {"error_id": incident.error_id, "workarounds": actions}

    async def _commit(self, batch: Batch, now: float) -> None:
        touched, closed = self._fold.changed()
        batch.dispatch = self._dispatch.changed()
        batch.incidents = {open_.incident_id: open_.to_dict() for open_ in touched}
        batch.closed = closed
        batch.generations, self._positions = list(self._positions.values()), {}
        batch.sources = [watched.name for watched in self._plan.watched]
        self._committed_at = now
        if batch:
            await self._thread.do(lambda: self._write(batch))
        self._watch_state()
        if batch.events:
            self.on_events()
        self.on_messages({message.receiver for message in batch.messages})

    def _write(self, batch: Batch) -> None:
        self._store.commit(batch)
        # Here, and with breaks: to let go of 100,000 positions at once takes a tenth of a second.
        for _ in with_breaks(range(len(batch.generations))):
            batch.generations.pop()

    def _watch_state(self) -> None:
        """Says when the disk takes no more, whoever has noticed it."""
        if self._was_on_disk and not self._store.on_disk:
            self._metrics.state_error()
            self._log.error("state", what=self._store.warnings[-1])
        self._was_on_disk = self._store.on_disk


def _pieces(found: Sequence[Found]) -> Iterator[Sequence[Found]]:
    """At least one piece, which may be empty."""
    for start in range(0, max(1, len(found)), AT_ONCE):
        yield found[start : start + AT_ONCE]


def _local_zone(now: float) -> tzinfo:
    """The zone of logs that name none: the kernel's syslog is in local time."""
    return datetime.fromtimestamp(now).astimezone().tzinfo or UTC


def _stored(notice: Notice, told: Incident, receiver: str, now: float) -> StoredMessage:
    """A notice as the outbox keeps it."""
    body = {
        "time": notice.time,
        "what_changed": [asdict(remark) for remark in notice.what_changed],
        "incident": told.to_dict(),
    }
    return StoredMessage(notice.id, receiver, notice.kind, told.incident_id, body, now, now)


def notice_of(message: StoredMessage) -> Notice:
    """A notice as it was before the outbox kept it."""
    incident = Incident.from_dict(message.body["incident"])
    kind = cast("NoticeKind", message.kind)
    what_changed = [Remark(**remark) for remark in message.body["what_changed"]]
    return Notice(message.id, kind, message.body["time"], incident, what_changed)


def _nobody() -> None: ...


def _nobody_of(_names: set[str]) -> None: ...
