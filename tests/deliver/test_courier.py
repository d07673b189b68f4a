"""A courier loses nothing, hurries nobody, and keeps nobody else waiting."""

import asyncio
from collections import Counter
from collections.abc import Mapping

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from logwatch.deliver.backoff import CAP_S
from logwatch.deliver.courier import MAX_AGE_S, MAX_RETRY_AFTER_S, Courier
from logwatch.deliver.outbox import Message
from logwatch.deliver.pace import TokenBucket
from logwatch.deliver.webhook import Webhook
from logwatch.errors import DeliveryError

from .fakes import (
    EPOCH,
    Behaviour,
    FakeClock,
    FakeQueue,
    ScriptedReceiver,
    eventually,
    http_server,
    message,
    running,
)

HOUR = 3600.0


def refused(outcome: str = "server_error", **how: float | bool | None) -> DeliveryError:
    retry_after_s = how.get("retry_after_s")
    return DeliveryError(
        f"refused ({outcome})",
        outcome=outcome,
        retryable=bool(how.get("retryable", True)),
        retry_after_s=None if retry_after_s is None else float(retry_after_s),
        disable=bool(how.get("disable", False)),
    )


async def takes(_message: Message) -> None:
    return None


class Round:
    """One courier with everything around it made by hand. `chance` is the luck of all jitter."""

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        chance: float = 1.0,
        until: float = EPOCH + 10 * 24 * HOUR,
        bucket: TokenBucket | None = None,
    ) -> None:
        self.clock = FakeClock(until=until)
        self.queue = FakeQueue()
        self.receiver = ScriptedReceiver("oncall", behaviour, self.clock)
        self.outcomes: Counter[str] = Counter()
        self.courier = Courier(
            self.receiver,
            self.queue,
            self.clock,
            on_outcome=lambda _name, outcome: self.outcomes.update([outcome]),
            chance=lambda: chance,
            bucket=bucket,
        )

    async def until_empty(self) -> None:
        async with running(self.courier.run()):
            await eventually(lambda: not self.queue.waiting)

    async def until_stopped(self) -> None:
        async with running(self.courier.run()):
            await eventually(self.clock.stopped.is_set)

    @property
    def times(self) -> list[float]:
        return [at - EPOCH for at, _ in self.receiver.tries]


async def test_messages_go_out_in_order_and_leave_the_queue() -> None:
    round_ = Round(takes)
    round_.queue.add(*(message(f"m{i}") for i in range(5)))
    await round_.until_empty()
    assert round_.queue.delivered == ["m0", "m1", "m2", "m3", "m4"]
    assert round_.outcomes == {"ok": 5}


async def test_no_more_than_a_burst_and_then_one_a_second() -> None:
    round_ = Round(takes)
    round_.queue.add(*(message(f"m{i}") for i in range(6)))
    await round_.until_empty()
    assert round_.times == [0, 0, 0, 1, 2, 3]


async def test_what_the_receiver_remembers_is_kept() -> None:
    async def with_memory(_message: Message) -> Mapping[str, str]:
        return {"ts": "1.2"}

    round_ = Round(with_memory)
    round_.queue.add(message("m0"))
    await round_.until_empty()
    assert round_.queue.memory == {"m0": {"ts": "1.2"}}


async def test_an_hour_without_the_receiver_loses_nothing_and_repeats_nothing() -> None:
    async def down_for_an_hour(_message: Message) -> None:
        if round_.clock.time < EPOCH + HOUR:
            raise refused("network_error")

    round_ = Round(down_for_an_hour)
    ids = [f"m{i}" for i in range(40)]
    round_.queue.add(*(message(name, time=EPOCH + 60 * i) for i, name in enumerate(ids)))
    await round_.until_empty()
    assert sorted(round_.queue.delivered) == sorted(ids)
    assert round_.outcomes["ok"] == 40
    # A dead receiver is knocked at less and less: not once a message, but a dozen times in the hour.
    assert round_.outcomes["network_error"] < 20
    assert round_.times[-1] < HOUR + 3 * CAP_S


async def test_waits_double_up_to_ten_minutes() -> None:
    async def never(_message: Message) -> None:
        raise refused()

    round_ = Round(never, until=EPOCH + HOUR)
    round_.queue.add(message("m0"))
    await round_.until_stopped()
    first = round_.times[:5]
    assert first == [0, 2, 6, 14, 30]
    gaps = [b - a for a, b in zip(round_.times, round_.times[1:], strict=False)]
    assert max(gaps) <= 2 * CAP_S
    assert round_.queue.reasons[0] == "refused (server_error)"


async def test_after_a_success_waits_are_short_again() -> None:
    async def fails_but_for_the_fourth(_message: Message) -> None:
        if len(round_.receiver.tries) in {1, 2, 3, 5}:
            raise refused()

    round_ = Round(fails_but_for_the_fourth)
    round_.queue.add(message("m0"), message("m1"))
    await round_.until_empty()
    assert round_.times == [0, 2, 6, 14, 14, 16]


