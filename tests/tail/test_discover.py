"""Which files a set of patterns finds, and what is new at the next look."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from logwatch.tail import ears
from logwatch.tail.discover import Tree, discover

FILES = (
    "a.log",
    "b.txt",
    ".hidden.log",
    "job-1/rank0.log",
    "job-1/rank1.log",
    "job-1/old/rank0.log",
    "job-2/rank0.log",
    ".git/x.log",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def found(folder: Path, *patterns: str, exclude: tuple[str, ...] = ()) -> set[str]:
    paths = discover([str(folder / pattern) for pattern in patterns], exclude).paths
    return {os.path.relpath(path, folder) for path in paths}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("a.log", {"a.log"}),
        ("*.log", {"a.log"}),
        ("?.log", {"a.log"}),
        ("[ab].*", {"a.log", "b.txt"}),
        ("*/rank0.log", {"job-1/rank0.log", "job-2/rank0.log"}),
        ("job-1/**/rank0.log", {"job-1/rank0.log", "job-1/old/rank0.log"}),
        ("job-1/**", {"job-1/rank0.log", "job-1/rank1.log", "job-1/old/rank0.log"}),
        ("**/*.log", {n for n in FILES if n.endswith(".log") and not n.startswith(".")}),
        (".*.log", {".hidden.log"}),
        (".git/*", {".git/x.log"}),
        ("*/*/*.log", {"job-1/old/rank0.log"}),
        ("nothing/*.log", set()),
        ("a.log/*.log", set()),
    ],
)
def test_patterns(folder: Path, pattern: str, names: set[str]) -> None:
    assert found(folder, pattern) == names


@pytest.mark.parametrize("pattern", ["*.log", "job-1/**", "**/rank?.log", "*/rank0.log", ".git/*"])
def test_a_file_is_found_exactly_if_its_path_fits(folder: Path, pattern: str) -> None:
    tree = Tree([str(folder / pattern)])
    assert found(folder, pattern) == {name for name in FILES if tree.fits(str(folder / name))}


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ("*.log", set()),
        ("rank0.log", {"a.log", "job-1/rank1.log"}),
        ("**/old/**", {"a.log", "job-1/rank0.log", "job-1/rank1.log", "job-2/rank0.log"}),
        ("job-1/*", {"a.log", "job-1/old/rank0.log", "job-2/rank0.log"}),
        ("r?nk0.log", {"a.log", "job-1/rank1.log"}),
    ],
)
def test_exclusion_wins(folder: Path, exclude: str, left: set[str]) -> None:
    assert found(folder, "**/*.log", exclude=(exclude,)) == left


def test_names_with_signs_of_other_languages_are_only_names(tmp_path: Path) -> None:
    for name in ("a+b.log", "a(1).log", "ab.log", "a\nb.log"):
        (tmp_path / name).touch()
    assert found(tmp_path, "a+b.log") == {"a+b.log"}
    assert found(tmp_path, "*.log", exclude=("a(1).log",)) == {"a+b.log", "ab.log", "a\nb.log"}


def test_a_file_that_two_patterns_fit_is_found_once(folder: Path) -> None:
    patterns = [str(folder / "*.log"), str(folder / "a*"), str(folder / "**/a.log")]
    assert discover(patterns).paths == [str(folder / "a.log")]


def test_folders_are_no_files(folder: Path) -> None:
    (folder / "folder.log").mkdir()
    assert found(folder, "*.log") == {"a.log"}


def test_linked_folders_are_entered_by_name_but_not_by_double_star(folder: Path) -> None:
    (folder / "latest").symlink_to("job-1")
    (folder / "loop").symlink_to(".")
    assert found(folder, "latest/*.log") == {"latest/rank0.log", "latest/rank1.log"}
    assert "latest/rank0.log" in found(folder, "*/*.log")
    assert not any(name.startswith(("latest", "loop")) for name in found(folder, "**/*.log"))


UNREADABLE = """
import json, os, sys
from collections.abc import Iterator
from pathlib import Path
from logwatch.tail.discover import Tree
folder = Path(sys.argv[1])
if not os.geteuid():
    os.setegid(65534)
    os.seteuid(65534)
