"""A queue in memory, a clock that waiting turns, receivers that do as told, servers that misbehave."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from aiohttp import web

from logwatch.deliver.outbox import Message
from logwatch.incident.incident import Notice
from render.incidents import incident

EPOCH = 1_795_326_000.0


def message(id: str, receiver: str = "oncall", time: float = EPOCH) -> Message:  # noqa: A002
    return Message(id, receiver, Notice(id, "opened", time, incident()), attempts=0, memory={})


@dataclass(slots=True)
class Waiting:
    message: Message
    due_at: float


@dataclass(slots=True)
class FakeQueue:
    """The queue without a disk. What became of each message can be read off."""

    waiting: list[Waiting] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    given_up: dict[str, str] = field(default_factory=dict)
    disabled: dict[str, str] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    memory: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def add(self, *messages: Message) -> None:
        self.waiting.extend(Waiting(m, m.notice.time) for m in messages)

    async def due(self, receiver: str, now: float, most: int) -> Sequence[Message]:
        mine = [w.message for w in self.waiting if w.message.receiver == receiver and w.due_at <= now]
        return mine[:most]

    async def next_due(self, receiver: str) -> float | None:
        return min((w.due_at for w in self.waiting if w.message.receiver == receiver), default=None)

    async def sent(self, message: Message, memory: Mapping[str, str]) -> None:
        self._take(message)
        self.delivered.append(message.id)
        self.memory[message.id] = memory

    async def put_off(self, message: Message, until: float, why: str) -> None:
        self.reasons.append(why)
        for waiting in self.waiting:
            if waiting.message.id == message.id:
                waiting.message = replace(message, attempts=message.attempts + 1)
                waiting.due_at = until

    async def give_up(self, message: Message, why: str) -> None:
        self._take(message)
        self.given_up[message.id] = why

    async def disable(self, receiver: str, why: str) -> None:
        self.waiting = [w for w in self.waiting if w.message.receiver != receiver]
        self.disabled[receiver] = why

    def _take(self, message: Message) -> None:
        self.waiting = [w for w in self.waiting if w.message.id != message.id]


class FakeClock:
    """Waiting turns it, at once; at `until` it stops and waits for the bell in earnest."""

    def __init__(self, start: float = EPOCH, until: float = EPOCH + 10 * 24 * 3600) -> None:
        self.time = start
        self.until = until
        self.stopped = asyncio.Event()

    def now(self) -> float:
        return self.time

    async def wait(self, bell: asyncio.Event, most_s: float) -> None:
        await asyncio.sleep(0)
        if bell.is_set():
            return
        if self.time + most_s <= self.until:
            self.time += most_s
        else:
            self.time = self.until
            self.stopped.set()
            await bell.wait()


Behaviour = Callable[[Message], Awaitable[Mapping[str, str] | None]]


class ScriptedReceiver:
    """Does what `behaviour` does, and remembers every try."""

    def __init__(self, name: str, behaviour: Behaviour, clock: FakeClock | None = None) -> None:
        self.name = name
        self.tries: list[tuple[float, str]] = []
        self._behaviour = behaviour
        self._clock = clock

    async def send(self, message: Message) -> Mapping[str, str]:
        self.tries.append((self._clock.now() if self._clock else 0.0, message.id))
        return await self._behaviour(message) or {}

    async def close(self) -> None: ...


@contextlib.asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[asyncio.Task[None]]:
    """`work` in a task of its own, cancelled at the end; what it raised is raised."""
    task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[arg-type]
    try:
        yield task
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def eventually(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Returns when `condition` holds; fails when it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.001)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def http_server(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that answers every POST below its address by `handler`."""
    app = web.Application()
    app.router.add_post("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[str]:
    """A server on loopback that need not speak HTTP. Connections are cut at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
