"""Work that blocks, in a thread of its own, awaited by the loop."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Thread:
    """One thread, and so one piece of work at a time, in order.

    The standard library's executors wait for all their threads when the process ends: one that hangs in a
    dead mount would keep it from ending. This one does not.
    """

    def __init__(self, name: str) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
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
        future: Future[T] = Future()
        self._waiting.put((future, work))
        return await asyncio.wrap_future(future)

    def close(self, *, wait: bool) -> None:
        """`wait=False` leaves behind a thread that may hang in a dead mount, and what waits for it."""
        self._is_closed = True
        self._waiting.put(None)
        if wait:
            self._thread.join()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            future, work = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised where the work is awaited
                future.set_exception(error)
            else:
                future.set_result(result)
