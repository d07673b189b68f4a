"""Open files are few, and each is what it is taken for."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from logwatch.tail.descriptors import Descriptors, file_id, name_of
from logwatch.tail.life import NOWHERE, Life
from logwatch.tail.verdict import FileId


def identity(path: Path) -> FileId:
    fd = os.open(path, os.O_RDONLY)
    try:
        return file_id(fd, os.fstat(fd))
    finally:
        os.close(fd)


def life(folder: Path, name: str, *, unread: int = 0) -> Life:
    path = folder / name
    path.write_bytes(b"x" * 10)
    return Life(name, "logs", str(path), 1, identity(path), size=unread)


def are_open(*lives: Life) -> list[bool]:
    return [life.fd != NOWHERE for life in lives]


def test_a_file_is_opened_once(tmp_path: Path) -> None:
    descriptors, log = Descriptors(4), life(tmp_path, "a")
    assert descriptors.open(log) == descriptors.open(log) == log.fd
    assert len(descriptors) == 1
    descriptors.close(log)
    assert are_open(log) == [False]
    descriptors.close(log)


def test_the_least_recently_used_is_closed_first(tmp_path: Path) -> None:
    descriptors = Descriptors(2)
    one, two, three = (life(tmp_path, name) for name in "abc")
    for log in (one, two, one, three):
        descriptors.open(log)
    assert are_open(one, two, three) == [True, False, True]
    descriptors.close_all()
    assert are_open(one, two, three) == [False] * 3


def test_what_was_read_is_closed_before_what_was_not(tmp_path: Path) -> None:
    descriptors = Descriptors(2)
    behind, done, new = life(tmp_path, "a", unread=5), life(tmp_path, "b"), life(tmp_path, "c")
    for log in (behind, done, new):
        descriptors.open(log)
    assert are_open(behind, done, new) == [True, False, True]
    descriptors.close_all()


def test_a_deleted_file_stays_open_whatever_the_limit(tmp_path: Path) -> None:
    """There is no other way to what stands in it."""
    descriptors = Descriptors(1)
    logs = [life(tmp_path, name) for name in "abc"]
    for log in logs:
        descriptors.open(log)
        log.is_deleted = True
    descriptors.open(life(tmp_path, "d"))
    assert are_open(*logs) == [True] * 3
    descriptors.close_all()


def test_a_renamed_file_can_be_closed_and_opened_again(tmp_path: Path) -> None:
    descriptors = Descriptors(1)
    renamed = life(tmp_path, "a")
    renamed.is_nameless = True
    descriptors.open(renamed)
    descriptors.open(life(tmp_path, "b"))
    assert are_open(renamed) == [False]
    descriptors.close_all()


def test_a_closed_file_is_not_taken_for_another_at_its_path(tmp_path: Path) -> None:
    """Rotation moves files on while they are closed."""
    descriptors, log = Descriptors(2), life(tmp_path, "a")
    Path(log.path).rename(tmp_path / "a.1")
    Path(log.path).write_bytes(b"another one")
    with pytest.raises(FileNotFoundError, match="another file has taken its place"):
        descriptors.open(log)
    assert are_open(log) == [False]
    fd, stat, here = descriptors.open_unknown(log)
    assert (log.fd, stat.st_size) == (fd, len(b"another one"))
    assert here == identity(Path(log.path)) != log.file
    descriptors.close_all()


def test_what_was_closed_is_compared_anew(tmp_path: Path) -> None:
    """Nobody has seen what became of it meanwhile."""
    descriptors, log = Descriptors(2), life(tmp_path, "a")
    log.verified = True
    descriptors.open(log)
    assert not log.verified
    log.verified = True
    descriptors.open(log)
    assert log.verified
    descriptors.close_all()


def test_a_descriptor_is_handed_over(tmp_path: Path) -> None:
    descriptors, old, new = Descriptors(2), life(tmp_path, "a"), life(tmp_path, "b")
    fd = descriptors.open(old)
    descriptors.hand_over(old, new)
    assert (old.fd, new.fd) == (NOWHERE, fd)
    descriptors.hand_over(old, new)
    assert new.fd == fd
    descriptors.close_all()


@contextmanager
def few_descriptors(spare: int) -> Iterator[None]:
    """The process may open only so many more; holes that others have left are filled."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    fillers = [os.open("/", os.O_RDONLY)]
    while fillers[-1] < highest:
        fillers.append(os.open("/", os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(highest, *fillers) + 1 + spare, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        for filler in fillers:
            os.close(filler)


def test_when_the_process_has_no_descriptors_left_room_is_made(tmp_path: Path) -> None:
    descriptors = Descriptors(1000)
    logs = [life(tmp_path, f"{n}") for n in range(40)]
    with few_descriptors(20):
        for log in logs:
            assert os.pread(descriptors.open(log), 10, 0) == b"x" * 10
    assert 0 < len(descriptors) <= 20
    descriptors.close_all()


def test_a_file_that_is_not_there_cannot_be_opened(tmp_path: Path) -> None:
    log = life(tmp_path, "a")
    Path(log.path).unlink()
    with pytest.raises(FileNotFoundError):
        Descriptors(2).open(log)
    assert are_open(log) == [False]


def test_a_file_keeps_its_identity_when_written_cut_and_renamed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    before = identity(path)
    path.write_bytes(b"")
    path.rename(tmp_path / "b")
    assert identity(tmp_path / "b") == before


def test_a_file_that_was_made_anew_is_another_even_with_the_same_inode(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    before = identity(path)
    if not before.birth_ns:
        pytest.skip("this file system does not know when files were born")
    path.unlink()
    path.touch()
    assert not identity(path).is_same_file(before)


def test_an_open_file_is_found_under_its_present_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    fd = os.open(path, os.O_RDONLY)
    try:
        path.rename(tmp_path / "b")
        assert name_of(fd) == str(tmp_path / "b")
        (tmp_path / "b").unlink()
        assert name_of(fd) is None
        # Another file that is called as the kernel calls a deleted one.
        (tmp_path / "b (deleted)").touch()
        assert name_of(fd) is None
    finally:
        os.close(fd)


def test_reading_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"step 1\n")
    os.utime(path, (1_000_000, 2_000_000))
    fd = Descriptors(4).open_path(str(path))
    os.pread(fd, 10, 0)
    os.close(fd)
    assert path.stat().st_atime == 1_000_000


def test_a_file_of_somebody_else_is_opened_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"step 1\n")
    real = os.open

    def as_another_user(path: str, flags: int) -> int:
        if flags & os.O_NOATIME:
            raise PermissionError(errno.EPERM, "Operation not permitted", path)
        return real(path, flags)

    monkeypatch.setattr(os, "open", as_another_user)
    fd = Descriptors(4).open_path(str(path))
    assert os.pread(fd, 10, 0) == b"step 1\n"
    os.close(fd)