async def test_retry_after_is_honoured() -> None:
    async def busy_once(_message: Message) -> None:
        if len(round_.receiver.tries) == 1:
            raise refused("rate_limited", retry_after_s=90)

    round_ = Round(busy_once, chance=0.0)
    round_.queue.add(message("m0"), message("m1"))
    await round_.until_empty()
    assert round_.times == [0, 90, 90]
    assert round_.queue.delivered == ["m0", "m1"]
    assert round_.outcomes == {"rate_limited": 1, "ok": 2}


async def test_a_new_message_does_not_cut_the_receivers_rest_short() -> None:
    async def busy_once(_message: Message) -> None:
        if len(round_.receiver.tries) == 1:
            round_.queue.add(message("m1"))
            round_.courier.bell.set()
            raise refused("rate_limited", retry_after_s=90)

    round_ = Round(busy_once, chance=0.0)
    round_.queue.add(message("m0"))
    await round_.until_empty()
    assert round_.times == [0, 90, 90]


async def test_a_receiver_cannot_ask_for_more_than_an_hour() -> None:
    async def greedy_once(_message: Message) -> None:
        if len(round_.receiver.tries) == 1:
            raise refused("rate_limited", retry_after_s=10**9)

    round_ = Round(greedy_once, chance=0.0)
    round_.queue.add(message("m0"))
    await round_.until_empty()
    assert round_.times == [0, MAX_RETRY_AFTER_S]


async def test_what_is_refused_for_good_is_given_up_and_the_next_goes_out() -> None:
    async def refuses_one(message: Message) -> None:
        if message.id == "m0":
            raise refused("client_error", retryable=False)

    round_ = Round(refuses_one)
    round_.queue.add(message("m0"), message("m1"))
    await round_.until_empty()
    assert round_.queue.given_up == {"m0": "refused (client_error)"}
    assert round_.queue.delivered == ["m1"]
    assert round_.times == [0, 0]
    assert round_.outcomes == {"client_error": 1, "dropped": 1, "ok": 1}


async def test_gone_disables_the_receiver_and_ends_its_courier() -> None:
    async def gone(_message: Message) -> None:
        raise refused("client_error", retryable=False, disable=True)

    round_ = Round(gone)
    round_.queue.add(message("m0"), message("m1"))
    async with asyncio.timeout(10):
        await round_.courier.run()
    assert round_.queue.disabled == {"oncall": "refused (client_error)"}
    assert len(round_.receiver.tries) == 1


async def test_after_three_days_a_message_is_given_up() -> None:
    async def never(_message: Message) -> None:
        raise refused()

    round_ = Round(never)
    round_.queue.add(message("m0"))
    await round_.until_empty()
    assert list(round_.queue.given_up) == ["m0"]
    assert MAX_AGE_S <= round_.times[-1] < MAX_AGE_S + 2 * CAP_S
    assert round_.outcomes["dropped"] == 1


async def test_a_message_that_the_receiver_cannot_bear_lets_others_pass() -> None:
    async def chokes_on_one(message: Message) -> None:
        if message.id == "m0":
            raise refused()

    round_ = Round(chokes_on_one, until=EPOCH + HOUR)
    round_.queue.add(*(message(f"m{i}") for i in range(20)))
    await round_.until_stopped()
    assert round_.queue.delivered == [f"m{i}" for i in range(1, 20)]
    assert [w.message.id for w in round_.queue.waiting] == ["m0"]


async def test_a_short_failure_does_not_change_the_order() -> None:
    async def down_for_ten_seconds(_message: Message) -> None:
        if round_.clock.time < EPOCH + 10:
            raise refused()

    round_ = Round(down_for_ten_seconds)
    round_.queue.add(*(message(f"m{i}") for i in range(5)))
    await round_.until_empty()
    assert round_.queue.delivered == ["m0", "m1", "m2", "m3", "m4"]


async def test_a_mistake_in_a_receiver_is_a_failed_try_that_tells_no_secret() -> None:
    async def mistaken(_message: Message) -> None:
        if len(round_.receiver.tries) == 1:
            raise RuntimeError("https://hooks.example/T0KEN")

    round_ = Round(mistaken)
    round_.queue.add(message("m0"))
    await round_.until_empty()
    assert round_.queue.delivered == ["m0"]
    [why] = round_.queue.reasons
    assert why.startswith("RuntimeError at ")
    assert "T0KEN" not in why
    assert round_.outcomes == {"internal_error": 1, "ok": 1}


async def test_a_courier_sleeps_until_it_is_rung() -> None:
    round_ = Round(takes, until=EPOCH)
    async with running(round_.courier.run()):
        await eventually(round_.clock.stopped.is_set)
        round_.queue.add(message("m0"))
        round_.courier.bell.set()
        await eventually(lambda: not round_.queue.waiting)
    assert round_.queue.delivered == ["m0"]


