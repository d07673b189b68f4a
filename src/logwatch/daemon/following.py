"""One source being followed: a pump in its own thread, woken by hints or by the time of its next look."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Sequence

import structlog

from logwatch.daemon.ledger import Ledger
from logwatch.daemon.plan import Clock, Watched
from logwatch.daemon.threads import Thread
from logwatch.deliver.metrics import Metrics
from logwatch.scan.scanner import Scanner
from logwatch.store import StoredGeneration
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.follow import Follower
from logwatch.tail.life import Life
from logwatch.tail.pump import Haul, Pump
from logwatch.tail.wake import Doorbell

# The states of `logwatch_files`; `unreadable` counts paths, of which no file may be known.
FILE_STATES = ("current", "behind", "nameless")


class Following:
    """The files of one source. `follow` runs until `stop`; a hop that was begun is always recorded."""

    def __init__(
        self,
        watched: Watched,
        ledger: Ledger,
        metrics: Metrics,
        scanner: Callable[[], Scanner],
        *,
        clock: Clock,
        max_open_files: int,
        batch_bytes: int,
    ) -> None:
        self.watched = watched
        self.problems: dict[str, str] = {}
        self.lag = 0
        self._ledger = ledger
        self._metrics = metrics
        self._scanner = scanner
        self._clock = clock
        self._batch_bytes = batch_bytes
        self._follower = Follower(watched.source, Descriptors(max_open_files))
        self._pump = Pump(self._follower, scanner, watched.kind)
        self._thread = Thread(f"source {watched.source.name}")
        self._bell = asyncio.Event()
        self._doorbell: Doorbell | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger().bind(source=watched.source.name)

    def restore(self, remembered: Sequence[StoredGeneration], *, known_source: bool) -> None:
        """Takes up positions of an earlier run; `known_source`: this source was followed before."""
        lives = [Life.from_dict(g.key, g.source, g.path, dict(g.body)) for g in remembered]
        self._follower.restore(lives, known_source=known_source)

    def start(self) -> asyncio.Task[None]:
        if self.watched.with_events:
            self._listen()
        self._task = asyncio.create_task(self._follow(), name=f"source {self.watched.source.name}")
        return self._task

    async def read_to_end(self) -> None:
        """Reads all there is; unfinished lines count as finished."""
        await self._hop()
        while not self._follower.is_caught_up:
            await self._hop()
        await self._record(await self._thread.do(self._pump.finish))

    async def stop(self, drain_s: float) -> None:
        """Ends following, after reading on for at most `drain_s`: a dying pod says why in its last lines."""
        self._stopping = True
        self._bell.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_s + 1.0):
                if self._task is not None:
                    # Shielded: a hop that was begun is recorded, or its lines would be lost.
                    await asyncio.shield(self._task)
                    await self._drain(self._clock.now() + drain_s)
                await self._thread.do(self._follower.close)
        if self._doorbell is not None:
            await asyncio.to_thread(self._doorbell.close)
        self._thread.close(wait=False)

    async def _drain(self, until: float) -> None:
        await self._hop()
        while not self._follower.is_caught_up and self._clock.now() < until:
            await self._hop()

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._doorbell = Doorbell(functools.partial(_ring_from_thread, loop, self._bell))
        self._doorbell.listen(self._follower.roots)
        for root, why in self._doorbell.problems.items():
            self._log.info("no file-system events; swept instead", directory=root, why=why)

    async def _follow(self) -> None:
        while not self._stopping:
            self._bell.clear()
            due = await self._hop()
            delay = due - self._clock.now()
            if delay > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(delay):
                        await self._bell.wait()

    async def _hop(self) -> float:
        """Reads once and records what was found; when the next hop is due."""
        rings = self._doorbell.collect() if self._doorbell else ()
        hop = functools.partial(self._pump.hop, self._clock.now(), rings, self._batch_bytes)
        haul = await self._thread.do(hop)
        await self._record(haul)
        return haul.next_due

    async def _record(self, haul: Haul) -> None:
        await self._ledger.record(self.watched, haul)
        self._complain(haul.problems)
        self._count(haul)

    def _count(self, haul: Haul) -> None:
        source = haul.source
        if haul.scanned:
            self._metrics.read_bytes(source, haul.scanned)
            self._metrics.last_read(source, self._clock.now())
        for reason, size in haul.skipped.items():
            self._metrics.skipped(source, reason, size)
        for _ in range(haul.happened["truncated"]):
            self._metrics.file_truncated(source)
        for _ in range(haul.happened["generation"]):
            self._metrics.generation_began(source)
        if haul.happened["overlong"]:
            self._metrics.record_truncated(source, haul.happened["overlong"])
        self.lag = haul.lag
        self._metrics.set_lag(source, haul.lag)
        for state in FILE_STATES:
            self._metrics.set_files(source, state, haul.files[state])
        self._metrics.set_files(source, "unreadable", len(self.problems))
        self._count_timeouts(haul)

    def _count_timeouts(self, haul: Haul) -> None:
        aside = self._scanner().set_aside if haul.timeouts else ()
        for error_id, times in haul.timeouts.items():
            self._metrics.pattern_timeout(error_id, times)
            self._metrics.set_patterns_aside(aside)
            if error_id in aside:
                self._log.error("a pattern takes too long and is set aside", error_id=error_id)

    def _complain(self, problems: dict[str, str]) -> None:
        """Says of each path once why it cannot be read, and again when the reason changes."""
        for path, why in problems.items():
            if self.problems.get(path) != why:
                self._log.warning("cannot be read", path=path, why=why)
        self.problems = problems


def _ring_from_thread(loop: asyncio.AbstractEventLoop, bell: asyncio.Event) -> None:
    # A ring that comes after the loop has closed has nobody to wake.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(bell.set)
