"""Directories of which the kernel tells: all that comes and goes is heard, or it is known that it is not."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from logwatch.tail import ears as module
from logwatch.tail.ears import Ears


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ears]:
    """Ears that take the folder of the tests for a local one, whatever it lies on."""
    monkeypatch.setattr(module, "_type_of", lambda _directory: 0xEF53)
    ears = Ears()
    if ears.readable is None:
        pytest.skip("no inotify here")
    yield ears
    ears.close()


def listen(ears: Ears, directory: Path) -> None:
    ears.listen(str(directory), directory.stat().st_dev)


def test_what_comes_moves_and_goes_is_heard_once(ears: Ears, tmp_path: Path) -> None:
    log, moved = tmp_path / "a.log", tmp_path / "b.log"
    listen(ears, tmp_path)
    assert str(tmp_path) in ears
    assert ears.collect() == set()
    for deed in (log.touch, lambda: log.rename(moved), moved.unlink, (tmp_path / "below").mkdir):
        deed()
        assert ears.collect() == {str(tmp_path)}
        assert ears.collect() == set()


def test_writing_and_reading_are_not_heard(ears: Ears, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.touch()
    listen(ears, tmp_path)
    log.write_bytes(b"a line\n")
    log.read_bytes()
    assert ears.collect() == set()


def test_a_directory_that_is_gone_is_listened_to_no_more(ears: Ears, tmp_path: Path) -> None:
    folder = tmp_path / "job"
    folder.mkdir()
    listen(ears, folder)
    folder.rmdir()
    assert ears.collect() == {str(folder)}
    assert str(folder) not in ears


def test_another_one_at_its_path_is(ears: Ears, tmp_path: Path) -> None:
    folder, old = tmp_path / "job", tmp_path / "old"
    folder.mkdir()
    listen(ears, folder)
    folder.rename(old)
    folder.mkdir()
    listen(ears, folder)
    (old / "a.log").touch()
    assert ears.collect() == set()
    (folder / "a.log").touch()
    assert ears.collect() == {str(folder)}


def test_one_directory_is_heard_under_all_its_paths(ears: Ears, tmp_path: Path) -> None:
    folder, link = tmp_path / "job", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    for path in (folder, link):
        listen(ears, path)
    (folder / "a.log").touch()
    assert ears.collect() == {str(folder), str(link)}
    ears.forget(str(folder))
    (folder / "b.log").touch()
    assert ears.collect() == {str(link)}


def test_where_other_hosts_write_nothing_is_listened_to(
    ears: Ears, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nfs = 0x6969
    monkeypatch.setattr(module, "_type_of", lambda _directory: nfs)
    listen(ears, tmp_path)
    assert str(tmp_path) not in ears


def test_others_are_left_watches(ears: Ears, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ears, "_most", 2)
    folders = [tmp_path / name for name in "abc"]
    for folder in folders:
        folder.mkdir()
        listen(ears, folder)
    assert [str(folder) in ears for folder in folders] == [True, True, False]
    # One that is listened to already is so again when it is full.
    listen(ears, folders[0])
    assert str(folders[0]) in ears


def test_when_something_was_not_heard_everything_may_have_changed(
    ears: Ears, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
        listen(ears, folder)
    overflow = iter([struct.pack("iIII", -1, module._IN_Q_OVERFLOW, 0, 0), b""])
    monkeypatch.setattr(os, "read", lambda *_: next(overflow))
    assert ears.collect() == {str(folder) for folder in folders}


def test_without_inotify_nothing_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HAS_INOTIFY", False)
    ears = Ears()
    listen(ears, tmp_path)
    assert ears.readable is None
    assert str(tmp_path) not in ears
    assert ears.collect() == set()
    ears.close()


def test_which_file_system_it_is_is_found_out(tmp_path: Path) -> None:
    assert module._type_of(str(tmp_path)) != 0
    assert module._type_of(str(tmp_path / "not there")) == 0
