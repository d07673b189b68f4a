"""The event file holds every event exactly once, whatever happens to the daemon and to the file."""

import errno
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from logwatch.deliver.event_file import RECOVERY_WINDOW, EventFile


def line(event_id: str, text: str = "") -> bytes:
    return json.dumps({"schema": 1, "event_id": event_id, "line": text}).encode() + b"\n"


def ids_in(*paths: Path) -> list[str]:
    return [json.loads(one)["event_id"] for path in paths for one in path.read_bytes().splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_lines_are_appended_in_order(path: Path) -> None:
    events = EventFile(path)
    events.append([line("a"), line("b")])
    events.append([])
    events.append([line("c")])
    assert ids_in(path) == ["a", "b", "c"]


def test_missing_folders_are_made_and_the_file_is_not_for_everyone(tmp_path: Path) -> None:
    path = tmp_path / "var" / "log" / "events.jsonl"
    EventFile(path).append([line("a")])
    assert ids_in(path) == ["a"]
    assert path.stat().st_mode & 0o007 == 0


def test_what_another_run_wrote_stays(path: Path) -> None:
    path.write_bytes(line("a"))
    EventFile(path).append([line("b")])
    assert ids_in(path) == ["a", "b"]


def test_recovery_of_a_file_that_is_not_there_finds_nothing(path: Path) -> None:
    assert EventFile(path).recover(["a"]) == set()


@pytest.mark.parametrize("torn", range(1, len(line("b"))))
def test_an_event_that_was_written_in_part_is_removed(path: Path, torn: int) -> None:
    path.write_bytes(line("a") + line("b")[:-1][:torn])
    events = EventFile(path)
    assert events.recover(["b"]) == {"a"}
    events.append([line("b")])
    assert ids_in(path) == ["a", "b"]


@pytest.mark.parametrize("written", [0, 3, 20])
def test_zeros_that_a_power_cut_left_are_removed(path: Path, written: int) -> None:
    path.write_bytes(line("a") + line("b")[:written] + bytes(4096))
    assert EventFile(path).recover() == {"a"}
    assert path.read_bytes() == line("a")


def test_text_of_someone_else_is_not_thrown_away(path: Path) -> None:
    path.write_bytes(b"a note without a line end")
    events = EventFile(path)
    events.recover()
    events.append([line("a")])
    assert path.read_bytes() == b"a note without a line end\n" + line("a")


def test_lines_that_are_no_events_are_passed_over(path: Path) -> None:
    noise = b'\xff\n[1]\n{"event_id": 7}\n' + b"[" * 100_000 + b"\n\n" + b"9" * 5000 + b"\n"
    path.write_bytes(line("a") + noise + line("b"))
    assert EventFile(path).recover() == {"a", "b"}


def test_a_huge_file_without_lines_is_neither_read_into_memory_nor_cut(path: Path) -> None:
    size = 1 << 30
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(0)
        file.write(b"not ours")
    EventFile(path).recover()
    with path.open("rb") as file:
        assert file.read(8) == b"not ours"
    assert path.stat().st_size == size + 1


def test_pending_events_are_found_however_much_was_written_in_one_batch(path: Path) -> None:
    text = "x" * 60_000
    batch = [f"pending {n}" for n in range(2 * RECOVERY_WINDOW // len(text))]
    path.write_bytes(line("old") * 10 + b"".join(line(name, text) for name in batch))
    assert EventFile(path).recover(batch) >= set(batch)


def test_only_the_end_of_a_long_file_is_read(path: Path) -> None:
    path.write_bytes(b"".join(line(f"{n}", "x" * 10_000) for n in range(3 * RECOVERY_WINDOW // 10_000)))
    found = EventFile(path).recover()
    assert "0" not in found
    assert RECOVERY_WINDOW <= len(found) * 10_100 <= 1.1 * RECOVERY_WINDOW


def test_events_are_found_in_the_file_that_was_just_rotated_away(path: Path) -> None:
    path.with_name("events.jsonl.2.gz").write_bytes(line("older"))
    path.with_name("events.jsonl.1").write_bytes(line("a") + line("b"))
    path.write_bytes(b"")
    assert EventFile(path).recover(["b", "c"]) == {"a", "b"}


class Daemon(RuleBasedStateMachine):
    """Events with a store that commits first; crashes at any byte and between any two steps; rotation."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "events.jsonl"
        self.rotated: list[Path] = []
        self.made = 0
        self.pending: list[str] = []
        self.file = EventFile(self.path, fsync=False)

    def teardown(self) -> None:
        self.file.close()
        self.folder.cleanup()

    def write_pending(self) -> None:
        self.file.append([line(name) for name in self.pending])
        self.pending = []

    def restart(self) -> None:
        self.file.close()
        self.file = EventFile(self.path, fsync=False)
        there = self.file.recover(self.pending)
        self.pending = [name for name in self.pending if name not in there]
        self.write_pending()

    @rule(n=st.integers(1, 4))
    def commit(self, n: int) -> None:
        self.pending += [f"{self.made + i}" for i in range(n)]
        self.made += n

    @rule()
    def write(self) -> None:
        self.write_pending()

    @rule()
    def crash_before_writing(self) -> None:
        self.restart()

    @rule(share=st.floats(0, 1), rotates=st.booleans())
    def crash_while_writing(self, share: float, rotates: bool) -> None:
        """Power is lost after a share of the batch, all of it included, and before the store knows."""
        batch = b"".join(line(name) for name in self.pending)
        with self.path.open("ab") as file:
            file.write(batch[: round(share * len(batch))])
        if rotates and share == 1:
            self.rotate()
        self.restart()

    @rule()
    def rotate(self) -> None:
        if self.path.exists():
            self.rotated.append(self.path.with_name(f"events.jsonl.{len(self.rotated) + 1:04}"))
            self.path.rename(self.rotated[-1])
            os.utime(self.rotated[-1], (0, len(self.rotated)))

    @rule()
    def rotate_and_create(self) -> None:
        self.rotate()
        self.path.touch()

    @invariant()
    def every_event_that_is_not_pending_is_there_exactly_once(self) -> None:
        files = [*self.rotated, *([self.path] if self.path.exists() else [])]
        assert ids_in(*files) == [f"{n}" for n in range(self.made - len(self.pending))]


Daemon.TestCase.settings = settings(deadline=None, max_examples=60, stateful_step_count=30)
TestDaemon = Daemon.TestCase

ENDLESS = """
import sys, itertools
from logwatch.deliver.event_file import EventFile
file = EventFile(sys.argv[1], fsync=False)
for n in itertools.count():
    file.append([b'{"schema":1,"event_id":"%d.%d","line":"%b"}\\n' % (n, i, b"x" * 1000) for i in range(50)])
"""


def test_after_kill_9_the_rest_is_appended_and_nothing_stands_twice(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ENDLESS, path]) as writer:
        deadline = time.monotonic() + 20
        while not path.exists() or path.stat().st_size < 4 << 20:
            assert writer.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.001)
        writer.send_signal(signal.SIGKILL)
    written = path.read_bytes().count(b"\n") // 50
    expected = [f"{n}.{i}" for n in range(written + 2) for i in range(50)]
    pending = expected[-3 * 50 :]
    events = EventFile(path)
    there = events.recover(pending)
    events.append([line(name) for name in pending if name not in there])
    assert ids_in(path) == expected


def test_a_file_that_was_renamed_is_left_alone_and_a_new_one_begun(path: Path) -> None:
    events = EventFile(path)
    events.append([line("a")])
    path.rename(path.with_suffix(".1"))
    events.append([line("b")])
    assert (ids_in(path.with_suffix(".1")), ids_in(path)) == (["a"], ["b"])


def test_a_file_that_was_deleted_is_begun_anew(path: Path) -> None:
    events = EventFile(path)
    events.append([line("a")])
    path.unlink()
    events.append([line("b")])
    assert ids_in(path) == ["b"]


def test_a_file_that_was_emptied_in_place_goes_on_from_its_start(path: Path) -> None:
    events = EventFile(path)
    events.append([line("a")])
    os.truncate(path, 0)
    events.append([line("b")])
    assert path.read_bytes() == line("b")


@contextmanager
def no_file_longer_than(size: int) -> Iterator[None]:
    """The kernel takes what fits and refuses the rest, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_batch_that_does_not_fit_is_taken_back_and_can_be_written_later(path: Path) -> None:
    events = EventFile(path, fsync=False)
    events.append([line("a")])
    batch = [line(f"{n}", "x" * 100) for n in range(10)]
    room = path.stat().st_size + len(b"".join(batch)) // 2
    with no_file_longer_than(room), pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
        events.append(batch)
    assert ids_in(path) == ["a"]
    events.append(batch)
    assert ids_in(path) == ["a", *(f"{n}" for n in range(10))]


def test_a_folder_that_cannot_be_made_is_an_error_that_passes(tmp_path: Path) -> None:
    in_the_way = tmp_path / "log"
    in_the_way.touch()
    events = EventFile(in_the_way / "events.jsonl")
    with pytest.raises(OSError, match="log"):
        events.append([line("a")])
    in_the_way.unlink()
    events.append([line("a")])
    assert ids_in(in_the_way / "events.jsonl") == ["a"]


def test_a_device_that_is_full_is_an_error() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        EventFile("/dev/full").append([line("a")])


def test_a_dash_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    events = EventFile("-")
    assert events.recover(["a"]) == set()
    events.append([line("a"), line("b")])
    events.close()
    assert capfd.readouterr().out.encode() == line("a") + line("b")


def test_a_pipe_that_does_not_block_gets_all_of_it() -> None:
    """Whoever shares our standard output may have made it non-blocking, and pipes are small."""
    program = (
        "import os; from logwatch.deliver.event_file import EventFile; os.set_blocking(1, False);"
        "EventFile('-').append([b'x' * 999 + b'\\n'] * 1000)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert len(writer.stdout.read()) == 1_000_000
    assert writer.returncode == 0


def test_a_named_pipe_without_a_reader_is_an_error_that_passes(tmp_path: Path) -> None:
    pipe = tmp_path / "events"
    os.mkfifo(pipe)
    events = EventFile(pipe)
    with pytest.raises(OSError, match=os.strerror(errno.ENXIO)):
        events.append([line("a")])
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    assert events.recover(["a"]) == set()
    events.append([line("a")])
    assert os.read(reader, 1000) == line("a")
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        events.append([line("b")])
    events.close()


@given(st.lists(st.lists(st.text(), max_size=5), max_size=5))
@settings(deadline=None)
def test_whatever_the_events_say_the_file_reads_back(batches: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.jsonl"
        events = EventFile(path, fsync=False)
        names: list[str] = []
        for batch in batches:
            for text in batch:
                names.append(f"{len(names)} {text}")
            events.append([line(name) for name in names[len(names) - len(batch) :]])
        assert EventFile(path).recover() == set(names)
        events.close()
