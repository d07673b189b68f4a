"""A receiver hears a short burst, and then one message a second."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.deliver.pace import TokenBucket


def sent_at(bucket: TokenBucket, count: int, now: float = 1000.0) -> list[float]:
    """When `count` messages go out that are all ready at `now`."""
    times = []
    for _ in range(count):
        now += bucket.wait_s(now)
        bucket.take(now)
        times.append(now)
    return times


def test_a_burst_passes_at_once_and_the_rest_one_a_second() -> None:
    assert sent_at(TokenBucket(1.0, 3), 6) == [1000, 1000, 1000, 1001, 1002, 1003]


def test_silence_is_saved_up_to_one_burst() -> None:
    bucket = TokenBucket(1.0, 3)
    sent_at(bucket, 3)
    assert sent_at(bucket, 5, now=2000.0) == [2000, 2000, 2000, 2001, 2002]


def test_a_clock_that_is_set_back_costs_no_more_than_one_interval() -> None:
    bucket = TokenBucket(1.0, 1)
    sent_at(bucket, 1, now=1000.0)
    assert bucket.wait_s(10.0) == pytest.approx(1.0)


@given(st.floats(0.1, 10), st.integers(1, 10), st.lists(st.floats(0, 5), min_size=1, max_size=50))
def test_in_any_stretch_no_more_than_the_burst_and_the_rate(
    rate: float, burst: int, gaps: list[float]
) -> None:
    bucket, now, times = TokenBucket(rate, burst), 0.0, []
    for gap in gaps:
        now += gap
        now += bucket.wait_s(now)
        bucket.take(now)
        times.append(now)
    for i, start in enumerate(times):
        for j in range(i, len(times)):
            assert j - i + 1 <= burst + rate * (times[j] - start) + 1e-6
