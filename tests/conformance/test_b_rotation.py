"""B. Rotation by renaming: old and new file are both written, read, and lose nothing."""

import gzip
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import CHATTER, Account, Reader, Stage, Writer, until

MIB = 1 << 20


@pytest.mark.scenario(13, "Renamed, and both files are still written")
@pytest.mark.parametrize("pattern", ["*.log", "*.log*"])
def test_013_rename_and_both_written(stage: Stage, pattern: str) -> None:
    stage.configure(pattern)
    stage.start()
    old = stage.writer("a.log")
    stage.wait_told(old.lines(2))
    old.path.rename(stage.logs / "a.log.1")
    new = stage.writer("a.log")
    old.lines()
    new.lines()
    stage.wait_told()
    old.lines()
    new.lines()
    stage.check()
    assert {stage.event_of(token)["generation"] for token in new.tokens} == {2}


@pytest.mark.scenario(14, "Two rotations in a row, each generation still written")
@pytest.mark.parametrize("pattern", ["*.log", "*.log*"])
def test_014_two_rotations_in_a_row(stage: Stage, pattern: str) -> None:
    stage.configure(pattern)
    stage.start()
    first = stage.writer("a.log")
    stage.wait_told(first.lines(2))
    # Both happen between two looks: the second file never stood at its name when anybody looked.
    with stage.frozen():
        first.path.rename(stage.logs / "a.log.1")
        second = stage.writer("a.log")
        second.lines(2)
        (stage.logs / "a.log.1").rename(stage.logs / "a.log.2")
        second.path.rename(stage.logs / "a.log.1")
        third = stage.writer("a.log")
        third.lines(2)
    for log in (first, second, third):
        log.lines()
    stage.wait_told()
    for log in (first, second, third):
        log.lines()
    stage.check()


@pytest.mark.scenario(15, "Three logs are rotated at once")
def test_015_three_rotated_at_once(stage: Stage) -> None:
    stage.start()
    logs = [stage.writer(f"{name}.log") for name in "abc"]
    for log in logs:
        log.lines()
    stage.wait_told()
    for log in logs:
        log.path.rename(f"{log.path}.1")
    for log in logs:
        stage.writer(log.path.name).lines()
        log.lines()
    stage.check()
    assert len(stage.account.tokens) == 9


@pytest.mark.scenario(16, "A late writer: the old file is written 1 s, 6 min and 20 h after its rotation")
def test_016_late_writer(reader: Reader) -> None:
    """In process: hours pass. A renamed file is looked at for as long as a job that logs daily may write to it."""
    reader.configure(discovery_s=60.0)
    old = reader.writer("a.log")
    old.lines()
    reader.pass_time(10)
    old.path.rename(reader.logs / "a.log.1")
    reader.writer("a.log").lines()
    for seconds in (1, 360, 20 * 3600):
        reader.pass_time(seconds)
        old.lines()
    reader.pass_time(120)
    reader.check()


@pytest.mark.scenario(17, "The rotated name is outside the pattern, in another folder")
def test_017_rotated_out_of_the_pattern(stage: Stage) -> None:
    stage.start()
    archive = stage.logs / "archive"
    archive.mkdir()
    old = stage.writer("a.log")
    stage.wait_told(old.lines())
    old.path.rename(archive / "2026-01-04.txt")
    stage.writer("a.log").lines()
    stage.wait_told()
    for _ in range(3):
        stage.wait_told(old.lines())
    stage.check()


@pytest.mark.scenario(
    18, "A backlog at rotation: 10 MB of the old file, its unfinished line, then the new file"
)
def test_018_unread_backlog_at_rotation(stage: Stage) -> None:
    stage.start()
    old = stage.writer("a.log")
    stage.wait_told(old.lines())
    with stage.frozen():
        for _ in range(10):
            old.lines()
            old.chatter(MIB)
        old.raw(old.compose(end=b""))
        old.path.rename(stage.logs / "a.log.1")
        old.close()
        new = stage.writer("a.log")
        new.lines(2)
    stage.wait_told()
    in_order = [event["captures"]["token"] for event in stage.events()]
    assert in_order.index(new.tokens[0]) > in_order.index(old.tokens[-2])
    stage.stop()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)


