"""Standard input and FIFOs: whole lines, each once, from writers that come and go."""

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conformance.harness import ENTRY_ID, REGEX
from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail import stream
from logwatch.tail.pump import Haul
from logwatch.tail.stream import Stream, StreamFeed


class Reader:
    def __init__(self, path: str = "", **settings: int) -> None:
        scanner = Scanner([Rule(ENTRY_ID, REGEX)])
        self.feed = StreamFeed(Stream("pipe", path, **settings), lambda: scanner, "any")
        self.now = 1000.0
        self.told: list[str] = []
        self.hauls: list[Haul] = []

    def hop(self, later: float = 0.0, most: int = 1 << 20) -> Haul:
        self.now += later
        haul = self.feed.hop(self.now, (), most)
        self.hauls.append(haul)
        self.told += [finding.match.captures["token"] for _, finding in haul.findings]
        return haul

    def catch_up(self) -> None:
        self.hop()
        while not (self.feed.is_caught_up or self.feed.is_over):
            self.hop()

    def total(self, reason: str) -> int:
        return sum(haul.skipped[reason] for haul in self.hauls)


@pytest.fixture
def fifo(tmp_path: Path) -> str:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return str(path)


@pytest.fixture
def reader(fifo: str) -> Iterator[Reader]:
    reader = Reader(fifo)
    reader.hop()
    yield reader
    reader.feed.close()


def writer(fifo: str) -> int:
    return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)


def line(number: int, end: str = "\n") -> bytes:
    return f"TELLTALE f:{number}! lost{end}".encode()


def test_lines_of_a_fifo_are_told_once(reader: Reader, fifo: str) -> None:
    fd = writer(fifo)
    os.write(fd, b"calm\n" + line(0))
    [(generation, finding)] = reader.hop().findings
    os.write(fd, line(1))
    [(_, later)] = reader.hop().findings
    os.close(fd)
    assert reader.told == ["f:0", "f:1"]
    assert (generation.path, generation.number) == (fifo, 1)
    assert (finding.offset, finding.line_number, later.offset, later.line_number) == (5, 2, 24, 3)
    assert tuple(finding.context) == ("calm", "TELLTALE f:0! lost")


def test_a_line_in_pieces_is_one_line(reader: Reader, fifo: str) -> None:
    fd = writer(fifo)
    os.write(fd, line(0)[:9])
    reader.hop()
    os.write(fd, line(0)[9:])
    reader.hop()
    os.close(fd)
    assert reader.told == ["f:0"]


def test_an_unfinished_line_is_told_after_a_while_and_not_again(reader: Reader, fifo: str) -> None:
    fd = writer(fifo)
    os.write(fd, line(0, end=""))
    assert not reader.hop().findings
    assert reader.hop(later=1.5).findings
    os.write(fd, b" and more\n" + line(1))
    reader.hop()
    os.close(fd)
    assert reader.told == ["f:0", "f:1"]


def test_writers_come_and_go(reader: Reader, fifo: str) -> None:
    """What one has left unfinished is not continued by the next."""
    for number in range(3):
        fd = writer(fifo)
        os.write(fd, line(number, end=""))
        os.close(fd)
        reader.catch_up()
    assert reader.told == ["f:0", "f:1", "f:2"]
    assert {haul.happened["generation"] for haul in reader.hauls} == {0, 1}


def test_a_fifo_without_a_writer_is_waited_for_and_not_polled(reader: Reader, fifo: str) -> None:
    """Before the first writer, and after the last has left."""
    assert not _is_ready(reader)
    fd = writer(fifo)
    assert not _is_ready(reader)
    os.write(fd, line(0))
    assert _is_ready(reader)
    os.close(fd)
    reader.catch_up()
    assert not _is_ready(reader)
    fd = writer(fifo)
    os.write(fd, line(1))
    assert _is_ready(reader)
    reader.hop()
    os.close(fd)
    assert reader.told == ["f:0", "f:1"]


