"""Work that blocks, in a thread of its own, awaited by the loop."""

import asyncio
import contextlib
import functools
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

# A future of the loop itself, settled by a call into it: with one of `concurrent.futures` between, as
# `asyncio.wrap_future` has it, to hand work over and back takes a quarter longer (29 µs, not 23).
_Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Thread:
    """One thread, and so one piece of work at a time, in order.

    The standard library's executors wait for all their threads when the process ends: one that hangs in a
    dead mount would keep it from ending. This one does not.
    """

    def __init__(self, name: str) -> None:
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[], T]) -> T:
        """Runs `work`. Work that was begun is finished even when its awaiter is cancelled.

        Raises:
            RuntimeError: when the thread is closed.
        """
        if self._is_closed:
            raise RuntimeError(f"{self._thread.name} takes no more work")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.put((loop, future, work))
        return await future

    def close(self, *, wait: bool) -> None:
        """`wait=False` leaves behind a thread that may hang in a dead mount, and what waits for it."""
        self._is_closed = True
        self._waiting.put(None)
        if wait:
            self._thread.join()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            loop, future, work = item
            if future.cancelled():
                continue
            try:
                settle = functools.partial(_succeed, future, work())
            except BaseException as error:  # noqa: BLE001 - it is raised where the work is awaited
                settle = functools.partial(_fail, future, error)
            # Where the loop has closed meanwhile nobody awaits it any more.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle)


def _succeed(future: "asyncio.Future[Any]", result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[Any]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
