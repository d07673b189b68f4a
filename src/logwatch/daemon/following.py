"""One source being followed: a feed in its own thread, woken by hints or by the time of its next look."""

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from logwatch.daemon.ledger import Ledger
from logwatch.daemon.plan import Clock, Watched
from logwatch.daemon.threads import Thread
from logwatch.deliver.metrics import Metrics
from logwatch.scan.scanner import Scanner
from logwatch.store import StoredGeneration
from logwatch.tail.pump import Behind, Haul, Remembered
from logwatch.tail.wake import Doorbell, Heard

# A directory that was not there, or is another one, is listened to after at most so many seconds.
LISTEN_AGAIN_S = 5.0
# While many events are recorded, on a slow disk for seconds, files are looked for this often.
GLANCE_S = 0.1
# A hop takes milliseconds, on a slow network file system a second.
STALLED_S = 10.0
# A pause without end could not be told from a hang.
LONGEST_PAUSE_S = 60.0
# The states of `logwatch_files`; `unreadable` counts paths, of which no file may be known.
FILE_STATES = ("current", "unfinished", "behind", "nameless")


class Following:
    """One source. Followed until `stop`, or until it is over; a hop that was begun is always recorded."""

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
        follow: bool = True,
    ) -> None:
        self.watched = watched
        # Every file that was there has been met: what is written from then on is new.
        self.has_looked = asyncio.Event()
        self.problems: dict[str, str] = {}
        self.lag = 0
        self.files = 0
        self.worst: Sequence[Behind] = ()
        self.skipped: Counter[str] = Counter()
        self._ledger = ledger
        self._metrics = metrics
        self._scanner = scanner
        self._clock = clock
        self._batch_bytes = batch_bytes
        self._feed = watched.tap(scanner, max_open_files=max_open_files, follow=follow)
        self._thread = Thread(f"source {watched.name}")
        self._bell = asyncio.Event()
        self._doorbell: Doorbell | None = None
        self._ears = Thread(f"events of {watched.name}")
        self._listening: asyncio.Task[None] | None = None
        self._stopping = False
        # How often something new was read since the directories were last seen to be listened to.
        self._reads = 0
        # When the hop began that is under way; 0 between hops.
        self._hop_began = 0.0
        self._is_stalled = False
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger().bind(source=watched.name)

    def restore(self, remembered: Sequence[StoredGeneration], *, known_source: bool) -> None:
        """Takes up positions of an earlier run; `known_source`: this source was followed before."""
        known = [Remembered(g.key, g.source, g.path, g.body) for g in remembered]
        self._feed.restore(known, known_source=known_source)

    @property
    def is_over(self) -> bool:
        """Whether there will never be more to read."""
        return self._feed.is_over

    def start(self) -> asyncio.Task[None]:
        if self.watched.with_events and self._feed.roots:
            self._listening = asyncio.create_task(self._listen(), name=f"events of {self.watched.name}")
        self._task = asyncio.create_task(self._follow(), name=f"source {self.watched.name}")
        return self._task

    async def read_to_end(self) -> None:
        """Reads all there is; unfinished lines count as finished."""
        due = await self._hop()
        while not self._feed.is_caught_up:
            await self._pause(due)
            due = await self._hop()
        await self._record(await self._thread.do(self._feed.finish))

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
                    # Nobody may finish the last line of a dying job; if somebody does, it is not said again.
                    await self._record(await self._thread.do(self._feed.finish))
                await self._thread.do(self._feed.close)
        if self._listening is not None and self._doorbell is not None:
            self._listening.cancel()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._ears.do(self._doorbell.close)
        self._ears.close(wait=False)
        self._thread.close(wait=False)

    async def _drain(self, until: float) -> None:
        # There is no later time to look at what is not due yet.
        await self._hop(self._feed.roots)
        while not self._feed.is_caught_up and self._clock.now() < until:
            await self._hop()

    async def _listen(self) -> None:
        """Keeps listening to the directories of the source, in a thread of its own: large trees take long."""
        ring = functools.partial(_ring_from_thread, asyncio.get_running_loop(), self._bell)
        self._doorbell = Doorbell(ring, self._feed.roots)
        told: dict[str, str] = {}
        while True:
            reads, self._reads = self._reads, 0
            await self._ears.do(functools.partial(self._doorbell.listen, reads))
            problems = dict(self._doorbell.problems)
            for root, why in problems.items():
                if told.get(root) != why:
                    self._log.info("no file-system events; swept instead", directory=root, why=why)
            told = problems
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _follow(self) -> None:
        while not (self._stopping or self._feed.is_over):
            self._bell.clear()
            await self._pause(await self._hop())
        if self._feed.is_over:
            self._metrics.source_ended(self.watched.name)

    async def _pause(self, due: float) -> None:
        """Waits until `due`, for news of a file, or for something to read, whatever comes first."""
        delay = due - self._clock.now()
        if delay <= 0 or self._feed.is_over:
            return
        with contextlib.suppress(TimeoutError), _ringing(self._feed.readable, self._bell):
            async with asyncio.timeout(min(delay, LONGEST_PAUSE_S)):
                await self._bell.wait()

    def feel_pulse(self) -> None:
        """Says once when a hop does not come back, and when it does after all."""
        is_stalled = self._clock.now() - self._hop_began > STALLED_S if self._hop_began else False
        self._metrics.set_stalled(self.watched.name, is_stalled)
        if is_stalled and not self._is_stalled:
            self._log.warning("does not come back from its files: does a mount hang?")
        elif self._is_stalled and not is_stalled:
            self._log.info("came back from its files")
        self._is_stalled = is_stalled

    async def _hop(self, changed: Iterable[str] = ()) -> float:
        """Reads once and records what was found; when the next hop is due. `changed` are paths to look at."""
        heard = self._doorbell.collect() if self._doorbell else Heard()
        now = self._hop_began = self._clock.now()
        rings = heard.paths | set(changed)
        hop = functools.partial(self._feed.hop, now, rings, self._batch_bytes, heard.appeared)
        haul = await self._thread.do(hop)
        self._hop_began = 0.0
        await self._record_and_glance(haul)
        self._metrics.last_look(self.watched.name, self._clock.now())
        self.has_looked.set()
        return haul.next_due

    async def _record_and_glance(self, haul: Haul) -> None:
        """Records what a hop has found, and meanwhile opens files that come and go, but reads nothing."""
        if not self._ledger.has_to_write(haul):
            # As nearly always, while files are only read on: a task costs more than what it would do.
            await self._record(haul)
            return
        recording = asyncio.create_task(self._record(haul))
        seen: list[Haul] = []
        while self._feed.roots and not recording.done():
            await asyncio.wait([recording], timeout=GLANCE_S)
            if not recording.done():
                heard = self._doorbell.collect() if self._doorbell else Heard()
                glance = functools.partial(self._feed.hop, self._clock.now(), heard.paths, 0, heard.appeared)
                seen.append(await self._thread.do(glance))
        await recording
        for glanced in seen:
            await self._record(glanced)

    async def _record(self, haul: Haul) -> None:
        await self._ledger.record(self.watched, haul)
        self._complain(haul.problems)
        self._count(haul)

    def _count(self, haul: Haul) -> None:
        source = haul.source
        self._reads += haul.reads
        if haul.scanned:
            self._metrics.read_bytes(source, haul.scanned)
            self._metrics.last_read(source, self._clock.now())
        for reason, size in haul.skipped.items():
            self._metrics.skipped(source, reason, size)
        for _ in range(haul.happened["truncated"]):
            self._metrics.file_truncated(source)
        for _ in range(haul.happened["generation"]):
            self._metrics.generation_began(source)
        if haul.happened["missed"]:
            self._metrics.files_missed(source, haul.happened["missed"])
        if haul.happened["overlong"]:
            self._metrics.record_truncated(source, haul.happened["overlong"])
        if haul.happened["boot"]:
            self._log.info("the machine was started anew: another generation begins")
        for reason, times in haul.gaps.items():
            self._metrics.gap(source, reason, times)
            self._log.warning("records were gone before they could be read", reason=reason, times=times)
        self.lag, self.worst, self.files = haul.lag, haul.worst, haul.files.total()
        self.skipped.update(haul.skipped)
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


@contextlib.contextmanager
def _ringing(descriptor: int | None, bell: asyncio.Event) -> Iterator[None]:
    """Meanwhile `bell` rings when `descriptor` can be read; where it cannot be waited for, time has to do."""
    loop = asyncio.get_running_loop()
    try:
        if descriptor is not None:
            loop.add_reader(descriptor, bell.set)
    except OSError:
        # A regular file as standard input is always ready.
        bell.set()
        descriptor = None
    try:
        yield
    finally:
        if descriptor is not None:
            loop.remove_reader(descriptor)


def _ring_from_thread(loop: asyncio.AbstractEventLoop, bell: asyncio.Event) -> None:
    # A ring that comes after the loop has closed has nobody to wake.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(bell.set)
