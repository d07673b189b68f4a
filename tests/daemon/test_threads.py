"""Work in a thread of its own is done in order, once, and its outcome comes back."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from logwatch.daemon.threads import Thread


@pytest.fixture
async def thread() -> AsyncIterator[Thread]:
    thread = Thread("test")
    yield thread
    thread.close(wait=True)


async def test_work_is_done_elsewhere_and_its_result_comes_back(thread: Thread) -> None:
    assert await thread.do(threading.get_ident) != threading.get_ident()


async def test_what_goes_wrong_is_raised_where_it_is_awaited(thread: Thread) -> None:
    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await thread.do(fail)
    assert await thread.do(lambda: 1) == 1


async def test_work_is_done_in_order(thread: Thread) -> None:
    done: list[int] = []
    await asyncio.gather(*(thread.do(lambda n=n: done.append(n)) for n in range(100)))
    assert done == list(range(100))


async def test_what_was_begun_is_finished_and_what_was_not_is_never_begun(thread: Thread) -> None:
    begun, may_end, done = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        may_end.wait()
        done.append("first")

    works = [asyncio.ensure_future(thread.do(work)) for work in (first, lambda: done.append("second"))]
    await asyncio.to_thread(begun.wait)
    for work in works:
        work.cancel()
    await asyncio.gather(*works, return_exceptions=True)
    may_end.set()
    await thread.do(lambda: done.append("third"))
    assert done == ["first", "third"]


async def test_a_closed_thread_takes_no_more_work(thread: Thread) -> None:
    thread.close(wait=True)
    with pytest.raises(RuntimeError, match="takes no more work"):
        await thread.do(lambda: None)


def test_work_whose_loop_has_closed_does_not_end_the_thread() -> None:
    thread = Thread("test")
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait()

    async def leave() -> None:
        task = asyncio.ensure_future(thread.do(work))
        await asyncio.to_thread(begun.wait)
        task.cancel()

    asyncio.run(leave())
    may_end.set()
    assert asyncio.run(thread.do(lambda: 1)) == 1
    thread.close(wait=True)