tree = Tree([str(folder / "*/*.log")])
first = tree.look()
(folder / "job-1").chmod(0o755)
print(json.dumps([sorted(first.appeared), first.unreadable, sorted(tree.look().appeared)]))
"""


def test_a_folder_that_cannot_be_listed_hides_no_other_and_is_found_when_it_can(tmp_path: Path) -> None:
    """In a process that is not root's: root may list everything."""
    if not os.geteuid():
        for parent in (tmp_path, *tmp_path.parents):
            if not parent.stat().st_mode & 0o001 and parent.stat().st_uid == 0:
                parent.chmod(0o711)
    for name in ("job-1", "job-2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.log").touch()
        if not os.geteuid():
            os.chown(tmp_path / name, 65534, 65534)
    (tmp_path / "job-1").chmod(0o000)
    tmp_path.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", UNREADABLE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    hidden, seen = (str(tmp_path / name / "a.log") for name in ("job-1", "job-2"))
    assert done.stdout.strip() == str(
        [[seen], {str(tmp_path / "job-1"): "Permission denied"}, [hidden]]
    ).replace("'", '"')


def test_a_second_look_tells_what_is_new(folder: Path) -> None:
    tree = Tree([str(folder / "**/*.log")])
    everything = tree.look().appeared
    assert tree.names == everything
    assert not tree.look().appeared
    (folder / "job-1/rank0.log").unlink()
    (folder / "job-2/rank9.log").touch()
    (folder / "job-1/rank1.log").rename(folder / "job-1/moved.txt")
    (folder / "job-1/rank1.log").touch()
    news = tree.look()
    assert news.vanished == {str(folder / "job-1/rank0.log")}
    assert news.appeared == {str(folder / "job-2/rank9.log")}
    assert news.changed == {str(folder / "job-1/rank1.log")}
    assert tree.names == (everything - news.vanished) | news.appeared


def test_a_link_that_leads_elsewhere_has_changed(folder: Path) -> None:
    link = folder / "current.log"
    link.symlink_to("a.log")
    tree = Tree([str(link)])
    tree.look()
    (folder / "other").symlink_to("b.txt")
    (folder / "other").rename(link)
    assert tree.look().changed == {str(link)}


def test_what_stood_in_a_folder_vanishes_with_it_and_comes_back(folder: Path) -> None:
    tree = Tree([str(folder / "*/rank0.log")])
    tree.look()
    (folder / "job-1").rename(folder / ".job-1")
    assert tree.look().vanished == {str(folder / "job-1/rank0.log")}
    (folder / ".job-1").rename(folder / "job-1")
    assert tree.look().appeared == {str(folder / "job-1/rank0.log")}


def test_another_folder_of_the_same_name_is_noticed(folder: Path) -> None:
    tree = Tree([str(folder / "job-1/*.log")])
    tree.look()
    (folder / "job-1").rename(folder / "archive")
    (folder / "job-1").mkdir()
    (folder / "job-1/rank0.log").touch()
    news = tree.look()
    assert news.changed == {str(folder / "job-1/rank0.log")}
    assert news.vanished == {str(folder / "job-1/rank1.log")}


def test_a_change_right_after_a_look_is_not_overlooked(tmp_path: Path) -> None:
    """Many changes fall into one tick of the file system's clock."""
    tree = Tree([str(tmp_path / "*.log")])
    for n in range(200):
        (tmp_path / f"{n}.log").touch()
        assert tree.look().appeared == {str(tmp_path / f"{n}.log")}


def test_a_folder_at_rest_is_not_listed_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree([str(folder / "**/*.log")])
    tree.look()
    for path in (folder, *(p for p in folder.rglob("*") if p.is_dir())):
        os.utime(path, (1, 1))
    tree.look()
    monkeypatch.setattr(os, "scandir", lambda path: pytest.fail(f"{path} was listed"))
    assert not tree.look().appeared