async def test_a_receiver_that_hangs_keeps_nobody_else_waiting() -> None:
    async def hangs(_message: Message) -> None:
        await asyncio.Event().wait()

    dead, alive = Round(hangs), Round(takes)
    dead.queue.add(message("m0"))
    alive.queue.add(*(message(f"m{i}") for i in range(10)))
    async with running(dead.courier.run()), running(alive.courier.run()):
        await eventually(lambda: len(dead.receiver.tries) == 1 and not alive.queue.waiting)
    assert len(alive.queue.delivered) == 10
    await dead.courier.drain(0.0)
    assert [w.message.id for w in dead.queue.waiting] == ["m0"]


async def test_at_shutdown_what_is_due_is_sent() -> None:
    round_ = Round(takes)
    round_.queue.add(message("m0"), message("m1"), message("later", time=EPOCH + HOUR))
    await round_.courier.drain(10.0)
    assert round_.queue.delivered == ["m0", "m1"]


async def test_at_shutdown_a_failing_receiver_is_tried_once() -> None:
    async def never(_message: Message) -> None:
        raise refused()

    round_ = Round(never)
    round_.queue.add(message("m0"), message("m1"))
    await round_.courier.drain(10.0)
    assert len(round_.receiver.tries) == 1
    assert len(round_.queue.waiting) == 2


async def test_at_shutdown_nobody_waits_for_a_receiver_that_hangs() -> None:
    async def hangs(_message: Message) -> None:
        await asyncio.Event().wait()

    round_ = Round(hangs)
    round_.queue.add(message("m0"))
    await round_.courier.drain(0.01)
    assert [w.message.id for w in round_.queue.waiting] == ["m0"]


async def test_a_delivery_under_way_at_shutdown_is_finished_and_not_repeated() -> None:
    answer = asyncio.Event()

    async def slow(_message: Message) -> None:
        await answer.wait()

    round_ = Round(slow)
    round_.queue.add(message("m0"))
    async with running(round_.courier.run()):
        await eventually(lambda: len(round_.receiver.tries) == 1)
    asyncio.get_running_loop().call_soon(answer.set)
    await round_.courier.drain(10.0)
    assert round_.queue.delivered == ["m0"]
    assert len(round_.receiver.tries) == 1


async def test_every_try_over_http_carries_the_same_id(session: aiohttp.ClientSession) -> None:
    tries: list[tuple[str, str]] = []
    statuses = iter([503, 500, 302, 404, 200, 200])
    clock, queue = FakeClock(), FakeQueue()

    async def handler(request: web.Request) -> web.Response:
        tries.append((request.headers["webhook-id"], request.headers["webhook-timestamp"]))
        return web.Response(status=next(statuses))

    queue.add(message("m0", "pager"), message("m1", "pager"))
    async with http_server(handler) as url:
        receiver = Webhook("pager", url, ["whsec_" + "a" * 32], session, clock=clock.now)
        async with running(Courier(receiver, queue, clock, chance=lambda: 1.0).run()):
            await eventually(lambda: not queue.waiting)
    assert [name for name, _ in tries] == ["m0", "m0", "m0", "m0", "m0", "m1"]
    assert len({at for name, at in tries if name == "m0"}) == 5
    assert queue.delivered == ["m0", "m1"]


@pytest.mark.parametrize("outcome", ["timeout", "network_error", "rate_limited", "server_error"])
async def test_outcomes_reach_the_metric_as_they_are(outcome: str) -> None:
    async def fails_once(_message: Message) -> None:
        if len(round_.receiver.tries) == 1:
            raise refused(outcome)

    round_ = Round(fails_once)
    round_.queue.add(message("m0"))
    await round_.until_empty()
    assert round_.outcomes == {outcome: 1, "ok": 1}


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(["ok", "fails", "busy", "refuses", "breaks"]), max_size=60),
    st.lists(st.floats(0, 2 * HOUR), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_every_message_ends_delivered_once_or_given_up_once(
    luck: list[str], offsets: list[float], chance: float
) -> None:
    async def play() -> None:
        fates = iter(luck)

        async def lucky(_message: Message) -> None:
            match next(fates, "ok"):
                case "fails":
                    raise refused()
                case "busy":
                    raise refused("rate_limited", retry_after_s=30)
                case "refuses":
                    raise refused("client_error", retryable=False)
                case "breaks":
                    raise ValueError("broken")

        round_ = Round(lucky, chance=chance)
        ids = [f"m{i}" for i in range(len(offsets))]
        round_.queue.add(*(message(i, time=EPOCH + at) for i, at in zip(ids, offsets, strict=True)))
        await round_.until_empty()
        assert sorted([*round_.queue.delivered, *round_.queue.given_up]) == sorted(ids)
        assert round_.outcomes["ok"] == len(round_.queue.delivered)

    asyncio.run(play())
