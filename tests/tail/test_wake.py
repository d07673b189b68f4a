"""Hints of the file system: heard in time, and none of them is needed."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from logwatch.tail.wake import CALM, LOUD, Doorbell, Heard, _outermost


class Bell:
    """Collects what a doorbell hears."""

    def __init__(self, *roots: Path) -> None:
        self.rung = threading.Event()
        self.heard = Heard()
        self.doorbell = Doorbell(self.rung.set, [str(root) for root in roots])

    def hear_until(self, condition: Callable[[Heard], bool]) -> Heard:
        deadline = time.monotonic() + 20
        while not condition(self.heard):
            assert time.monotonic() < deadline, self.heard
            if self.rung.wait(0.05):
                self.rung.clear()
            heard = self.doorbell.collect()
            self.heard.paths |= heard.paths
            self.heard.appeared.update(heard.appeared)
        return self.heard


@pytest.fixture
def bells() -> Iterator[Callable[..., Bell]]:
    made: list[Bell] = []

    def make(*roots: Path) -> Bell:
        bell = Bell(*roots)
        made.append(bell)
        bell.doorbell.listen()
        return bell

    yield make
    for bell in made:
        bell.doorbell.close()


def test_what_happens_to_files_is_heard(tmp_path: Path, bells: Callable[..., Bell]) -> None:
    there = tmp_path / "there.log"
    there.touch()
    bell = bells(tmp_path)
    assert bell.doorbell.is_listening
    created, renamed = tmp_path / "a.log", tmp_path / "b.log"
    created.touch()
    bell.hear_until(lambda heard: str(created) in heard.paths)
    created.rename(renamed)
    bell.hear_until(lambda heard: str(renamed) in heard.paths)
    there.write_bytes(b"a line\n")
    bell.hear_until(lambda heard: str(there) in heard.paths)
    there.unlink()
    assert bell.hear_until(lambda heard: heard.appeared.total() > 0).appeared[str(there)] == 0


def test_every_time_that_a_file_appeared_is_counted_where_it_went(
    tmp_path: Path, bells: Callable[..., Bell]
) -> None:
    bell = bells(tmp_path)
    log = tmp_path / "a.log"
    for _ in range(3):
        log.touch()
        log.unlink()
    log.touch()
    log.rename(tmp_path / "a.log.1")
    heard = bell.hear_until(lambda heard: str(tmp_path / "a.log.1") in heard.paths)
    assert heard.appeared[str(log)] + heard.appeared[str(tmp_path / "a.log.1")] == 4


def test_folders_below_are_listened_to_also_when_made_later(
    tmp_path: Path, bells: Callable[..., Bell]
) -> None:
    bell = bells(tmp_path)
    deep = tmp_path / "a/b"
    deep.mkdir(parents=True)
    bell.hear_until(lambda heard: str(tmp_path / "a") in heard.paths)
    log = deep / "x.log"

    def is_heard(heard: Heard) -> bool:
        log.write_bytes(b"a line\n")
        return str(log) in heard.paths

    bell.hear_until(is_heard)


def test_a_root_that_comes_later_is_listened_to_at_the_next_call(
    tmp_path: Path, bells: Callable[..., Bell]
) -> None:
    root = tmp_path / "later"
    bell = bells(root)
    assert bell.doorbell.problems == {str(root): "is not there yet"}
    assert not bell.doorbell.is_listening
    root.mkdir()
    bell.doorbell.listen()
    assert not bell.doorbell.problems
    # What happened before is found by a look, for which the root itself rings.
    bell.hear_until(lambda heard: str(root) in heard.paths)
    (root / "a.log").touch()
    bell.hear_until(lambda heard: str(root / "a.log") in heard.paths)


def test_a_root_that_was_made_anew_is_listened_to_again(tmp_path: Path, bells: Callable[..., Bell]) -> None:
    root = tmp_path / "root"
    root.mkdir()
    bell = bells(root)
    root.rename(tmp_path / "old")
    root.mkdir()
    bell.doorbell.listen()
    (root / "a.log").touch()
    bell.hear_until(lambda heard: str(root / "a.log") in heard.paths)


def test_reading_a_log_rings_no_bell(tmp_path: Path, bells: Callable[..., Bell]) -> None:
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    log.write_bytes(b"a line\n")
    bell = bells(tmp_path)
    bell.hear_until(lambda heard: str(tmp_path) in heard.paths)
    assert log.read_bytes()
    other.touch()
    assert str(log) not in bell.hear_until(lambda heard: str(other) in heard.paths).paths


def test_what_was_collected_is_not_told_again(tmp_path: Path, bells: Callable[..., Bell]) -> None:
    bell = bells(tmp_path)
    (tmp_path / "a.log").touch()
    bell.hear_until(lambda heard: str(tmp_path / "a.log") in heard.paths)
    bell.heard = Heard()
    (tmp_path / "b.log").touch()
    heard = bell.hear_until(lambda heard: str(tmp_path / "b.log") in heard.paths)
    assert heard.appeared[str(tmp_path / "a.log")] == 0


def test_names_that_are_no_text_are_heard(tmp_path: Path, bells: Callable[..., Bell]) -> None:
    bell = bells(tmp_path)
    name = os.fsdecode(b"rank\xff.log")
    (tmp_path / name).touch()
    bell.hear_until(lambda heard: str(tmp_path / name) in heard.paths)


def test_roots_below_other_roots_need_no_listening_of_their_own() -> None:
    assert _outermost(["/logs/a", "/logs", "/logs/a/b", "/logs2", "/var"]) == ["/logs", "/logs2", "/var"]
    assert _outermost(["/", "/logs"]) == ["/"]
    assert _outermost([]) == []


def test_writing_that_is_loud_is_not_listened_to_until_little_is_read(
    tmp_path: Path, bells: Callable[..., Bell], monkeypatch: pytest.MonkeyPatch
) -> None:
    doorbell = bells(tmp_path).doorbell
    monkeypatch.setattr(doorbell._handler, "_writes", LOUD + 1)
    doorbell.listen(reads=0)
    assert doorbell.is_loud
    # What is read was written: there is no need to listen to find that out.
    for _ in range(2 * CALM):
        doorbell.listen(reads=LOUD + 1)
        assert doorbell.is_loud
    for _ in range(CALM):
        assert doorbell.is_loud
        doorbell.listen(reads=1)
    assert not doorbell.is_loud
