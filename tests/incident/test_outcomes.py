"""A claim is worth four cases of somebody else's; one's own experience outweighs it sooner or later."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.catalogue.entry import Entry
from logwatch.incident.advisor import Advisor
from logwatch.incident.outcomes import CLAIM_WEIGHT, Experience, Outcome, Report, expected

ENTRY = Entry.model_validate(
    {
        "id": "nccl/watchdog-timeout",
        "aliases": ["nccl/old"],
        "signature": "Timeout",
        "regex": "Watchdog caught collective operation timeout",
        "root_cause": "One rank is missing.",
        "workarounds": [
            {"action": "Find the missing rank.", "success_rate": 0.85},
            {"action": "Raise the timeout.", "success_rate": 0.3},
            {"action": "Hope."},
        ],
        "workarounds_zh": ["找到缺失的 rank。", "调大超时。", "听天由命。"],
    }
)
rates = st.none() | st.floats(0, 1)
counts = st.integers(0, 1000)


def report(action: str, *, worked: bool, times: int = 1, error_id: str = ENTRY.id) -> list[Report]:
    return [Report(f"i{n}", error_id, action, worked, 0.0, "ada") for n in range(times)]


def advised(experience: Experience, language: str = "en") -> list[tuple[str, int, int]]:
    advisor = Advisor({ENTRY.id: ENTRY}, "v", language, experience)  # type: ignore[arg-type]
    return [(a.action, a.worked, a.tried) for a in advisor._workarounds(ENTRY)]


def test_without_experience_the_claim_stands() -> None:
    assert expected(0.85, Outcome()) == pytest.approx(0.85)
    assert expected(None, Outcome()) == 0.0
    assert [action for action, _, _ in advised(Experience())] == [w.action for w in ENTRY.workarounds]


def test_three_of_eleven_is_worth_more_than_the_claim() -> None:
    assert expected(0.85, Outcome(3, 11)) == pytest.approx((4 * 0.85 + 3) / 15)


def test_what_fails_here_is_advised_later_and_what_helps_here_first() -> None:
    raise_it, find = ENTRY.workarounds[1].action, ENTRY.workarounds[0].action
    experience = Experience([*report(find, worked=False, times=8), *report(raise_it, worked=True, times=3)])
    assert advised(experience) == [(raise_it, 3, 3), (find, 0, 8), ("Hope.", 0, 0)]


def test_one_failure_does_not_overturn_a_good_claim() -> None:
    first, *_ = advised(Experience(report(ENTRY.workarounds[0].action, worked=False)))
    assert first == (ENTRY.workarounds[0].action, 0, 1)


def test_experience_speaks_every_language() -> None:
    experience = Experience(report(ENTRY.workarounds[1].action, worked=True, times=20))
    assert advised(experience, "zh")[0] == ("调大超时。", 20, 20)


def test_experience_under_a_former_id_counts() -> None:
    experience = Experience(report("Hope.", worked=True, times=2, error_id="nccl/old"))
    assert experience.of(ENTRY, "Hope.") == Outcome(2, 2)


def test_learning_anew_forgets_what_was_corrected() -> None:
    experience = Experience(report("Hope.", worked=True))
    experience.learn(report("Hope.", worked=False))
    assert experience.of(ENTRY, "Hope.") == Outcome(0, 1)


@given(rates, counts, counts)
def test_it_lies_between_the_claim_and_what_was_seen(claim: float | None, worked: int, failed: int) -> None:
    outcome = Outcome(worked, worked + failed)
    seen = worked / outcome.tried if outcome.tried else (claim or 0.0)
    low, high = sorted([claim or 0.0, seen])
    assert low - 1e-9 <= expected(claim, outcome) <= high + 1e-9


@given(rates, counts, counts)
def test_a_success_never_lowers_it_and_a_failure_never_raises_it(
    claim: float | None, worked: int, failed: int
) -> None:
    outcome = Outcome(worked, worked + failed)
    steps = [outcome.and_one(worked=False), outcome, outcome.and_one(worked=True)]
    assert all(expected(claim, a) <= expected(claim, b) + 1e-12 for a, b in pairwise(steps))


def test_the_claim_fades_as_cases_are_counted() -> None:
    assert abs(expected(1.0, Outcome(0, 400)) - 0.0) < CLAIM_WEIGHT / 400


@pytest.mark.parametrize("body", [{}, [], "x", None, {"incident_id": "a", "at": "soon"}])
def test_what_is_no_report_is_refused(body: object) -> None:
    with pytest.raises(ValueError, match="is no outcome"):
        Report.from_dict(body)  # type: ignore[arg-type]
