"""A digest and a crowd, as they are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.catalogue.entry import Language
from logwatch.deliver.flood import WINDOW_S, Budget, Crowd
from logwatch.incident.incident import Notice
from logwatch.render.text import text
from render.incidents import HOSTILE, HUGE, incident
from render.test_slack import assert_sound, body

NOW = 1_795_326_000.0


def digest(count: int, language: Language = "en", **changes: str) -> Notice:
    budget = Budget()
    assert budget.allows(1, NOW)
    for n in range(count):
        assert not budget.allows(1, NOW + n)
        about = incident(incident_id=f"{n % 30:032x}", labels={"job": f"job-{n % 30}"}, **changes)
        budget.hold(about)
    made = budget.digest("oncall", "n1", language, NOW + WINDOW_S)
    assert made is not None
    return made


def test_a_digest_says_what_was_suppressed_and_of_whom_most() -> None:
    told = text(digest(213))
    assert told.startswith("CRITICAL: Messages were held back\n  Suppressed 213 further, about 30 incidents.")
    assert "nccl/watchdog-timeout in job job-0: 8." in told
    assert "And 10 more incidents." in told
    assert "silence" not in told


def test_a_digest_speaks_the_language_of_its_receiver() -> None:
    assert "另有 3 条消息未发送" in text(digest(3, "zh"), "zh")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_slack_takes_a_digest(language: Language) -> None:
    assert_sound(body(digest(500, language), language))


@pytest.mark.parametrize("hostile", [*HOSTILE, *HUGE])
def test_slack_takes_a_digest_of_anything(hostile: str) -> None:
    assert_sound(body(digest(40, error_id=f"nccl/{hostile}")))


def test_slack_takes_a_crowd_and_its_silence_is_for_all_jobs() -> None:
    crowd = Crowd()
    told = [
        crowd.hear(
            Notice(f"n{n}", "opened", NOW, incident(incident_id=str(n), labels={"job": f"job-{n}"})), 10, NOW
        )
        for n in range(11)
    ]
    assert told[:-1] == [None] * 10
    assert told[-1] is not None
    assert_sound(body(told[-1]))
    said = text(told[-1])
    assert "It befalls many jobs at once: 11 so far." in said
    assert "logwatch silence add --error nccl/watchdog-timeout --for 2h" in said


@given(st.lists(st.tuples(st.floats(0, 4e9), st.integers(0, 50)), max_size=60), st.integers(1, 5))
def test_every_message_is_either_sent_or_counted_in_a_digest(
    messages: list[tuple[float, int]], most: int
) -> None:
    """Whatever the clock does."""
    budget, sent, counted = Budget(), 0, 0
    for now, number in messages:
        made = budget.digest("oncall", "n1", "en", now)
        counted += made.incident.count if made else 0
        if budget.allows(most, now):
            sent += 1
        else:
            budget.hold(incident(incident_id=str(number)))
        budget = Budget.from_dict(budget.to_dict())
    assert sent + counted + budget.held_in_all == len(messages)
