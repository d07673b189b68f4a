"""A short slice of `make torture`: two storms, a few kills, some histories."""

import pytest

from torture import histories
from torture.storm import Weather, rage


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.timeout(180)
def test_in_a_storm_nothing_is_lost_and_nothing_doubled(seed: int) -> None:
    weather = Weather.of(seed, seconds=4)
    outcome = rage(weather)
    assert outcome.is_good, str(outcome)
    assert outcome.written.keys() >= set(weather.kinds)
    assert outcome.seen.total() > 100


@pytest.mark.timeout(180)
def test_a_daemon_that_is_killed_again_and_again_loses_and_doubles_nothing() -> None:
    outcome = rage(Weather.of(100_004, seconds=0, kills=4))
    assert outcome.is_good, str(outcome)
    assert outcome.kills == 4
    assert outcome.seen.total() > 100


def test_random_histories_hold() -> None:
    said: list[str] = []
    outcome = histories.play(1, 3, said.append)
    assert outcome.is_good, said
    assert outcome.histories > 10


def test_a_storm_follows_from_its_seed() -> None:
    assert Weather.of(7, seconds=1) == Weather.of(7, seconds=1)
    assert len({str(Weather.of(seed, seconds=1)) for seed in range(50)}) > 10
