"""Scenario 90 with as many seeds as there is time for: random histories against an account of what was written."""

import time
from collections.abc import Callable

from conformance.model import play_seed

from .account import Outcome

KIND = "histories"


def play(seed: int, seconds: float, say: Callable[[str], None]) -> Outcome:
    """Histories of `seed`, `seed` + 1 … for so long. One that fails is named by its seed, and made short."""
    outcome = Outcome()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _play(seed, outcome, say)
        seed += 1
    return outcome


def _play(seed: int, outcome: Outcome, say: Callable[[str], None]) -> None:
    outcome.histories += 1
    try:
        world = play_seed(seed)
    except AssertionError as error:
        outcome.broken.append(f"histories, {error}")
        say(outcome.broken[-1])
        return
    outcome.written[KIND] += len(world.written)
    outcome.seen[KIND] += len(world.told)
    if excused := len(world.excused - set(world.told)):
        outcome.excused[KIND, "cut or deleted before a look"] += excused
