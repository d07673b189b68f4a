"""The event file follows the store: what was committed is written, each event once over any crashes."""

import asyncio
import functools

import structlog

from logwatch.daemon.threads import Thread
from logwatch.deliver.event_file import EventFile
from logwatch.deliver.metrics import Metrics
from logwatch.store import Store

# What the event file takes in one write.
AT_ONCE = 2000
# A full disk is asked again at most this rarely.
MAX_WAIT_S = 60.0


class Projecting:
    """Brings the event file up to date with the store, whenever `ring` says that there is news."""

    def __init__(self, file: EventFile, store: Store, thread: Thread, metrics: Metrics) -> None:
        self._file = file
        self._store = store
        self._store_thread = thread
        self._metrics = metrics
        self._thread = Thread("event file")
        self._news = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        # Ids that stood in the file when it was first looked at; None until then.
        self._in_file: set[str] | None = None
        self._complaint = ""
        self._log = structlog.get_logger()

    def ring(self) -> None:
        self._news.set()

    async def run(self) -> None:
        failures = 0
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            # Shielded: what was written must be marked as written, or it is written again.
            if await asyncio.shield(self.catch_up()):
                failures = 0
            else:
                failures += 1
                await asyncio.sleep(min(MAX_WAIT_S, 2.0**failures))
                self._news.set()

    async def catch_up(self) -> bool:
        """Writes all that is committed; False when the file cannot be written."""
        async with self._one_at_a_time:
            try:
                await self._write_all()
            except OSError as error:
                self._complain(error)
                return False
            self._complaint = ""
            return True

    async def _write_all(self) -> None:
        if self._in_file is None:
            self._in_file = await self._recover()
        while rows := await self._store_thread.do(lambda: self._store.unwritten(AT_ONCE)):
            lines = [line for _, event_id, line in rows if event_id not in self._in_file]
            await self._thread.do(functools.partial(self._file.append, lines))
            await self._store_thread.do(functools.partial(self._store.written, rows[-1][0]))
            self._metrics.events_written(len(lines))

    async def _recover(self) -> set[str]:
        """After a crash the file may hold events of which the store does not know that they are written.

        Raises:
            OSError: when the file cannot be read; nothing may be written before it was.
        """
        rows = await self._store_thread.do(lambda: self._store.unwritten(AT_ONCE))
        return await self._thread.do(lambda: self._file.recover([row[1] for row in rows]))

    async def close(self) -> None:
        await self.catch_up()
        await self._thread.do(self._file.close)
        self._thread.close(wait=True)

    def _complain(self, error: OSError) -> None:
        if self._complaint != str(error):
            self._complaint = str(error)
            self._log.error("the event file cannot be written; events are kept", why=str(error))
