"""Scenario 90 with as many seeds as there is time for: random histories against an account of what was written."""

import time
from collections.abc import Callable

import hypothesis
from hypothesis import strategies as st

from conformance.model import STEPS, play_in_a_folder

from .account import Outcome

# Histories of one seed. A failure is named by its seed, and made small by Hypothesis.
EXAMPLES = 200
KIND = "histories"


def play(seed: int, seconds: float, say: Callable[[str], None]) -> Outcome:
    """Histories of `seed`, `seed` + 1 … for so long."""
    outcome = Outcome()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _play(seed, outcome, say)
        seed += 1
    return outcome


def _play(seed: int, outcome: Outcome, say: Callable[[str], None]) -> None:
    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    )
    @hypothesis.given(history=st.lists(STEPS, min_size=1, max_size=40), rotated_names_fit=st.booleans())
    def histories(history: list[tuple[object, ...]], rotated_names_fit: bool) -> None:
        world = play_in_a_folder(history, rotated_names_fit=rotated_names_fit)
        outcome.histories += 1
        outcome.written[KIND] += len(world.written)
        outcome.seen[KIND] += len(world.told)
        if excused := len(world.excused - set(world.told)):
            outcome.excused[KIND, "cut or deleted before a look"] += excused

    try:
        histories()
    except AssertionError as error:
        outcome.broken.append(f"histories, seed {seed}: {error}")
        say(outcome.broken[-1])