@pytest.mark.scenario(19, "Rotated while stopped, once and several times")
@pytest.mark.parametrize("pattern", ["*.log", "*.log*"])
@pytest.mark.parametrize("rotations", [1, 3])
def test_019_rotated_while_stopped(stage: Stage, pattern: str, rotations: int) -> None:
    stage.configure(pattern)
    log = stage.writer("a.log")
    log.lines(2)
    stage.start()
    stage.wait_told()
    stage.stop()
    log.lines(2)
    for _ in range(rotations):
        for n in range(rotations, 0, -1):
            older = stage.logs / f"a.log.{n}"
            if older.exists():
                older.rename(stage.logs / f"a.log.{n + 1}")
        log.path.rename(stage.logs / "a.log.1")
        log = stage.writer("a.log")
        log.lines(2)
    stage.start()
    stage.check()


@pytest.mark.scenario(20, "Rotated and compressed while reading is 5 MB behind")
@pytest.mark.parametrize("pattern", ["*.log", "*.log*"])
def test_020_rotated_and_compressed_while_behind(stage: Stage, pattern: str) -> None:
    stage.configure(pattern)
    stage.start()
    old = stage.writer("a.log")
    stage.wait_told(old.lines())
    compressed = stage.logs / "a.log.1.gz"
    with stage.frozen():
        for _ in range(5):
            old.chatter(MIB)
            old.lines()
        old.path.rename(stage.logs / "a.log.1")
        stage.writer("a.log").lines()
        compressed.write_bytes(gzip.compress((stage.logs / "a.log.1").read_bytes()))
        (stage.logs / "a.log.1").unlink()
    stage.wait_told()
    in_glob = compressed.stat().st_size if pattern == "*.log*" else 0
    ledger = stage.check(seen=stage.account.size + in_glob)
    assert ledger.get("compressed", 0) == in_glob


