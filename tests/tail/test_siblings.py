"""What rotation leaves beside a log: the file itself, a copy, runs that nobody has seen."""

import contextlib
import os
from pathlib import Path

import pytest

from logwatch.tail.descriptors import Descriptors, file_id
from logwatch.tail.evidence import TAIL
from logwatch.tail.life import NOWHERE, Life
from logwatch.tail.siblings import (
    Surroundings,
    find_copy,
    find_renamed,
    find_unseen,
    is_mounted,
    repeats,
    rotated_from,
)
from logwatch.tail.verdict import FileId

TEXT = b"".join(b"step %d loss 2.3714\n" % n for n in range(200))


def read_life(path: Path, text: bytes = TEXT) -> Life:
    """A life of `path`, open, of which `text` was written and read."""
    path.write_bytes(text)
    fd = os.open(path, os.O_RDONLY)
    stat = os.fstat(fd)
    life = Life("key", "logs", str(path), 1, file_id(fd, stat), home=str(path), began_ns=stat.st_ctime_ns)
    life.fd, life.size, life.offset = fd, len(text), len(text)
    life.evidence.extend(text, text[-TAIL:])
    return life


def identity_of(path: Path) -> FileId:
    fd = os.open(path, os.O_RDONLY)
    try:
        return file_id(fd, os.fstat(fd))
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("name", "logs"),
    [
        ("train.log.1", ["train.log"]),
        ("train.log.12", ["train.log"]),
        ("train.log-20260104", ["train.log"]),
        ("train.log.2026-01-04", ["train.log", "train.log.2026-01", "train.log.2026"]),
        ("train.log.2026-01-04T21:33:04Z", ["train.log", "train.log.2026-01", "train.log.2026"]),
        ("train.log_old", ["train.log"]),
        ("train.log.BAK", ["train.log"]),
        ("train.log", []),
        ("train.log.txt", []),
        ("train.log.1.gz", []),
        ("rank3", []),
        (".1", []),
    ],
)
def test_names_that_rotation_gives(name: str, logs: list[str]) -> None:
    assert sorted(rotated_from(f"/logs/{name}")) == sorted(f"/logs/{log}" for log in logs)


def test_a_renamed_file_is_found_by_its_inode(tmp_path: Path) -> None:
    life = read_life(tmp_path / "a.log")
    (tmp_path / "a.log").rename(tmp_path / "whatever")
    (tmp_path / "a.log").touch()
    assert find_renamed(life, Surroundings()) == str(tmp_path / "whatever")
    (tmp_path / "whatever").unlink()
    assert find_renamed(life, Surroundings()) is None


def test_a_renamed_file_is_looked_for_where_its_link_led(tmp_path: Path) -> None:
    (tmp_path / "pods").mkdir()
    life = read_life(tmp_path / "pods/0.log")
    life.path, life.home, life.target = str(tmp_path / "link"), str(tmp_path / "link"), life.path
    (tmp_path / "link").symlink_to("pods/0.log")
    (tmp_path / "pods/0.log").rename(tmp_path / "pods/0.log.20260104")
    assert find_renamed(life, Surroundings()) == str(tmp_path / "pods/0.log.20260104")


def test_a_listing_is_made_anew_when_its_folder_has_changed(tmp_path: Path) -> None:
    surroundings = Surroundings()
    life = read_life(tmp_path / "a.log")
    os.utime(tmp_path, (1, 1))
    assert list(surroundings.rotated(life.log)) == []
    (tmp_path / "a.log.1").touch()
    assert list(surroundings.rotated(life.log)) == [
        (str(tmp_path / "a.log.1"), (tmp_path / "a.log.1").stat().st_ino)
    ]


def test_a_copy_with_the_unread_rest_is_found(tmp_path: Path) -> None:
    life = read_life(tmp_path / "a.log")
    (tmp_path / "a.log.1").write_bytes(TEXT + b"the unread rest\n")
    found = find_copy(life, Surroundings(), lambda _: False)
    assert found is not None
    path, fd = found
    assert (path, os.pread(fd, 100, len(TEXT))) == (str(tmp_path / "a.log.1"), b"the unread rest\n")
    os.close(fd)
    taken = identity_of(tmp_path / "a.log.1")
    assert find_copy(life, Surroundings(), lambda file: file == taken) is None


def test_a_file_is_no_copy_of_itself(tmp_path: Path) -> None:
    life = read_life(tmp_path / "a.log")
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    assert find_copy(life, Surroundings(), lambda _: False) is None


