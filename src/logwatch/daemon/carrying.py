"""One receiver being served: a courier over the part of the store's outbox that is addressed to it."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence

from logwatch.daemon.ledger import notice_of
from logwatch.daemon.plan import Route
from logwatch.daemon.threads import Thread
from logwatch.deliver.courier import Courier
from logwatch.deliver.outbox import Message
from logwatch.deliver.pace import TokenBucket
from logwatch.store import Store, StoredMessage


class Carrying:
    """A receiver and its courier."""

    def __init__(
        self, route: Route, store: Store, thread: Thread, on_outcome: Callable[[str, str], None]
    ) -> None:
        self.route = route
        self._outbox = _Outbox(store, thread, route.fingerprint)
        self._courier = Courier(
            route.receiver,
            self._outbox,
            on_outcome=on_outcome,
            bucket=TokenBucket(route.rate_per_s, route.burst),
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def trouble(self) -> str:
        """Why the last try failed; empty when it did not."""
        return self._outbox.trouble

    def start(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(self._courier.run(), name=f"receiver {self.route.name}")
        return self._task

    def ring(self) -> None:
        """Something new is queued."""
        self._courier.bell.set()

    async def stop(self, drain_s: float) -> None:
        """Sends what is due for at most `drain_s`; the rest stays queued."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._courier.drain(drain_s)
        await self.route.receiver.close()


class _Outbox:
    """The outbox of the store, as a courier sees it."""

    def __init__(self, store: Store, thread: Thread, fingerprint: str) -> None:
        self._store = store
        self._thread = thread
        self._fingerprint = fingerprint
        self.trouble = ""

    async def due(self, receiver: str, now: float, most: int) -> Sequence[Message]:
        rows: list[StoredMessage] = await self._thread.do(lambda: self._store.due(receiver, now, most))
        return [Message(m.id, m.receiver, notice_of(m), m.attempts, m.memory) for m in rows]

    async def next_due(self, receiver: str) -> float | None:
        return await self._thread.do(lambda: self._store.next_due(receiver))

    async def sent(self, message: Message, memory: Mapping[str, str]) -> None:
        self.trouble = ""
        incident_id = message.notice.incident.incident_id
        await self._thread.do(lambda: self._store.sent(message.id, message.receiver, incident_id, memory))

    async def put_off(self, message: Message, until: float, why: str) -> None:
        self.trouble = why
        await self._thread.do(lambda: self._store.put_off(message.id, message.receiver, until, why))

    async def give_up(self, message: Message, why: str) -> None:
        self.trouble = why
        await self._thread.do(lambda: self._store.give_up(message.id, message.receiver))

    async def disable(self, receiver: str, why: str) -> None:
        self.trouble = why
        await self._thread.do(lambda: self._store.disable(receiver, self._fingerprint, why))