@pytest.mark.scenario(21, "Renamed between listing the folder and looking at the file")
@pytest.mark.parametrize("then", ["seen at its new name", "new file at the old name"])
def test_021_renamed_during_a_look(reader: Reader, then: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In process: the rename has to fall between two system calls of one turn."""
    reader.configure(paths=[str(reader.logs / "*.log*")])
    log = reader.writer("a.log")
    log.lines(2)
    reader.pass_time(10)
    tree = reader.follower._tree
    list_tree = tree.look

    def look(**options: bool) -> object:
        news = list_tree(**options)
        if not (reader.logs / "a.log.1").exists():
            log.path.rename(reader.logs / "a.log.1")
            if then == "new file at the old name":
                reader.writer("a.log").lines()
        return news

    monkeypatch.setattr(tree, "look", look)
    reader.pass_time(3)
    monkeypatch.undo()
    log.lines()
    reader.pass_time(2)
    reader.check()
    assert reader.happened["generation"] == (1 if then == "seen at its new name" else 2)


class Storm(threading.Thread):
    """A process that logs 500 lines a second, every tenth with a token; its log is rotated every 200 lines."""

    def __init__(self, stage: Stage, name: str, lines: int, rotate: Callable[[Path], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._path = stage.logs / f"{name}.log"
        self._account = Account()
        self._count = lines
        self._rotate = rotate
        self.tokens = self._account.tokens
        self._writer = self._account.writer(self._path)

    @property
    def size(self) -> int:
        return self._account.size

    def run(self) -> None:
        began = time.monotonic()
        for written in range(self._count):
            if written % 10:
                self._writer.raw(CHATTER)
            else:
                self._writer.lines()
            if (written + 1) % 200 == 0:
                self._rotate(self._path)
                self._writer.close()
                self._writer = self._account.writer(self._path)
            # The pace of a real writer, so that the reader is not just given one large backlog.
            ahead = (written + 1) / 500 - (time.monotonic() - began)
            if ahead > 0:
                time.sleep(ahead)
        self._account.close()


def numbered(path: Path) -> None:
    """What `logrotate` does, keeping three."""
    for n in (2, 1):
        with_number = path.with_name(f"{path.name}.{n}")
        if with_number.exists():
            with_number.rename(path.with_name(f"{path.name}.{n + 1}"))
    path.rename(path.with_name(f"{path.name}.1"))


@pytest.mark.scenario(22, "Rotation storm: 5 writers, 500 lines a second each, rotated every 200 lines")
@pytest.mark.parametrize("rotate", [numbered, Path.unlink], ids=["rename", "delete and create"])
def test_022_rotation_storm(stage: Stage, rotate: Callable[[Path], None], is_torture: bool) -> None:
    stage.configure(limits={"sweep_s": 0.05})
    stage.start()
    writers = [Storm(stage, f"w{n}", 30_000 if is_torture else 1500, rotate) for n in range(5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        stage.account.tokens += writer.tokens
        stage.account.size += writer.size
    stage.check()
    assert stage.metric("logwatch_files_missed_total") == 0


@pytest.mark.scenario(
    23, "Many lines in 5 logs, rotated by size; what is remembered is one entry for each file"
)
def test_023_many_lines_rotated_by_size(stage: Stage, is_torture: bool) -> None:
    stage.start()
    logs = [stage.writer(f"{name}.log") for name in "abcde"]
    kept = 2
    for written in range(0, 500_000 if is_torture else 50_000, 500):
        log = logs[written // 500 % len(logs)]
        log.lines(100)
        log.raw(CHATTER * 400)
        if log.size >= 256 * 1024:
            # A reader that is a whole rotation behind is another scenario.
            stage.wait_told(log.tokens)
            for n in range(kept, 0, -1):
                older = log.path.with_name(f"{log.path.name}.{n}")
                if older.exists() and n == kept:
                    older.unlink()
                elif older.exists():
                    older.rename(log.path.with_name(f"{log.path.name}.{n + 1}"))
            log.path.rename(log.path.with_name(f"{log.path.name}.1"))
            logs[logs.index(log)] = stage.writer(log.path.name)
    stage.wait_told()
    there = {path.stat().st_ino for path in stage.logs.iterdir()}
    until(lambda: sorted(stage.remembered_inodes()) == sorted(there), "one entry for every file")
    stage.check()


@pytest.mark.scenario(24, "Files that live shorter than a look: may be missed, not doubled, and are counted")
def test_024_ephemeral_files(stage: Stage) -> None:
    """Without file-system events a file that lived between two looks leaves no trace that could be counted."""
    stage.configure("*.log", limits={"sweep_s": 0.3})
    stage.start()
    stage.wait_told(stage.writer("there.log").lines())
    short_lived: list[Writer] = []
    with stage.frozen():
        for n in range(5):
            log = stage.writer(f"short-{n}.log")
            log.lines()
            log.path.unlink()
            short_lived.append(log)
    stage.wait_told(stage.writer("last.log").lines())
    if stage.mode == "events":
        until(lambda: stage.metric("logwatch_files_missed_total") == 5, "the missed files to be counted")
    lost = {token for log in short_lived for token in log.tokens}
    stage.check(lost=lost, seen=stage.account.size - sum(log.size for log in short_lived))


@pytest.mark.scenario(24, "Files that live shorter than a look: may be missed, not doubled, and are counted")
def test_024_rotated_faster_than_looked(stage: Stage) -> None:
    """What is rotated away and kept was not missed at all."""
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines())
    for _ in range(5):
        with stage.frozen():
            for n in (3, 2, 1):
                older = stage.logs / f"a.log.{n}"
                if older.exists():
                    older.rename(stage.logs / f"a.log.{n + 1}")
            log.path.rename(stage.logs / "a.log.1")
            log = stage.writer("a.log")
            log.lines(2)
            (stage.logs / "a.log.1").rename(stage.logs / "a.log.0")
            log.path.rename(stage.logs / "a.log.1")
            log = stage.writer("a.log")
            log.lines(2)
            for gone in (stage.logs / "a.log.0", stage.logs / "a.log.4"):
                gone.unlink(missing_ok=True)
        stage.wait_told()
    stage.check()