@pytest.mark.parametrize("what", ["renamed file", "copy", "unseen run"])
def test_what_is_moved_on_while_it_is_looked_for_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """All numbers move on by one between the listing and whatever is done with it first."""
    life = read_life(tmp_path / "a.log")
    if what == "renamed file":
        (tmp_path / "a.log").rename(tmp_path / "a.log.9")
    else:
        (tmp_path / "a.log.9").write_bytes(TEXT + b"more\n" if what == "copy" else b"another run\n")
    list_names = os.scandir

    def listed(folder: str) -> object:
        names = list(list_names(folder))
        monkeypatch.undo()
        (tmp_path / "a.log.9").rename(tmp_path / "a.log.10")
        (tmp_path / "a.log.9").write_bytes(b"")
        return contextlib.nullcontext(names)

    monkeypatch.setattr(os, "scandir", listed)
    moved = str(tmp_path / "a.log.10")
    if what == "renamed file":
        assert find_renamed(life, Surroundings()) == moved
    elif what == "copy":
        path, fd = find_copy(life, Surroundings(), lambda _: False) or ("", -1)
        os.close(fd)
        assert path == moved
    else:
        assert moved in find_unseen(life, Surroundings(), lambda _: False, lambda *_: False)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.log.1", TEXT[:-1]),
        ("a.log.1", b"?" + TEXT[1:] + b"more"),
        ("a.log.txt", TEXT + b"more"),
        ("b.log.1", TEXT + b"more"),
    ],
)
def test_what_is_no_copy_of_it_is_not_taken_for_one(tmp_path: Path, name: str, text: bytes) -> None:
    life = read_life(tmp_path / "a.log")
    (tmp_path / name).write_bytes(text)
    assert find_copy(life, Surroundings(), lambda _: False) is None


def test_of_what_was_not_read_no_copy_can_be_known(tmp_path: Path) -> None:
    life = read_life(tmp_path / "a.log", b"")
    (tmp_path / "a.log.1").write_bytes(b"anything")
    assert find_copy(life, Surroundings(), lambda _: False) is None


def test_a_pipe_that_is_named_as_a_copy_is_not_waited_for(tmp_path: Path) -> None:
    life = read_life(tmp_path / "a.log")
    os.mkfifo(tmp_path / "a.log.1")
    assert find_copy(life, Surroundings(), lambda _: False) is None
    assert find_unseen(life, Surroundings(), lambda _: False, lambda *_: False) == []


def test_runs_that_were_rotated_away_unseen_are_found_oldest_first(tmp_path: Path) -> None:
    before = tmp_path / "a.log.3"
    before.write_bytes(b"what was there before anybody looked\n")
    born_before = identity_of(before)
    life = read_life(tmp_path / "a.log")
    if not born_before.birth_ns or born_before.birth_ns >= life.began_ns:
        life.began_ns = before.stat().st_mtime_ns + 1
    for n, name in ((2, "a.log.2"), (1, "a.log.1")):
        (tmp_path / name).write_bytes(b"another run, number %d\n" % n)
        os.utime(tmp_path / name, ns=(0, life.began_ns + (3 - n) * 10**9))
    (tmp_path / "a.log.bak").write_bytes(TEXT[:1000])
    found = find_unseen(life, Surroundings(), lambda _: False, lambda *_: False)
    assert found == [str(tmp_path / "a.log.2"), str(tmp_path / "a.log.1")]
    known = identity_of(tmp_path / "a.log.2")
    assert find_unseen(life, Surroundings(), lambda file: file == known, lambda *_: False) == found[1:]
    assert find_unseen(life, Surroundings(), lambda _: False, lambda _, ino: ino == known.ino) == found[1:]


def test_a_file_repeats_another_as_far_as_it_goes(tmp_path: Path) -> None:
    descriptors = Descriptors(8)
    original = read_life(tmp_path / "a.log")
    descriptors.adopt(original, original.fd)
    (tmp_path / "a.log.1").touch()
    copy = Life("copy", "logs", str(tmp_path / "a.log.1"), 1, identity_of(tmp_path / "a.log.1"))
    for text, is_repeated in [
        (TEXT, True),
        (TEXT + b"more", True),
        (TEXT[:100], True),
        (b"", False),
        (b"something else\n", False),
        (b"?" + TEXT[1:], False),
    ]:
        (tmp_path / "a.log.1").write_bytes(text)
        assert repeats(copy, original, descriptors) is is_repeated
    descriptors.close_all()


def test_a_part_is_compared_with_the_original_and_not_with_what_lies_there_now(tmp_path: Path) -> None:
    """The original is closed, and the part itself has been moved to where it was."""
    descriptors = Descriptors(8)
    original = read_life(tmp_path / "a.log")
    os.close(original.fd)
    original.fd = NOWHERE
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    (tmp_path / "a.log").write_bytes(b"a run of its own\n")
    other = Life("other", "logs", str(tmp_path / "a.log"), 2, identity_of(tmp_path / "a.log"))
    assert not repeats(other, original, descriptors)
    assert original.fd == NOWHERE
    descriptors.close_all()


def test_a_missing_file_was_removed_if_its_file_system_is_there(tmp_path: Path) -> None:
    life = read_life(tmp_path / "a.log")
    life.path = str(tmp_path / "gone/with/its/folders/a.log")
    assert is_mounted(life)
    life.file = life.file.__class__(life.file.dev + 1, life.file.ino)
    assert not is_mounted(life)