def test_two_writers_at_once_are_read_until_both_have_left(reader: Reader, fifo: str) -> None:
    one, other = writer(fifo), writer(fifo)
    os.write(one, line(0))
    os.close(one)
    reader.hop()
    os.write(other, line(1))
    os.close(other)
    reader.hop()
    assert reader.told == ["f:0", "f:1"]


def test_a_fifo_that_is_made_anew_is_opened_anew(reader: Reader, fifo: str) -> None:
    Path(fifo).unlink()
    os.mkfifo(fifo)
    haul = reader.hop(later=2.0)
    assert haul.happened["generation"] == 1
    fd = writer(fifo)
    os.write(fd, line(0))
    [(generation, _)] = reader.hop().findings
    os.close(fd)
    assert generation.number == 2


def test_a_fifo_that_is_not_there_yet_is_named_and_waited_for(tmp_path: Path) -> None:
    path = str(tmp_path / "later")
    reader = Reader(path)
    assert "mkfifo" in reader.hop().problems[path]
    os.mkfifo(path)
    assert reader.hop(later=2.0).problems == {}
    reader.feed.close()


def test_a_file_is_no_fifo(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("text\n")
    reader = Reader(str(path))
    assert "is not a FIFO" in reader.hop().problems[str(path)]


def test_a_long_line_is_read_without_being_kept(reader: Reader, fifo: str) -> None:
    reader = Reader(fifo, max_record=4096)
    reader.hop()
    fd = writer(fifo)
    sent = 0
    for part in [line(0, end=""), *[b"x" * 4000] * 20, line(1)]:
        sent += os.write(fd, part)
        reader.hop()
    os.close(fd)
    # One record, and so one event, however long it is.
    assert reader.told == ["f:0"]
    assert reader.total("overlong") > 50_000
    assert sum(haul.scanned for haul in reader.hauls) + reader.total("overlong") == sent
    reader.feed.close()


def test_what_waits_in_the_pipe_is_behind(reader: Reader, fifo: str) -> None:
    fd = writer(fifo)
    data = line(0) + b"calm and steady\n" * 4000
    os.write(fd, data)
    haul = reader.hop(most=1)
    assert not reader.feed.is_caught_up
    assert haul.next_due == reader.now
    while not reader.feed.is_caught_up:
        haul = reader.hop(most=1)
    assert haul.lag == 0
    os.close(fd)
    assert sum(haul.scanned for haul in reader.hauls) == len(data)


def test_generations_of_another_run_are_over_and_their_names_are_not_used_again(fifo: str) -> None:
    first, second = Reader(fifo), Reader(fifo)
    [remembered] = first.hop().lives
    second.feed.restore([remembered], known_source=True)
    haul = second.hop()
    assert haul.ended == [remembered.key]
    [life] = haul.lives
    assert life.body["number"] == 2
    assert life.key != remembered.key
    first.feed.close()
    second.feed.close()


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Standard input is a pipe; the function writes to it, and closes it when there is nothing to write."""
    readable, writable = os.pipe()
    monkeypatch.setattr(stream, "_STDIN", readable)

    def write(data: bytes) -> None:
        if data:
            os.write(writable, data)
        else:
            os.close(writable)

    yield write
    os.close(readable)


def test_standard_input_is_over_when_its_writer_closes_it(piped: Callable[[bytes], None]) -> None:
    reader = Reader()
    piped(line(0) + line(1, end=""))
    reader.hop()
    assert reader.told == ["f:0"]
    assert not reader.feed.is_over
    assert not reader.feed.is_caught_up
    piped(b"")
    reader.catch_up()
    assert reader.told == ["f:0", "f:1"]
    assert reader.feed.is_over
    assert reader.feed.is_caught_up
    assert reader.feed.readable is None


def test_standard_input_stays_as_blocking_as_it_was(piped: Callable[[bytes], None]) -> None:
    """It may be a terminal that a shell goes on using."""
    reader = Reader()
    piped(line(0))
    reader.hop()
    assert os.get_blocking(stream._STDIN)
    piped(b"")


def _is_ready(reader: Reader) -> bool:
    fd = reader.feed.readable
    assert fd is not None
    return select.select([fd], [], [], 0)[0] == [fd]
