"""E. Lines and bytes: what a record is, however its bytes arrive, and whatever they are."""

import gzip
import itertools
import json
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .harness import REGEX, Account, Reader, Stage, Writer, until, write_catalogue

MIB = 1024 * 1024
KIB = 1024
# What a process may need in addition for whatever a log holds: a few reads of 1 MiB and what is made of them.
FLAT_BYTES = 64 * MIB
STAMP = b"2026-01-04T21:33:04.123456789Z"


def write_a_part(stage: Stage, log: Writer, part: bytes) -> None:
    """Writes the beginning of a line, and waits until the daemon has looked at it."""
    until(lambda: stage.metric("logwatch_files", state="unfinished") == 0, "earlier lines to be read")
    log.raw(part)
    until(lambda: stage.metric("logwatch_files", state="unfinished") == 1, "the unfinished line to be seen")


@pytest.mark.scenario(51, "A line in two writes, with a long pause between them")
def test_051_line_split_over_two_writes(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    line = log.compose()
    for cut in (3, len(line) // 2, len(line) - 1):
        write_a_part(stage, log, line[:cut])
        log.raw(line[cut:])
        stage.wait_told()
        line = log.compose()
    log.raw(line)
    stage.check()


@pytest.mark.scenario(51, "A line in two writes, with a long pause between them")
def test_051_line_split_by_ten_minutes(reader: Reader) -> None:
    log = reader.writer("a.log")
    line = log.compose()
    log.raw(line[:20])
    reader.pass_time(600)
    log.raw(line[20:])
    reader.pass_time(10)
    reader.check()


@pytest.mark.scenario(
    52, "The last line of a dead process has no line feed; should one follow, it is no news"
)
def test_052_no_line_feed_at_the_end(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    began = time.monotonic()
    log.raw(log.compose(end=b""))
    stage.wait_told()
    assert time.monotonic() - began < 5
    log.raw(b" on device 3")
    log.raw(b" of node 7\n")
    log.lines()
    stage.check()


@pytest.mark.scenario(
    52, "The last line of a dead process has no line feed; should one follow, it is no news"
)
def test_052_no_line_feed_over_a_restart(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines()
    log.raw(log.compose(end=b""))
    stage.wait_told()
    stage.restart()
    log.raw(b" on device 3\n")
    log.lines()
    stage.check()


@pytest.mark.scenario(
    52, "The last line of a dead process has no line feed; should one follow, it is no news"
)
def test_052_no_line_feed_is_told_within_two_seconds(reader: Reader) -> None:
    log = reader.writer("a.log")
    reader.pass_time(10)
    log.raw(log.compose(end=b""))
    # The longest pause between two looks at a file without events, the time to wait, and one more look.
    reader.pass_time(1.5 + 1 + 0.5)
    assert reader.told == {log.tokens[0]: 1}


@pytest.mark.scenario(53, "A line that is half written at a restart")
@pytest.mark.parametrize("ends", ["stop", "kill"])
def test_053_partial_line_over_a_restart(stage: Stage, ends: str) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines(2)
    stage.wait_told()
    line = log.compose()
    write_a_part(stage, log, line[:20])
    getattr(stage, ends)()
    log.raw(line[20:])
    stage.start()
    log.lines()
    stage.wait_told()
    stage.stop()
    assert set(stage.told().values()) == {1}


def overlong(log: Writer, size: int, at: int) -> bytes:
    """A line of `size` bytes without its line feed, with a token of the account at `at`."""
    token = log.compose(end=b"")
    return b"x" * at + token + b"x" * (size - at - len(token))


@pytest.mark.scenario(
    54, "A line beyond the limit: its head and its end are scanned, the next line is a line"
)
def test_054_overlong_line(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    stage.wait_told(log.lines())
    size, written = 256 * KIB + 10_000, log.size
    in_the_middle: list[str] = []
    for where in (0, 100 * KIB, size // 2, size - 100):
        line = overlong(log, size, where)
        if where == size // 2:
            in_the_middle = log.tokens[-1:]
        for part in (line[:-8000], line[-8000:]):
            # In two writes, and both seen: its end comes when most of it is skipped already.
            log.raw(part)
            stage.wait_read(log.size - 16 * KIB)
        log.raw(b"\n")
        stage.wait_told(log.lines())
    ledger = stage.check(lost=in_the_middle)
    # The head of 128 KiB and the end of 16 KiB were scanned.
    assert ledger["overlong"] == 4 * (size + 1 - 144 * KIB)
    events = [event for event in stage.events() if event["line_number"] % 2 == 0]
    assert [event["offset"] for event in events] == [
        written + n * (size + 1 + len(b"rank0: TELLTALE a-log-1:0! lost\n")) for n in (0, 1, 3)
    ]


@pytest.mark.scenario(
    54, "A line beyond the limit: its head and its end are scanned, the next line is a line"
)
def test_054_a_quarter_of_a_gigabyte_without_a_line_feed(stage: Stage) -> None:
    """What it costs is bounded by the size of a read. `make torture` does it with a whole one."""
    log = stage.writer("a.log")
    log.lines()
    stage.start()
    stage.wait_told()
    before = stage.peak_resident_bytes()
    block = b"x" * 16 * MIB
    for _ in range(16):
        log.raw(block)
    log.raw(log.compose())
    log.lines()
    ledger = stage.wait_read()
    assert stage.peak_resident_bytes() - before < FLAT_BYTES
    assert ledger["overlong"] > 250 * MIB
    assert stage.metric("logwatch_records_truncated_total") == 1
    stage.check()


@pytest.mark.scenario(55, "Lines of just the limit, one byte more, and a cut within a character")
@pytest.mark.parametrize("beyond", [-1, 0, 1, 2])
def test_055_lines_of_just_the_limit(reader: Reader, beyond: int) -> None:
    """In process: read while the line has no end, so that the limit and nothing else decides."""
    limit = 4096
    reader.configure(max_record=limit)
    log = reader.writer("a.log")
    token = log.compose(end=b"")
    text = token + "é".encode() * limit
    # The head that is kept, 2048 bytes, ends within a character for every other length of the token.
    log.raw(text[: limit + beyond])
    reader.catch_up()
    log.raw(b"\n")
    log.raw("é".encode() * 10 + log.compose())
    reader.pass_time(5)
    reader.check()
    assert reader.happened["overlong"] == (beyond >= 0)


@pytest.mark.scenario(56, "A line's end, a match or a character lies across the edge of a read")
def test_056_edges_of_reads(stage: Stage) -> None:
    wanted: dict[str, tuple[int, int]] = {}
    for shift in range(-40, 4):
        log = stage.writer(f"shift{shift + 40}.log")
        line = "é§".encode() + log.compose(end=b"\r\n")
        filler = b"." * 99 + b"\n"
        # The line ends `shift` bytes after the first read of 1 MiB, and again after the second.
        before = MIB + shift - len(line)
        log.raw(b"." * (before % 100) + filler * (before // 100) + line)
        wanted[log.tokens[-1]] = (before, before // 100 + 1)
        log.lines()
    stage.start()
    stage.wait_told()
    for token, place in wanted.items():
        event = stage.event_of(token)
        assert (event["offset"], event["line_number"]) == place
        assert event["line"].startswith("é§rank0")
        assert event["line"].endswith("lost")
    stage.check()


@pytest.mark.scenario(57, "Empty lines, nothing but empty lines, and lines that end as on Windows")
def test_057_empty_lines(stage: Stage) -> None:
    stage.start()
    log, empty = stage.writer("a.log"), stage.writer("empty.log")
    empty.raw(b"\n" * 1000 + b"\r\n" * 1000 + b"\r" * 1000)
    log.raw(b"\n\n\r\n" + log.compose(end=b"\r\n") + b"\r\n\n" + log.compose(end=b"\r\n") + b"\n")
    stage.check()
    assert [event["line_number"] for event in stage.events()] == [4, 7]
    assert {event["line"][-4:] for event in stage.events()} == {"lost"}


@pytest.mark.scenario(58, "Bytes that are no UTF-8, and NULs, within a line")
def test_058_bytes_that_are_no_text(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines()
    for junk in (
        b"\xff\xfe\xfa",
        b"\xf1",
        b"a\0b\0\0c",
        b"\xed\xa0\x80",
        b"\xc0\xaf" * 100,
        bytes(range(14, 256)),
    ):
        log.raw(junk + log.compose(end=junk + b"\n"))
    log.lines()
    stage.check()


@pytest.mark.scenario(59, "UTF-16 with and without its mark, a line feed's byte within a character")
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_059_encodings(stage: Stage, encoding: str, mark: str) -> None:
    log = stage.writer("a.log")
    log.raw(mark.encode(encoding))

    def write(text: str = "ਊĊ🦊 ") -> None:
        log.raw((text + log.compose().decode()).encode(encoding))

    is_known = bool(mark) or encoding == "utf-8"
    # Half of the last line feed waits for its line to go on where nobody said that it belongs to it.
    rest = 0 if is_known or encoding == "utf-16-be" else 1
    write()
    stage.start()
    stage.wait_told()
    if is_known:
        text = ("🦊 " + log.compose().decode()).encode(encoding)
        # In the middle of a unit, and of a pair of them.
        write_a_part(stage, log, text[:1])
        log.raw(text[1:3])
        log.raw(text[3:])
    write()
    stage.wait_read(stage.account.size - rest)
    stage.restart()
    write()
    stage.check(seen=stage.account.size - rest)
    if is_known:
        raw = log.path.read_bytes()
        for event in stage.events():
            line = raw[event["offset"] :].decode(encoding).split("\n")[0]
            assert line.removeprefix(mark) == event["line"]


@pytest.mark.scenario(59, "UTF-16 with and without its mark, a line feed's byte within a character")
def test_059_reading_begins_at_the_end_of_utf_16(stage: Stage) -> None:
    log = stage.writer("a.log")
    early = log.compose().decode()
    log.raw(("\ufeff" + early).encode("utf-16-le"))
    stage.configure(start_at="end")
    stage.start()
    stage.wait_read()
    log.raw(("ਊ " + log.compose().decode()).encode("utf-16-le"))
    stage.check(lost=log.tokens[:1])
    [event] = stage.events()
    assert (event["offset"], event["line_number"]) == (2 * len(early) + 2, 2)


@pytest.mark.scenario(59, "UTF-16 with and without its mark, a line feed's byte within a character")
def test_059_pairs_of_units_at_the_edges_of_reads(stage: Stage) -> None:
    for shift in range(0, 8, 2):
        log = stage.writer(f"shift{shift}.log")
        text = "\ufeff" + "." * (MIB // 2 - 21 + shift // 2) + "🦊" * 10
        log.raw((text + log.compose().decode()).encode("utf-16-be"))
    stage.configure(limits={"max_record_bytes": 4 * MIB})
    stage.start()
    stage.check()


@pytest.mark.scenario(60, "A progress bar of 100,000 updates, errors between them, a traceback after them")
def test_060_progress_bar(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines()
    stage.wait_told()
    peak, busy = stage.peak_resident_bytes(), stage.cpu_seconds()
    for hundredth in range(100):
        bar = b"".join(
            b"\r %3d%%|%-40s| %d/100000 [02:11<01:20, 3.10it/s, loss=2.31]" % (hundredth, b"#" * 13, n)
            for n in range(1000)
        )
        log.raw(bar + (b"\r" + log.compose(end=b"") if hundredth % 10 == 0 else b""))
    log.raw(b"\nTraceback (most recent call last):\n")
    log.lines()
    ledger = stage.wait_read()
    stage.wait_told()
    assert stage.peak_resident_bytes() - peak < FLAT_BYTES
    assert "overlong" not in ledger
    # 7 MB; the bar costs its bytes, not a record's work a hundred thousand times.
    assert stage.cpu_seconds() - busy < 5
    stage.check()


@pytest.mark.scenario(60, "A progress bar of 100,000 updates, errors between them, a traceback after them")
def test_060_error_behind_a_bar_that_nothing_has_ended(stage: Stage) -> None:
    """The bar stands still and the error follows on the same line: no `\\r`, no `\\n`."""
    stage.start()
    log = stage.writer("a.log")
    log.raw(b"\r 42%|####      | 420/1000 [02:11<03:01, 3.20it/s]" + log.compose(end=b""))
    stage.wait_told()
    log.raw(b"\r 43%|####      | 430/1000 [02:14<02:58, 3.20it/s]\n")
    stage.check()


@pytest.mark.scenario(61, "Cursor movements of nested bars, colours within the error's text")
def test_061_terminal_sequences(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.raw(b"\x1b[A\rEpoch 1:  42%|####  |\x1b[K\n\x1b[A\x1b[2K\r")
    line = log.compose()
    coloured = line.replace(b"TELL", b"\x1b[31mTELL\x1b[0m").replace(b"!", b"\x1b]8;;http://x\x1b\\!\x1b[m")
    log.raw(b"\x1b[1;31m" + coloured)
    stage.check()
    [event] = stage.events()
    assert event["line"] == line.decode().rstrip("\n")
    raw = log.path.read_bytes()
    assert raw[event["offset"] :].startswith(b"\x1b[1;31mrank0")


@pytest.mark.scenario(62, "Ranks that write into one file without waiting for each other's line to end")
def test_062_interleaved_writers(stage: Stage) -> None:
    stage.start()
    chance = random.Random(62)
    ranks = [stage.writer("a.log") for _ in range(4)]
    waiting = [b"".join(rank.compose() for _ in range(200)) for rank in ranks]
    while any(waiting):
        n = chance.randrange(len(ranks))
        size = chance.randrange(1, 60)
        part, waiting[n] = waiting[n][:size], waiting[n][size:]
        if part:
            ranks[n].raw(part)
    # One record, one event: what a person finds who searches the file that came out of it, line by line.
    lines = ranks[0].path.read_text().splitlines()
    wanted = [found["token"] for line in lines if (found := re.search(REGEX, line))]
    assert len(wanted) > 100
    until(lambda: sum(stage.told().values()) >= len(wanted), f"{len(wanted)} events")
    stage.wait_read()
    stage.stop()
    assert sorted(stage.told().elements()) == sorted(wanted)


TRACEBACK = b"Traceback (most recent call last):\n" + b"".join(
    b'  File "/opt/train/step.py", line %d, in step_%d\n    return model(batch[%d])\n' % (n, n, n)
    for n in range(30)
)


@pytest.mark.scenario(63, "A traceback in bursts, a chain of them, and one that is longer than anybody reads")
def test_063_traceback_in_bursts(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    third = len(TRACEBACK) // 3
    for at in range(0, len(TRACEBACK), third):
        log.raw(TRACEBACK[at : at + third])
        stage.wait_read(TRACEBACK.rfind(b"\n", 0, at + third) + 1)
    log.lines()
    log.raw(b"\nDuring handling of the above exception, another exception occurred:\n\n")
    log.raw(TRACEBACK * 20)
    log.lines()
    log.raw(b"step 1201 loss=2.2\n")
    stage.check()


@pytest.mark.scenario(63, "A traceback in bursts, a chain of them, and one that is longer than anybody reads")
def test_063_context_is_what_stands_around_the_match_and_bounded(reader: Reader) -> None:
    log = reader.writer("a.log")
    log.raw(TRACEBACK + log.compose() + b"step 1201 loss=2.2\n" + b"x" * 100_000 + b"\n" + log.compose())
    [first, second] = [finding for _, finding in reader.hop().findings]
    assert first.context[-5:-3] == (
        '  File "/opt/train/step.py", line 29, in step_29',
        "    return model(batch[29])",
    )
    assert first.context[-1].startswith("xxx")
    assert all(len("\n".join(finding.context)) < 10_000 for finding in (first, second))
    reader.catch_up()
    reader.check()


@pytest.mark.scenario(64, "A traceback across a restart, and across a rotation")
def test_064_traceback_across_a_restart_and_a_rotation(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.raw(TRACEBACK)
    stage.wait_read()
    stage.restart()
    log.lines()
    stage.wait_told()
    log.raw(TRACEBACK)
    stage.wait_read()
    log.path.rename(log.path.with_name("a.log.1"))
    late = log.lines()
    fresh = stage.writer("a.log")
    fresh.raw(TRACEBACK)
    fresh.lines()
    stage.wait_told(late)
    stage.check()


@pytest.mark.scenario(64, "A traceback across a restart, and across a rotation")
def test_064_context_reaches_behind_a_restart(reader: Reader) -> None:
    log = reader.writer("a.log")
    log.raw(TRACEBACK)
    reader.catch_up()
    reader.restart()
    log.lines()
    [finding] = [finding for _, finding in reader.hop().findings]
    assert finding.context[-2] == "    return model(batch[29])"


def cri(text: bytes, tag: bytes = b"F", stream: bytes = b"stderr") -> bytes:
    return b"%s %s %s %s\n" % (STAMP, stream, tag, text)


def in_pieces(log: Writer, count: int = 3) -> list[bytes]:
    """The text of the next line, in pieces."""
    text = log.compose(end=b"")
    edges = [len(text) * n // count for n in range(count + 1)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


@pytest.mark.scenario(65, "CRI: lines in pieces, of two streams at once, without an end, over a rotation")
@pytest.mark.parametrize("form", ["auto", "cri"])
def test_065_cri(stage: Stage, form: str) -> None:
    stage.configure(format=form)
    stage.start()
    log = stage.writer("a.log")
    log.raw(cri(log.compose(end=b"")) + cri(b"step 1", stream=b"stdout"))
    first, second, last = in_pieces(log)
    place = log.size
    log.raw(cri(first, b"P") + cri(second, b"P") + cri(last))
    joined = log.tokens[-1]
    # Two streams that take turns, and a piece that is not yet ended by its line feed.
    out, err = in_pieces(log), in_pieces(log)
    for n, tag in enumerate((b"P", b"P", b"F")):
        log.raw(cri(out[n], tag, b"stdout") + cri(err[n], tag)[:-1])
        log.raw(b"\n")
    # Between the pieces of one the other says much.
    long = in_pieces(log)
    log.raw(cri(long[0], b"P", b"stdout") + b"".join(cri(log.compose(end=b"")) for _ in range(50)))
    stage.wait_told(log.tokens[-50:])
    log.raw(cri(long[1], b"P", b"stdout") + cri(long[2], b"F", b"stdout"))
    stage.check()
    event = stage.event_of(joined)
    assert (event["offset"], event["line_number"]) == (place, 3)
    assert event["time"].startswith("2026-01-04T21:33:04")


@pytest.mark.scenario(65, "CRI: lines in pieces, of two streams at once, without an end, over a rotation")
def test_065_cri_piece_that_nothing_follows(stage: Stage) -> None:
    """What stands in it is told after a second, and is no news when the rest comes after all."""
    stage.start()
    log = stage.writer("a.log")
    log.raw(cri(b"step 1") + cri(log.compose(end=b""), b"P"))
    stage.wait_told()
    log.raw(cri(b" on device 3"))
    log.raw(cri(log.compose(end=b""), b"P"))
    stage.wait_told()
    stage.restart()
    log.raw(cri(b" on device 3"))
    rest = in_pieces(log, 2)
    log.raw(cri(rest[0], b"P"))
    stage.wait_read()
    stage.restart()
    log.raw(cri(rest[1]))
    stage.check()


@pytest.mark.scenario(65, "CRI: lines in pieces, of two streams at once, without an end, over a rotation")
def test_065_cri_piece_that_waits_while_the_other_stream_goes_on(reader: Reader) -> None:
    log = reader.writer("a.log")
    log.raw(cri(log.compose(end=b""), b"P", b"stdout"))
    for _ in range(120):
        log.raw(cri(b"step"))
        reader.pass_time(0.5)
    reader.check()
    log.raw(cri(b" and more", b"F", b"stdout"))
    reader.pass_time(5)
    reader.check()


@pytest.mark.scenario(65, "CRI: lines in pieces, of two streams at once, without an end, over a rotation")
def test_065_cri_rotation_between_pieces(stage: Stage) -> None:
    stage.start()
    log = stage.writer("0.log")
    log.raw(cri(log.compose(end=b""), b"P"))
    stage.wait_read()
    log.path.rename(log.path.with_name("0.log.20260104-213304"))
    fresh = stage.writer("0.log")
    fresh.raw(cri(b" end of it") + cri(fresh.compose(end=b"")))
    stage.check()


@pytest.mark.scenario(65, "CRI: lines in pieces, of two streams at once, without an end, over a rotation")
def test_065_cri_record_beyond_the_limit(stage: Stage) -> None:
    """8 MB in pieces of 16 KiB, in the midst of which an error stands, cut in two."""
    stage.start()
    log = stage.writer("a.log")
    log.raw(cri(b"step 1"))
    stage.wait_read()
    before = stage.peak_resident_bytes()
    halves = in_pieces(log, 2)
    for n in range(500):
        log.raw(cri(b"x" * 16_000 + (halves[0] if n == 250 else b""), b"P"))
        if n == 250:
            log.raw(cri(halves[1] + b"x" * 16_000, b"P"))
    log.raw(cri(b"x"))
    stage.wait_read()
    assert stage.peak_resident_bytes() - before < FLAT_BYTES
    stage.check()


@pytest.mark.scenario(65, "CRI: lines in pieces, of two streams at once, without an end, over a rotation")
def test_065_cri_progress_bar_in_pieces(stage: Stage) -> None:
    """A bar never ends its line: errors between its updates are told at once all the same."""
    stage.start()
    log = stage.writer("a.log")
    bar = b"\r 42%|####      | 420/1000 [02:11<03:01, 3.20it/s]"
    for n in range(40):
        cut = n * 5
        text = bar * 300 + b"\r" + log.compose(end=b"") + bar * 20
        log.raw(cri(text[: len(text) - cut], b"P") + cri(text[len(text) - cut :], b"P"))
    stage.check()


def docker(text: bytes, stream: str = "stderr") -> bytes:
    said = {"log": text.decode(), "stream": stream, "time": STAMP.decode()}
    return json.dumps(said).encode() + b"\n"


@pytest.mark.scenario(66, "Docker's JSON: escapes, pieces, and lines that are none")
@pytest.mark.parametrize("form", ["auto", "docker"])
def test_066_docker(stage: Stage, form: str) -> None:
    stage.configure(format=form)
    stage.start()
    log = stage.writer("a.log")
    log.raw(docker('"quoted" <é>\t'.encode() + log.compose()))
    first, second, last = in_pieces(log)
    place = log.size
    log.raw(docker(first) + docker(second) + docker(b"step 1\n", "stdout") + docker(last + b"\n"))
    joined = log.tokens[-1]
    # What docker leaves when the disk was full, and what others append.
    log.raw(b'{"log":"' + log.compose() + b'{"log": 5}\n[]\n' + log.compose())
    rest = docker(log.compose())
    write_a_part(stage, log, rest[:40])
    log.raw(rest[40:])
    stage.check()
    event = stage.event_of(joined)
    assert (event["offset"], event["line_number"]) == (place, 2)
    assert event["line"].endswith(f"TELLTALE {joined}! lost")
    assert event["time"].startswith("2026-01-04T21:33:04")


@pytest.mark.scenario(
    67, "gzip: rotated logs are not read again; `scan` reads members, and half of an archive"
)
def test_067_compressed_files(stage: Stage) -> None:
    stage.configure("*.log*")
    log = stage.writer("a.log")
    log.lines(100)
    stage.start()
    stage.wait_told()
    # Plain to compressed, as rotation does it: the archive grows, then the original goes.
    log.path.rename(log.path.with_name("a.log.1"))
    packed = gzip.compress(log.path.with_name("a.log.1").read_bytes())
    archive = log.path.with_name("a.log.1.gz")
    archive.write_bytes(packed[:100])
    until(lambda: stage.ledger().get("compressed"), "the archive to be seen")
    with archive.open("ab") as rest:
        rest.write(packed[100:])
    log.path.with_name("a.log.1").unlink()
    stage.writer("a.log").lines()
    ledger = stage.check(seen=stage.account.size + len(packed))
    assert ledger["compressed"] == len(packed)


@pytest.mark.scenario(
    67, "gzip: rotated logs are not read again; `scan` reads members, and half of an archive"
)
def test_067_scan_reads_archives(tmp_path: Path) -> None:
    log = Account().writer(tmp_path / "plain")
    parts = [b"".join(log.compose() for _ in range(1000)) for _ in range(3)]
    log.close()
    catalogue = write_catalogue(tmp_path)
    path = tmp_path / "a.log.gz"

    def scanned(data: bytes) -> list[str]:
        path.write_bytes(data)
        command = [
            sys.executable,
            "-m",
            "logwatch",
            "scan",
            path,
            "--format",
            "json",
            "--catalogue",
            catalogue,
        ]
        output = subprocess.run(command, capture_output=True, check=False)
        return [json.loads(line)["captures"]["token"] for line in output.stdout.splitlines()]

    whole = b"".join(gzip.compress(part) for part in parts)
    assert scanned(whole) == log.tokens
    cut = scanned(whole[: -len(gzip.compress(parts[2])) // 2])
    assert 2000 < len(cut) < 3000
    assert cut == log.tokens[: len(cut)]