def test_patterns_begin_where_their_fixed_part_ends(tmp_path: Path) -> None:
    tree = Tree([f"{tmp_path}/a/*.log", f"{tmp_path}/a/b.log", "/x/**/y.log"])
    assert tree.roots == sorted([f"{tmp_path}/a", "/x"])


@pytest.fixture
def heard(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tree]:
    """A tree that has been looked at, of which the kernel tells."""
    monkeypatch.setattr(ears, "_type_of", lambda _directory: 0xEF53)
    listening = ears.Ears()
    if listening.readable is None:
        pytest.skip("no inotify here")
    tree = Tree([str(folder / "**/*.log")], ears=listening)
    tree.look()
    tree.look(asks_all=False)
    yield tree
    listening.close()


def test_directories_of_which_the_kernel_tells_are_not_asked(
    folder: Path, heard: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert heard.is_heard
    for call in ("stat", "scandir"):
        monkeypatch.setattr(os, call, lambda path: pytest.fail(f"{path} was asked"))
    assert not heard.listen()
    assert not heard.look(asks_all=False).appeared
    monkeypatch.undo()
    asked: list[str] = []
    stat = os.stat
    monkeypatch.setattr(os, "stat", lambda path: asked.append(path) or stat(path))
    heard.look()
    assert sorted(asked) == sorted(str(folder / name) for name in ("", "job-1", "job-1/old", "job-2"))


def test_only_the_one_that_changed_is_listed(
    folder: Path, heard: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "job-1/rank2.log").touch()
    assert heard.listen()
    listed: list[str] = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    assert heard.look(asks_all=False).appeared == {str(folder / "job-1/rank2.log")}
    assert listed == [str(folder / "job-1")]


def test_new_folders_are_listened_to_from_the_first_look_on(folder: Path, heard: Tree) -> None:
    deep = folder / "job-3/node/rank"
    deep.mkdir(parents=True)
    heard.look(asks_all=False)
    for folder_below in (deep, deep.parent, deep.parent.parent):
        (folder_below / "a.log").touch()
        assert heard.look(asks_all=False).appeared == {str(folder_below / "a.log")}


def test_a_folder_that_was_moved_is_heard_where_it_is(folder: Path, heard: Tree) -> None:
    (folder / "job-1").rename(folder / "job-9")
    news = heard.look(asks_all=False)
    assert len(news.appeared) == len(news.vanished) == 3
    (folder / "job-9/new.log").touch()
    assert heard.look(asks_all=False).appeared == {str(folder / "job-9/new.log")}
    (folder / "job-1").mkdir()
    (folder / "job-1/rank0.log").touch()
    assert heard.look(asks_all=False).appeared == {str(folder / "job-1/rank0.log")}


def test_a_folder_that_cannot_be_listened_to_is_asked_each_time(
    folder: Path, heard: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears.Ears, "_watch", lambda *_: None)
    (folder / "job-3").mkdir()
    heard.look(asks_all=False)
    assert not heard.is_heard
    (folder / "job-3/a.log").touch()
    assert not heard.listen()
    assert heard.look(asks_all=False).appeared == {str(folder / "job-3/a.log")}


def test_one_that_cannot_be_listed_is_asked_until_it_can_be(
    folder: Path, heard: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refused(path: str) -> object:
        if path.endswith("job-2"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    (folder / "job-2/rank1.log").touch()
    for _ in range(2):
        assert heard.look(asks_all=False).unreadable == {str(folder / "job-2"): "Permission denied"}
    monkeypatch.undo()
    monkeypatch.setattr(ears, "_type_of", lambda _directory: 0xEF53)
    assert heard.look(asks_all=False).appeared == {str(folder / "job-2/rank1.log")}
    assert heard.is_heard
