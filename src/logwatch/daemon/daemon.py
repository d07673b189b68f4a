"""Starts what a plan names, keeps it going, and ends it in order."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

import structlog

from logwatch.daemon.carrying import Carrying
from logwatch.daemon.following import Following
from logwatch.daemon.ledger import EventLine, Ledger
from logwatch.daemon.plan import Clock, Plan, Route
from logwatch.daemon.projecting import Projecting
from logwatch.daemon.standing import Standing
from logwatch.daemon.threads import Thread
from logwatch.deliver import silences
from logwatch.deliver.event_file import EventFile
from logwatch.deliver.metrics import Metrics
from logwatch.deliver.silences import Silence
from logwatch.errors import StateError
from logwatch.incident import outcomes
from logwatch.incident.event import rfc3339
from logwatch.incident.incident import Incident
from logwatch.incident.outcomes import Report
from logwatch.notes import Slip
from logwatch.scan.scanner import Scanner
from logwatch.store import Store
from logwatch.systemd import Supervisor

# A pod has 30 s to end, systemd gives 90 s; reading and receivers that answer take well under this.
READ_ON_S = 2.0
DRAIN_S = 5.0
# A node that starts has files by the thousand; a mount that hangs keeps nobody from being ready.
FIRST_LOOK_S = 10.0
# The heartbeat: gauges, going quiet, positions, the state's return to disk.
TICK_S = 1.0
# Open incidents in a report, the newest ones; how many there are in all it says as well.
MAX_REPORTED = 100
# Fewer would open and close files all the time.
MIN_OPEN_FILES = 16


class Daemon:
    """Runs a plan until it is told to stop. The constructor takes finished parts and starts nothing."""

    def __init__(
        self,
        plan: Plan,
        store: Store,
        metrics: Metrics,
        *,
        event_file: EventFile | None,
        event_line: EventLine,
        host: str,
        clock: Clock,
        max_open_files: int,
        supervisor: Supervisor,
    ) -> None:
        self._plan = plan
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._supervisor = supervisor
        self._max_open_files = max_open_files
        self._store_thread = Thread("store")
        self._ledger = Ledger(
            plan,
            store,
            self._store_thread,
            metrics,
            clock=clock,
            host=host,
            event_line=event_line if event_file else None,
        )
        self._projecting = Projecting(event_file, store, self._store_thread, metrics) if event_file else None
        self._silences = Slip(store.folder / silences.FILE_NAME)
        self._outcomes = Slip(store.folder / outcomes.FILE_NAME)
        self._reports: list[Report] = []
        # As of the last look: how much waits, and who wants nothing any more.
        self._waiting: dict[str, tuple[int, str]] = {}
        self._disabled: dict[str, tuple[str, str]] = {}
        self._standing = Standing()
        self._following: dict[str, Following] = {}
        self._carrying: dict[str, Carrying] = {}
        self._stopping = asyncio.Event()
        self._failed: asyncio.Future[None]
        self._started = False
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """Follows all sources until `stop` is called, then ends in order."""
        async with self._running(follow=True):
            stopping = asyncio.create_task(self._stopping.wait())
            ends: list[asyncio.Future[Any]] = [stopping, self._failed]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
        if self._failed.done():
            self._failed.result()

    async def run_once(self) -> None:
        """Reads what there is to its end, delivers what follows from it, and ends."""
        async with self._running(follow=False):
            for following in self._following.values():
                await following.read_to_end()
            await self._ledger.release()

    def stop(self) -> None:
        self._stopping.set()

    async def adopt(self, plan: Plan) -> None:
        """Goes over to another plan: what is the same in both goes on undisturbed."""
        self._supervisor.say("RELOADING=1")
        self._plan = plan
        plan.knowledge.experience.learn(self._reports)
        self._ledger.adopt(plan)
        wanted = {watched.name: watched.fingerprint for watched in plan.watched}
        for name, following in list(self._following.items()):
            if wanted.get(name) != following.watched.fingerprint:
                await self._following.pop(name).stop(READ_ON_S)
        routes = {route.name: route for route in plan.routes}
        for name, carrying in list(self._carrying.items()):
            if name not in routes or routes[name].fingerprint != carrying.route.fingerprint:
                await self._carrying.pop(name).stop(0.0)
        await self._ledger.tick()
        await self._engage(follow=True)
        self._metrics.retain(set(self._following), set(self._carrying))
        self._describe()
        self._supervisor.say("READY=1", self._summary())

    def checks(self) -> dict[str, bool | str]:
        """What must hold to be ready: True, or why not."""
        return {
            "started": self._started or "not yet, or stopping",
            "state": self._store.on_disk or "lives in memory: the disk cannot be written",
        }

    def status(self) -> dict[str, Any]:
        """What a person wants to see, for the status page."""
        catalogue = self._plan.knowledge.catalogue
        return {
            "catalogue": f"{catalogue.version}, {len(catalogue.entries)} entries",
            "open incidents": [
                {
                    "severity": incident.severity,
                    "error": incident.error_id,
                    "job": incident.labels.get("job", ""),
                    "count": incident.count,
                    "line": incident.evidence.line,
                }
                for incident in self._ledger.open_incidents()
            ],
            "sources": [
                {"source": name, "lag in bytes": f.lag, "cannot be read": ", ".join(f.problems)}
                for name, f in self._following.items()
            ],
            "receivers": [{"receiver": name} for name in self._carrying],
        }

    def report(self) -> dict[str, Any]:
        """The same and more, for programs: what `/status.json` says."""
        catalogue, now = self._plan.knowledge.catalogue, self._clock.now()
        incidents = self._ledger.open_incidents()
        held_back = self._ledger.held_back()
        return {
            "running": True,
            "time": rfc3339(now),
            "catalogue": {"version": catalogue.version, "entries": len(catalogue.entries)},
            "state": {"folder": str(self._store.folder), "on_disk": self._store.on_disk},
            "sources": [_source_report(name, following) for name, following in self._following.items()],
            "open_incidents": len(incidents),
            "incidents": [incident_report(incident) for incident in incidents[-MAX_REPORTED:]],
            "receivers": [
                {
                    "name": route.name,
                    "waiting": self._waiting.get(route.name, (0, ""))[0],
                    "last_error": self._trouble(route.name),
                    "disabled": self._why_disabled(route),
                    "muted_by": route.muted_at(now),
                    "held_back": held_back.get(route.name, 0),
                }
                for route in self._plan.routes
            ],
            "silences": [silence.published(hits, now) for silence, hits in self._ledger.silences()],
        }

    def _why_disabled(self, route: Route) -> str:
        """Empty where it is not: another configuration under the same name is another receiver."""
        fingerprint, why = self._disabled.get(route.name, ("", ""))
        return why if fingerprint == route.fingerprint else ""

    def _trouble(self, receiver: str) -> str:
        """What last went wrong, unless something went well since; before the first try, in an earlier run."""
        carrying = self._carrying.get(receiver)
        return (carrying.trouble if carrying else "") or self._waiting.get(receiver, (0, ""))[1]

    @contextlib.asynccontextmanager
    async def _running(self, *, follow: bool) -> AsyncIterator[None]:
        """Everything starts here, and ends here in the opposite order."""
        self._failed = asyncio.get_running_loop().create_future()
        await self._ledger.recall()
        await self._heed_notes()
        if self._projecting is not None:
            self._ledger.on_events = self._projecting.ring
        self._ledger.on_messages = self._ring_couriers
        await self._engage(follow=follow)
        self._describe()
        tasks = [self._watch(self._tick_for_ever()), self._watch(self._feed_watchdog())]
        if self._projecting is not None:
            tasks.append(self._watch(self._projecting.run()))
        if follow:
            await self._first_look()
        self._note_standing()
        self._started = True
        self._supervisor.say("READY=1", self._summary())
        self._log.info("ready", sources=len(self._following), receivers=len(self._carrying))
        try:
            yield
        finally:
            self._started = False
            self._supervisor.say("STOPPING=1")
            await asyncio.gather(*(following.stop(READ_ON_S) for following in self._following.values()))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._ledger.tick()
            if self._projecting is not None:
                await self._projecting.close()
            await asyncio.gather(*(carrying.stop(DRAIN_S) for carrying in self._carrying.values()))
            self._store_thread.close(wait=True)
            self._log.info("stopped")

    async def _engage(self, *, follow: bool) -> None:
        """Starts the receivers and sources of the plan that do not run yet."""
        disabled = await self._store_thread.do(self._store.disabled)
        for route in self._plan.routes:
            fingerprint, why = disabled.get(route.name, ("", ""))
            if fingerprint == route.fingerprint:
                self._log.warning("receiver stays disabled until configured anew", name=route.name, why=why)
            elif route.name not in self._carrying:
                carrying = Carrying(route, self._store, self._store_thread, self._metrics.delivered)
                self._carrying[route.name] = carrying
                self._mind(carrying.start())
        remembered = await self._store_thread.do(self._store.generations)
        known = await self._store_thread.do(self._store.sources)
        for watched in self._plan.watched:
            name = watched.name
            if name not in self._following:
                following = Following(
                    watched,
                    self._ledger,
                    self._metrics,
                    self._scanner,
                    clock=self._clock,
                    # Each source has a thread, and so descriptors, of its own.
                    max_open_files=max(MIN_OPEN_FILES, self._max_open_files // len(self._plan.watched)),
                    batch_bytes=self._plan.batch_bytes,
                    follow=follow,
                )
                following.restore([g for g in remembered if g.source == name], known_source=name in known)
                self._following[name] = following
                if follow:
                    self._mind(following.start())

    async def _first_look(self) -> None:
        """Waits until each source has met its files, but for those on a mount that does not answer."""
        looking = asyncio.create_task(self._all_have_looked())
        stopping = asyncio.create_task(self._stopping.wait())
        ends: list[asyncio.Future[Any]] = [looking, stopping, self._failed]
        await asyncio.wait(ends, timeout=FIRST_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
        looking.cancel()
        stopping.cancel()
        for name, following in self._following.items():
            if not (following.has_looked.is_set() or self._stopping.is_set()):
                self._log.warning("has not been looked at yet", source=name, after_s=FIRST_LOOK_S)

    async def _all_have_looked(self) -> None:
        for following in self._following.values():
            await following.has_looked.wait()

    def _scanner(self) -> Scanner:
        return self._plan.knowledge.scanner

    def _ring_couriers(self, names: set[str]) -> None:
        for name in names & self._carrying.keys():
            self._carrying[name].ring()

    async def _tick_for_ever(self) -> None:
        now = asyncio.get_running_loop().time
        gauge_at = now()
        while True:
            await self._heed_notes()
            await self._ledger.tick()
            if now() >= gauge_at:
                await self._gauge()
                gauge_at = now() + TICK_S
            await asyncio.sleep(self._ledger.pause_s(TICK_S))

    async def _heed_notes(self) -> None:
        """Takes up what people have written into the state directory since."""
        try:
            noted = await self._store_thread.do(self._silences.news)
            if noted is not None:
                self._ledger.use_silences([Silence.from_dict(body) for body in noted])
        except (StateError, ValueError) as error:
            self._log.error("silences", what=str(error), remedy="those read before stay in force")
        try:
            noted = await self._store_thread.do(self._outcomes.news)
            if noted is not None:
                self._reports = [Report.from_dict(body) for body in noted]
                self._plan.knowledge.experience.learn(self._reports)
        except (StateError, ValueError) as error:
            self._log.error("outcomes", what=str(error), remedy="those read before still count")

    async def _gauge(self) -> None:
        exposed = self._metrics.exposed_series()
        # In one go: to hand work to the thread costs more than the work.
        self._waiting, self._disabled, is_back = await self._store_thread.do(
            lambda: _stock_of(self._store, exposed)
        )
        if is_back:
            self._log.info("the state is on disk again")
        self._metrics.set_state_in_memory(not self._store.on_disk)
        for name in self._carrying:
            self._metrics.set_outbox(name, self._waiting.get(name, (0, ""))[0])
        for following in self._following.values():
            following.feel_pulse()
        if self._started:
            self._note_standing()

    def _note_standing(self) -> None:
        self._standing.note(sum(following.files for following in self._following.values()))

    async def _feed_watchdog(self) -> None:
        """Says from the loop itself that the loop turns."""
        while self._supervisor.watchdog_s:
            self._supervisor.say("WATCHDOG=1")
            await asyncio.sleep(self._supervisor.watchdog_s)

    def _watch(self, work: Any) -> "asyncio.Task[None]":
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._mind(task)
        return task

    def _mind(self, task: "asyncio.Task[None]") -> None:
        """A part that dies of a mistake of ours ends the daemon: the service manager starts it anew."""
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled():
            return
        if task.exception() is None:
            if self._following and all(following.is_over for following in self._following.values()):
                self._log.info("everything has been read to its end")
                self.stop()
            return
        if not self._failed.done():
            self._failed.set_exception(task.exception() or RuntimeError(task.get_name()))

    def _summary(self) -> str:
        return f"STATUS=following {len(self._following)} sources, {len(self._carrying)} receivers"

    def _describe(self) -> None:
        catalogue = self._plan.knowledge.catalogue
        self._metrics.set_catalogue(catalogue.version, catalogue.sha256, len(catalogue.entries))
        for problem in catalogue.warnings:
            self._log.warning("catalogue", what=str(problem))
        for error_id in self._scanner().without_literal:
            what = f"{error_id}: its pattern has no fixed text, so it is run on every line"
            self._log.warning("catalogue", what=what)


def _stock_of(
    store: Store, exposed: Iterable[tuple[str, ...]]
) -> tuple[dict[str, tuple[int, str]], dict[str, tuple[str, str]], bool]:
    """What waits and who is disabled, after it was noted what is `exposed`; whether the state is on disk again."""
    store.expose(exposed)
    is_back = not store.on_disk and store.settle()
    return store.waiting(), store.disabled(), is_back


def incident_report(incident: Incident) -> dict[str, Any]:
    """An open incident, as a report has it."""
    return {
        "incident_id": incident.incident_id,
        "severity": incident.severity,
        "error_id": incident.error_id,
        "title": incident.title,
        "job": incident.labels.get("job", ""),
        "host": incident.host,
        "count": incident.count,
        "first_seen": rfc3339(incident.first_seen),
        "last_seen": rfc3339(incident.last_seen),
    }


def _source_report(name: str, following: Following) -> dict[str, Any]:
    return {
        "name": name,
        "lag_bytes": following.lag,
        "skipped_bytes": dict(following.skipped),
        "unreadable": following.problems,
        "worst": [
            {"path": file.path, "lag_bytes": file.lag, "skipped_bytes": dict(file.skipped)}
            for file in following.worst
        ],
    }
