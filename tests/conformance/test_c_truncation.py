"""C. Truncation: what was there is read or counted as lost, what comes is read from its first byte."""

import os
import socket
import time
from collections.abc import Iterator

import pytest

from .harness import CHATTER, Reader, Stage, Writer, copytruncate, until

MIB = 1 << 20
BANNER = b"module load cuda/12.4 nccl/2.21.5\n" * 128


@pytest.fixture
def deaf_receiver() -> Iterator[str]:
    """The address of one who takes calls and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"


def refill(log: Writer, size: int) -> None:
    """Lines with tokens between others, until the file has `size` bytes."""
    while log.size < size:
        log.lines()
        log.raw(CHATTER * (20 if size < MIB else 200))


@pytest.mark.scenario(25, "copytruncate, and the writer appends")
@pytest.mark.parametrize("pattern", ["*.log", "*.log*"])
def test_025_copytruncate(stage: Stage, pattern: str) -> None:
    stage.configure(pattern)
    stage.start()
    log = stage.writer("a.log")
    for _ in range(3):
        stage.wait_told(log.lines(5))
        copytruncate(log, stage.logs / "a.log.1")
        log.lines(2)
    stage.wait_told()
    until(lambda: stage.ledger()["scanned"] == stage.account.size, "every byte to be scanned, once")
    stage.stop()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)
    # A copy that fits the pattern and is nothing but a copy is passed over, and counted as one.
    assert set(stage.ledger()) <= {"scanned", "copy"}


@pytest.mark.scenario(26, "copytruncate, and the writer goes on where it was: a hole of NULs, up to 2 GB")
@pytest.mark.parametrize("hole", [5 * MIB, 2048 * MIB])
def test_026_hole_after_copytruncate(stage: Stage, hole: int) -> None:
    stage.start()
    log = stage.writer("a.log", append=False)
    if hole < 100 * MIB:
        log.chatter(hole)
        stage.wait_told(log.lines())
        before = log.size
    else:
        # A file that had grown so large, without writing all of it.
        stage.wait_told(log.lines())
        before = log.seek(hole)
    log.truncate()
    until(lambda: stage.metric("logwatch_truncations_total") == 1, "the truncation to be seen")
    log.lines(2)
    stage.wait_told()
    assert log.size > before
    assert all("\0" not in stage.event_of(token)["line"] for token in log.tokens)
    assert stage.event_of(log.tokens[-1])["offset"] >= before
    assert stage.peak_resident_bytes() < 200 * MIB
    ledger = stage.check(seen=stage.account.size + before)
    assert ledger["hole"] > before - 4096


@pytest.mark.scenario(27, "Truncated and refilled beyond the old offset between two looks")
@pytest.mark.parametrize("size", [4096, 3 * MIB])
def test_027_refilled_beyond_the_offset(stage: Stage, size: int) -> None:
    stage.start()
    log = stage.writer("a.log")
    refill(log, size)
    stage.wait_told()
    stage.wait_read()
    with stage.frozen():
        log.truncate()
        refill(log, size + 64 * 1024)
    ledger = stage.check()
    assert ledger == {"scanned": stage.account.size}


@pytest.mark.scenario(28, "The same behind an identical banner: the first 4 KB are the same")
@pytest.mark.parametrize("size", [8192, 3 * MIB])
def test_028_identical_banner_after_refill(stage: Stage, size: int) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.raw(BANNER)
    refill(log, size)
    stage.wait_told()
    stage.wait_read()
    with stage.frozen():
        log.truncate()
        log.raw(BANNER)
        refill(log, size + 64 * 1024)
    ledger = stage.check()
    assert ledger == {"scanned": stage.account.size}
    assert {event["generation"] for event in stage.events()} == {1, 2}


@pytest.mark.scenario(29, "The same, and what stands before the old offset is the same, too")
@pytest.mark.parametrize("size", [8192, 3 * MIB])
@pytest.mark.parametrize("ruler", [32, 600])
def test_029_identical_banner_and_identical_end(stage: Stage, size: int, ruler: int) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.raw(BANNER)
    refill(log, size)
    log.raw(b"=" * ruler + b"\n")
    offset = log.size
    stage.wait_told()
    stage.wait_read()
    with stage.frozen():
        log.truncate()
        log.raw(BANNER)
        refill(log, size // 2)
        log.chatter(offset - log.size - ruler - 1)
        log.raw(b"." * (offset - log.size - ruler - 1) + b"=" * ruler + b"\n")
        assert log.size == offset
        log.lines(3)
    ledger = stage.check()
    assert ledger == {"scanned": stage.account.size}


@pytest.mark.scenario(30, "Cut to a smaller size that is not zero")
def test_030_the_end_is_cut_off(stage: Stage) -> None:
    """So much is left of what was read that it is the same run, which goes on after the last sample that is left.

    More than 64 KiB, that is, and of what follows at least one sample: no two runs have begun so much alike. What
    stands between the last sample and the cut is told again: more was written since, and nobody knows where it
    begins. What stands before is counted as `read_before`.
    """
    stage.start()
    log = stage.writer("a.log")
    for written in range(MIB // 2, 4 * MIB, MIB // 2):
        refill(log, written)
        stage.wait_told()
    stage.wait_read()
    with stage.frozen():
        log.truncate(2 * MIB)
        log.lines(2)
    stage.wait_told()
    ledger = stage.wait_read(stage.account.size + 2 * MIB)
    assert ledger["read_before"] > MIB
    stage.stop()
    again = [event for event in stage.events() if event["generation"] == 2]
    assert all(event["offset"] >= ledger["read_before"] for event in again)
    assert len(stage.events()) == len(log.tokens) - 2 + len(again)


@pytest.mark.scenario(30, "Cut to a smaller size that is not zero")
def test_030_another_run_has_begun(stage: Stage) -> None:
    """Of 64 KiB and less nobody can say whether it was left or has been written again, and it is told again.

    A job that dies of the same error each time writes the same bytes each time, without a time of day among
    them; seen halfway, its second run looks like the first one cut off. To pass over that would lose the error
    of every run but the first, and count it as read. To read again what a tool has left tells a few lines
    twice, as those of a new generation, which is named in the event.
    """
    stage.start()
    log = stage.writer("a.log")
    log.raw(BANNER)
    log.lines(5)
    stage.wait_told()
    stage.wait_read()
    with stage.frozen():
        log.truncate(len(BANNER))
        log.lines(2)
    ledger = stage.check(seen=stage.account.size + len(BANNER))
    assert ledger == {"scanned": stage.account.size + len(BANNER)}
    assert stage.event_of(log.tokens[-1])["generation"] == 2


@pytest.mark.scenario(31, "Truncated with an unread backlog: the loss is counted in bytes")
def test_031_truncated_with_a_backlog(reader: Reader) -> None:
    """In process: reading has to stand at a given offset when the file is cut."""
    log = reader.writer("a.log")
    read = log.lines(3)
    log.chatter(10 * MIB)
    unread = log.lines(2)
    size = log.size
    while reader.ledger["scanned"] < 6 * MIB:
        reader.hop()
    offset = reader.ledger["scanned"]
    assert offset < size - 3 * MIB
    log.truncate()
    after = log.lines(2)
    reader.pass_time(10)
    assert set(reader.told) == {*read, *after}
    assert reader.ledger["truncated_before_read"] == size - offset
    reader.check(lost=unread)


@pytest.mark.scenario(32, "copytruncate with a backlog of 4 MB: it is read from the copy beside the log")
@pytest.mark.parametrize("pattern", ["*.log", "*.log*"])
@pytest.mark.parametrize("copy", ["a.log.1", "a.log-20260104", "a.log.bak"])
def test_032_backlog_is_read_from_the_copy(stage: Stage, pattern: str, copy: str) -> None:
    stage.configure(pattern)
    stage.start()
    log = stage.writer("a.log")
    log.chatter(MIB)
    stage.wait_told(log.lines())
    stage.wait_read()
    with stage.frozen():
        for _ in range(4):
            log.chatter(MIB)
            log.lines()
        copytruncate(log, stage.logs / copy)
        log.lines(2)
    ledger = stage.check()
    assert ledger == {"scanned": stage.account.size}


@pytest.mark.scenario(33, "copytruncate while stopped; what is new is shorter or longer than what was read")
@pytest.mark.parametrize("refilled", [1024, 64 * 1024])
@pytest.mark.parametrize("with_copy", [True, False])
def test_033_copytruncate_while_stopped(stage: Stage, refilled: int, with_copy: bool) -> None:
    stage.start()
    log = stage.writer("a.log")
    refill(log, 16 * 1024)
    stage.wait_told()
    stage.stop()
    read = log.size
    missed = log.lines(3)
    unseen = log.size - read
    copytruncate(log, stage.logs / "a.log.1")
    if not with_copy:
        (stage.logs / "a.log.1").unlink()
    refill(log, refilled)
    stage.start()
    # Without a copy nobody has seen what was written last: it cannot even be counted.
    if with_copy:
        stage.check()
    else:
        stage.check(lost=missed, seen=stage.account.size - unseen)


@pytest.mark.scenario(34, "Truncated while a receiver hangs")
def test_034_truncated_while_a_receiver_hangs(stage: Stage, deaf_receiver: str) -> None:
    stage.configure(notify=[{"type": "webhook", "name": "deaf", "url": deaf_receiver}])
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines(3))
    until(lambda: stage.metric("logwatch_outbox_messages") > 0, "a message to wait for its receiver")
    log.truncate()
    log.lines(2)
    stage.wait_told()
    stage.wait_read()
    # Shutting down grants receivers a few seconds; this one would take them all.
    stage.kill()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)


@pytest.mark.scenario(35, "Truncated while the file is closed, because others were used since")
@pytest.mark.parametrize("refilled", [0, 2048])
def test_035_truncated_while_closed(stage: Stage, refilled: int) -> None:
    stage.configure(limits={"max_open_files": 16})
    stage.start()
    log = stage.writer("a.log")
    refill(log, 1024)
    stage.wait_told()
    others = [stage.writer(f"other-{n}.log") for n in range(40)]

    def is_closed() -> bool:
        for other in others:
            other.lines()
        stage.wait_told()
        return str(log.path) not in stage.open_files()

    until(is_closed, "the log to be closed")
    log.truncate()
    refill(log, refilled)
    log.lines(2)
    stage.check()


@pytest.mark.scenario(36, "`> file` every second, with a line of the same length each time")
def test_036_truncated_every_second(reader: Reader) -> None:
    """In process: ten seconds pass."""
    reader.pass_time(5)
    log = reader.writer("a.log")
    for _ in range(9):
        log.truncate()
        log.lines()
        reader.pass_time(1.0)
    reader.check()
    assert reader.happened["truncated"] == 8


@pytest.mark.scenario(36, "`> file` every second, with a line of the same length each time")
def test_036_truncated_and_told(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    for _ in range(5):
        log.truncate()
        stage.wait_told(log.lines())
    stage.check()


@pytest.mark.scenario(
    37, "Truncated through a link; the link removed, the target truncated; one entry, right offset"
)
@pytest.mark.parametrize("patterns", [("current.log",), ("*.log", "data/*.log")])
def test_037_truncated_through_a_link(stage: Stage, patterns: tuple[str, ...]) -> None:
    (stage.logs / "data").mkdir()
    link = stage.logs / "current.log"
    link.symlink_to("data/job.log")
    log = stage.writer("data/job.log")
    log.lines(3)
    stage.configure(*patterns)
    stage.start()
    stage.wait_told()
    os.truncate(link, 0)
    stage.wait_told(log.lines(2))
    link.unlink()
    log.truncate()
    log.lines()
    link.symlink_to("data/job.log")
    log.lines()
    stage.wait_told()
    assert len(set(stage.remembered_inodes())) == len(stage.remembered_inodes()) == 1
    stage.check()


@pytest.mark.scenario(38, "Only touched; the clock of the file goes backwards")
def test_038_touched(stage: Stage) -> None:
    stage.start()
    log, other = stage.writer("a.log"), stage.writer("b.log")
    log.lines(3)
    stage.wait_told()
    for shift in (0, 3600, -3600, -365 * 86400):
        at = time.time() + shift
        os.utime(log.path, (at, at))
        stage.wait_told(other.lines())
    log.lines()
    stage.check()
    assert stage.metric("logwatch_truncations_total") == 0


@pytest.mark.scenario(39, "An unfinished line is pending when the file is cut")
def test_039_unfinished_line_at_truncation(reader: Reader) -> None:
    """In process: the line has to be seen, and the file cut before the line has waited for its end."""
    log = reader.writer("a.log")
    log.lines()
    log.raw(log.compose(end=b""))
    reader.pass_time(0.5)
    assert reader.told == {log.tokens[0]: 1}
    log.truncate()
    log.lines(2)
    reader.pass_time(5)
    reader.check()
    assert set(reader.ledger) == {"scanned"}


@pytest.mark.scenario(39, "An unfinished line is pending when the file is cut")
def test_039_unfinished_line_that_was_told(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines()
    log.raw(log.compose(end=b""))
    stage.wait_told()
    log.truncate()
    log.lines(2)
    ledger = stage.check()
    assert ledger == {"scanned": stage.account.size}
