"""Long work pauses now and then, and loses nothing by it."""

import time

import pytest

from logwatch.breath import STEPS, with_breaks


def test_a_pause_after_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    assert list(with_breaks(range(3 * STEPS + 1))) == list(range(3 * STEPS + 1))
    assert len(pauses) == 3
    assert list(with_breaks(range(10), 4)) == list(range(10))
    assert len(pauses) == 3 + 2


def test_a_little_work_does_not_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("it paused"))
    assert list(with_breaks(range(STEPS - 1))) == list(range(STEPS - 1))
