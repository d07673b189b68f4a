"""What stands for the whole run is taken out of the collector's sight, and seldom."""

import gc

import pytest

from logwatch.daemon.standing import MORE_FILES, Standing


@pytest.fixture
def freezes(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    taken: list[None] = []
    monkeypatch.setattr(gc, "freeze", lambda: taken.append(None))
    return taken


def test_what_is_there_at_the_start_is_taken_out_once(freezes: list[None]) -> None:
    standing = Standing()
    for files in (10, 10, 10 + MORE_FILES - 1, 0):
        standing.note(files)
    assert len(freezes) == 1


def test_so_is_what_many_more_files_bring(freezes: list[None]) -> None:
    standing = Standing()
    for files in (0, MORE_FILES, MORE_FILES + 1, 3 * MORE_FILES, 3 * MORE_FILES):
        standing.note(files)
    assert len(freezes) == 3


def test_files_that_come_and_go_are_none_that_stand(freezes: list[None]) -> None:
    standing = Standing()
    for files in (MORE_FILES, 1, MORE_FILES, 1, MORE_FILES):
        standing.note(files)
    assert len(freezes) == 1
