"""Carries messages from the queue to one receiver, for as long as it takes.

Every receiver has a courier of its own: one that is dead or slow keeps nobody else waiting. A message is
taken off the queue only after it was taken by the receiver, and goes out under the same id on every try.
"""

import asyncio
import random
import time
import traceback
from collections.abc import Callable
from typing import Protocol

import structlog

from logwatch.deliver.backoff import full_jitter
from logwatch.deliver.outbox import Message, Queue, Receiver
from logwatch.deliver.pace import TokenBucket
from logwatch.errors import DeliveryError

# Longer than a weekend's outage is somebody's decision, not an accident.
MAX_AGE_S = 3 * 24 * 3600.0
# A receiver may ask for patience, not for ever.
MAX_RETRY_AFTER_S = 3600.0
# A message that fails this often (in about half a minute) lets later ones pass it: perhaps it is the
# message that the receiver cannot bear. Until then order is kept.
PATIENCE = 5
# A nap ends after this even if nobody rings: clocks are set, and a due time can lie in a new past.
MAX_NAP_S = 60.0
MIN_NAP_S = 1.0


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def wait(self, bell: asyncio.Event, most_s: float) -> None:
        """Returns when `bell` is set, or after `most_s` seconds."""
        ...


class WallClock:
    def now(self) -> float:
        return time.time()

    async def wait(self, bell: asyncio.Event, most_s: float) -> None:
        try:
            async with asyncio.timeout(most_s):
                await bell.wait()
        except TimeoutError:
            return


def _tell_nobody(_receiver: str, _outcome: str) -> None: ...


class Courier:
    """Delivers to one receiver: oldest first, at most about one message a second.

    `on_outcome` hears (receiver, outcome) for every try, and `dropped` for every message given up: the
    labels of `logwatch_notifications_total`. Set `bell` when something new is queued.
    """

    def __init__(
        self,
        receiver: Receiver,
        queue: Queue,
        clock: Clock | None = None,
        *,
        on_outcome: Callable[[str, str], None] = _tell_nobody,
        chance: Callable[[], float] = random.random,
        bucket: TokenBucket | None = None,
        max_age_s: float = MAX_AGE_S,
    ) -> None:
        self.bell = asyncio.Event()
        self._receiver = receiver
        self._name = receiver.name
        self._queue = queue
        self._clock = clock or WallClock()
        self._on_outcome = on_outcome
        self._chance = chance
        self._bucket = bucket or TokenBucket()
        self._max_age_s = max_age_s
        self._failures = 0
        self._held_until = 0.0
        self._disabled = False
        self._under_way: asyncio.Task[bool] | None = None
        self._log = structlog.get_logger().bind(receiver=self._name)

    async def run(self) -> None:
        """Delivers until cancelled; returns by itself only when the receiver wants nothing any more.

        A delivery that is under way when this is cancelled goes on; `drain` waits for it.
        """
        while not self._disabled:
            # Cleared before looking: what is queued after the look rings again.
            self.bell.clear()
            now = self._clock.now()
            held_s = max(self._held_until - now, self._bucket.wait_s(now))
            if held_s > 0:
                await self._clock.wait(self.bell, held_s)
            elif message := await self._next():
                self._under_way = asyncio.create_task(self._deliver(message))
                await asyncio.shield(self._under_way)
            else:
                await self._clock.wait(self.bell, await self._nap_s())

    async def drain(self, most_s: float) -> None:
        """At shutdown: sends what is due, for at most so many seconds or until the first failure."""
        try:
            async with asyncio.timeout(most_s):
                delivered = await self._finish_under_way()
                while delivered and not self._disabled and (message := await self._next()):
                    await self._clock.wait(asyncio.Event(), self._bucket.wait_s(self._clock.now()))
                    delivered = await self._deliver(message)
        except TimeoutError:
            self._log.info("shutdown does not wait for this receiver; what is left stays queued")

    async def _finish_under_way(self) -> bool:
        if self._under_way is None or self._under_way.done():
            return True
        return await self._under_way

    async def _next(self) -> Message | None:
        due = await self._queue.due(self._name, self._clock.now(), 1)
        return due[0] if due else None

    async def _nap_s(self) -> float:
        due_at = await self._queue.next_due(self._name)
        if due_at is None:
            return MAX_NAP_S
        return min(MAX_NAP_S, max(MIN_NAP_S, due_at - self._clock.now()))

    async def _deliver(self, message: Message) -> bool:
        """One try. Whether the receiver took the message."""
        self._bucket.take(self._clock.now())
        try:
            memory = await self._receiver.send(message)
        except DeliveryError as error:
            failure = error
        except Exception as error:  # noqa: BLE001  a mistake in one receiver must not end the others
            failure = _mistake(error)
        else:
            if self._failures:
                self._log.info("the receiver takes messages again", failures=self._failures)
            self._failures = 0
            await self._queue.sent(message, memory)
            self._on_outcome(self._name, "ok")
            return True
        self._on_outcome(self._name, failure.outcome)
        await self._failed(message, failure)
        return False

    async def _failed(self, message: Message, failure: DeliveryError) -> None:
        now, why = self._clock.now(), str(failure)
        if failure.disable:
            self._disabled = True
            self._log.error("the receiver wants nothing any more and is disabled", why=why)
            await self._queue.disable(self._name, why)
            return
        if failure.retryable:
            self._hold(failure, now)
        if not failure.retryable or now - message.notice.time >= self._max_age_s:
            self._log.error(
                "a message is given up", why=why, message_id=message.id, tries=message.attempts + 1
            )
            await self._queue.give_up(message, why)
            self._on_outcome(self._name, "dropped")
            return
        tries = message.attempts + 1
        step_aside_s = full_jitter(tries, self._chance) if tries > PATIENCE else 0.0
        await self._queue.put_off(message, self._held_until + step_aside_s, why)

    def _hold(self, failure: DeliveryError, now: float) -> None:
        """Sends nothing for a while, the longer the more tries have failed in a row."""
        self._failures += 1
        if self._failures == 1:
            self._log.warning("the receiver does not take messages; they are kept", why=str(failure))
        hold_s = full_jitter(self._failures, self._chance)
        if failure.retry_after_s is not None:
            hold_s = min(failure.retry_after_s, MAX_RETRY_AFTER_S) + full_jitter(1, self._chance)
        self._held_until = now + hold_s


def _mistake(error: Exception) -> DeliveryError:
    """Says where, not what: the text of an exception can hold an address."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    what = f"{type(error).__name__} at {frame.filename}:{frame.lineno}"
    return DeliveryError(what, outcome="internal_error", retryable=True)
