"""Work that blocks, in a thread of its own, awaited by the loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Thread:
    """One thread, and so one piece of work at a time, in order."""

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def do(self, work: Callable[[], T]) -> T:
        """Runs `work`. Work that was begun is finished even when its awaiter is cancelled."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def close(self, *, wait: bool) -> None:
        """`wait=False` leaves behind a thread that may hang in a dead mount."""
        self._executor.shutdown(wait=wait, cancel_futures=not wait)
