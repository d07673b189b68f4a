"""Waits grow, are spread, and never exceed the cap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.deliver.backoff import CAP_S, full_jitter


@pytest.mark.parametrize(
    ("failures", "most"), [(1, 2), (2, 4), (3, 8), (9, 512), (10, 600), (11, 600), (10_000, 600)]
)
def test_the_longest_wait_doubles_up_to_the_cap(failures: int, most: float) -> None:
    assert full_jitter(failures, lambda: 1.0) == most


@given(st.integers(1, 10**9), st.floats(0, 1))
def test_a_wait_is_anywhere_up_to_the_longest(failures: int, chance: float) -> None:
    assert 0 <= full_jitter(failures, lambda: chance) <= CAP_S
    assert full_jitter(failures, lambda: 0.0) == 0
