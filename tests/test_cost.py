"""What work costs, counted and never timed: a change that makes it dearer has to say so here.

Each bound stands a little above what was counted when it was written; the reason beside it says what is counted.
"""

import functools
import os
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.folders import PACKAGE, shipped_folder
from logwatch.catalogue.load import load
from logwatch.catalogue.rules import rules_of
from logwatch.cli.inspection import Batch, in_turn
from logwatch.cli.telling import Telling
from logwatch.scan.records import records
from logwatch.scan.scanner import Scan, Scanner
from logwatch.tail import descriptors, ears, pump
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.follow import CROWD, SPREAD, Follower, Source
from logwatch.tail.life import Life
from logwatch.tail.oneshot import CHUNK, Reading, Target
from logwatch.tail.parts import parts_of
from logwatch.tail.pump import MANY, POSITIONS_S, SURVEY_S, Pump
from serving import starting

MEGABYTE = 1_000_000
# The calls by which the reader asks the system about files; a new one belongs here, or it is not counted.
CALLS = (
    "open",
    "close",
    "stat",
    "lstat",
    "fstat",
    "pread",
    "read",
    "lseek",
    "readlink",
    "scandir",
    "listdir",
)


@pytest.fixture(scope="module")
def scanner() -> Scanner:
    return Scanner(rules_of(load([shipped_folder()]).entries.values()))


@pytest.fixture(scope="module")
def healthy(scanner: Scanner) -> bytes:
    """A megabyte of the demo's training log, without what is wrong in it."""
    text = (PACKAGE / "demo" / "failing-training.log").read_bytes()
    wrong = {(match.start, match.end) for match in scanner.scan(text).matches}
    lines = b"".join(text[start:end] + b"\n" for start, end in records(text) if (start, end) not in wrong)
    return lines * (MEGABYTE // len(lines) + 1)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the system was asked for something, by name of the call."""
    counted: Counter[str] = Counter()

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*args: Any, **options: Any) -> Any:
            counted[name] += 1
            return call(*args, **options)

        return counts

    for name in CALLS:
        monkeypatch.setattr(os, name, counting(name, getattr(os, name)))
    return counted


def looked_through(scanner: Scanner, text: bytes) -> Scan:
    total = Scan()
    for at in range(0, len(text), CHUNK):
        chunk = scanner.scan(text[at : at + CHUNK])
        total.candidates += chunk.candidates
        total.searches += chunk.searches
        total.matches += chunk.matches
    return total


def test_few_healthy_records_are_worth_a_closer_look(scanner: Scanner, healthy: bytes) -> None:
    found = looked_through(scanner, healthy)
    # DeepSpeed's `Skipping step. Attempted loss scale`, which is an error only when the scale is small: 10 in a log
    # of 47 KB. A hit costs as much as 3 KB, so 300 would double the time.
    assert found.candidates * MEGABYTE / len(healthy) <= 260


def test_few_of_them_are_searched_with_regex(scanner: Scanner, healthy: bytes) -> None:
    found = looked_through(scanner, healthy)
    # The same records but for those in which a second literal is missing; a search takes 5 to 50 µs.
    assert found.searches * MEGABYTE / len(healthy) <= 200


def test_few_records_of_starting_servers_are_worth_a_closer_look(scanner: Scanner) -> None:
    text = starting(60)
    found = looked_through(scanner, text)
    # Here every fourth line names options; the logs of real servers have less than half as many. Counted: 880, which
    # was 1,780 when the file names of vLLM's lines were looked for.
    assert found.candidates * MEGABYTE / len(text) <= 950


def test_none_of_them_is_searched_with_regex(scanner: Scanner) -> None:
    text = starting(60)
    found = looked_through(scanner, text)
    # A search of a line of some thousand characters takes a tenth of a millisecond; there were 2,570.
    assert found.matches == []
    assert found.searches * MEGABYTE / len(text) <= 20


def test_a_line_of_an_error_is_searched_with_few_patterns(scanner: Scanner) -> None:
    lines = [
        example.text
        for entry in load([shipped_folder()]).entries.values()
        for example in entry.examples.match
        if not set("\r\n") & set(example.text)
    ]
    found = scanner.scan("\n".join(lines).encode())
    # Every example of every entry, and what it costs in a storm: one search has to be, each more takes 10 µs and is
    # mostly one that begins with the class of an exception. Counted: 1.3.
    assert found.searches / len(lines) <= 1.4


def test_the_engine_looks_for_few_literals(scanner: Scanner) -> None:
    literals = {literal for indexed in scanner.index.rules for literal in indexed.literals}
    # Alternatives multiply; the engine's tables leave the processor's cache at some tens of thousands. Counted: 11.9
    assert len(literals) <= 12 * len(scanner.index.rules)


def test_no_shipped_pattern_runs_on_every_record(scanner: Scanner) -> None:
    assert scanner.without_literal == ()


def test_memory_holds_some_chunks_and_not_the_log(scanner: Scanner, healthy: bytes, tmp_path: Path) -> None:
    log = tmp_path / "healthy.log"
    peaks = []
    for megabytes in (2, 8):
        log.write_bytes(healthy * megabytes)
        tracemalloc.start()
        for chunk in Reading(str(log)).chunks():
            scanner.scan(chunk.data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # What is read, the same behind the rest of the block before, its whole records, a copy of them without line feeds
    # to count them; and the block after, read before this one is let go.
    assert peaks[1] <= 7 * CHUNK
    assert peaks[1] <= peaks[0] + CHUNK


def test_scanning_makes_no_object_for_a_line(scanner: Scanner, healthy: bytes) -> None:
    chunk = b"".join(line for line in healthy.splitlines(keepends=True) if b"Skipping step" not in line)[
        :CHUNK
    ]
    scanner.scan(chunk)
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    kept = [scanner.scan(chunk) for _ in range(8)]
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    made = sum(one.count_diff for one in after.compare_to(before, "filename") if one.count_diff > 0)
    # Of 2 MB, 16,000 lines: a handful of objects for each of eight results.
    assert made <= 20 * len(kept)


class Followed:
    """Files in a folder, followed with a clock that jumps to whatever is due."""

    def __init__(self, folder: Path, count: int, scanner: Scanner, *, listens: bool = False) -> None:
        self.paths = [folder / f"rank{number}.log" for number in range(count)]
        for path in self.paths:
            path.write_bytes(b"step 1\n")
        source = Source("logs", [str(folder / "*.log")], listens=listens)
        self.pump = Pump(Follower(source, Descriptors(2 * count)), lambda: scanner, "any")
        self.hops = 0
        self.pump.restore([], known_source=False)
        self.now = 1_000_000.0

    def pass_time(self, seconds: float, *, lines_per_s: int = 0) -> None:
        """Turns as they become due, while each file gets so many lines a second."""
        until, written = self.now + seconds, self.now
        while self.now < until:
            while lines_per_s and written <= self.now:
                written += 1 / lines_per_s
                for path in self.paths:
                    with path.open("ab") as log:
                        log.write(b"step 2: loss 1.5\n")
            self.hops += 1
            due = self.pump.hop(self.now, [], 1 << 24).next_due
            wake = min(due, written) if lines_per_s else due
            self.now = max(wake, self.now + 0.001)


@pytest.fixture
def followed(tmp_path: Path, scanner: Scanner) -> Iterator[Callable[..., Followed]]:
    made: list[Followed] = []

    def follow(count: int, *, listens: bool = False) -> Followed:
        made.append(Followed(tmp_path, count, scanner, listens=listens))
        return made[-1]

    yield follow
    for one in made:
        one.pump.close()


def test_an_idle_file_is_hardly_asked_after(followed: Callable[..., Followed], calls: Counter[str]) -> None:
    files = followed(50)
    files.pass_time(60)
    calls.clear()
    files.pass_time(60)
    # One `stat` of each file in five seconds; of their folder four in one second, shared by them all, and at times it
    # is read. Counted: 0.34 to 0.36.
    assert calls.total() / 50 / 60 <= 0.4
    assert calls["open"] == calls["pread"] == 0


@pytest.fixture
def heard(followed: Callable[..., Followed], monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Followed]:
    """Files in a folder of which the kernel tells."""
    monkeypatch.setattr(ears, "_type_of", lambda _directory: 0xEF53)
    if ears.Ears().readable is None:
        pytest.skip("no inotify here")
    return functools.partial(followed, listens=True)


def test_idle_files_of_which_the_kernel_tells_wake_nobody_in_vain(
    heard: Callable[[int], Followed], calls: Counter[str]
) -> None:
    files = heard(50)
    files.pass_time(60)
    calls.clear()
    files.hops = 0
    files.pass_time(60)
    # A look at the files at most once a second, and one at their folder in 2.5 seconds.
    assert files.hops <= 60 + 24 + 1
    # One `stat` of each file in five seconds, or a little earlier; some of the folder; each hop asks what was heard.
    assert calls["stat"] <= 60 / 5 * 50 / (1 - SPREAD) + 24
    assert calls["read"] <= 2 * files.hops
    # So soon after it changed, in real time, the folder is listed whenever it is asked.
    assert calls["scandir"] <= 24
    assert calls.total() == calls["stat"] + calls["read"] + calls["scandir"]


def test_a_file_that_is_read_on_costs_one_call_for_most_looks(
    heard: Callable[[int], Followed], calls: Counter[str]
) -> None:
    count = CROWD + 20
    files = heard(count)
    files.pass_time(5, lines_per_s=10)
    calls.clear()
    files.hops = 0
    files.pass_time(6, lines_per_s=10)
    assert calls["open"] + calls["close"] == 0
    # Four glances a second, all in the same moments; a `stat` and one more read in five seconds, or a little earlier.
    # Counted: 4.17 and 0.19.
    assert calls["pread"] / count / 6 <= 4.4
    assert calls["stat"] / count / 6 <= 0.3


def test_positions_in_which_nothing_is_found_are_remembered_seldom(heard: Callable[[int], Followed]) -> None:
    files = heard(MANY + 20)
    files.pass_time(10, lines_per_s=10)
    remembered = 0
    until = files.now + 20
    while files.now < until:
        for path in files.paths:
            with path.open("ab") as log:
                log.write(b"step 2: loss 1.5\n")
        remembered += len(files.pump.hop(files.now, [], 1 << 24).lives)
        files.now += 0.25
    assert remembered / len(files.paths) <= 20 / POSITIONS_S + 1


def test_a_busy_file_costs_three_calls_for_each_look(
    followed: Callable[..., Followed], calls: Counter[str]
) -> None:
    files = followed(50)
    files.pass_time(5, lines_per_s=10)
    calls.clear()
    files.pass_time(5, lines_per_s=10)
    assert calls["open"] + calls["close"] == 0
    # Ten looks a second, each a `stat`, a read of what is new and one of what tells that it is the same file.
    assert calls.total() / 50 / 5 <= 32


def test_in_a_crowd_a_file_is_looked_at_half_as_often(
    followed: Callable[..., Followed], calls: Counter[str]
) -> None:
    count = CROWD + 20
    files = followed(count)
    files.pass_time(3, lines_per_s=10)
    calls.clear()
    files.pass_time(3, lines_per_s=10)
    # Four looks a second, each with one read of all, as the files are short. Counted: 4.33.
    assert calls["pread"] / count / 3 <= 4.6


def test_many_idle_files_are_not_listed_with_every_hop(
    followed: Callable[..., Followed], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = followed(MANY + 20)
    files.pass_time(30)
    hops, listed = 0, 0
    hop, lives = Pump.hop, Follower.lives

    def counting_hop(*arguments: Any, **options: Any) -> Any:
        nonlocal hops
        hops += 1
        return hop(*arguments, **options)

    def counting_lives(self: Follower) -> list[Life]:
        nonlocal listed
        listed += 1
        return lives(self)

    monkeypatch.setattr(Pump, "hop", counting_hop)
    monkeypatch.setattr(Follower, "lives", counting_lives)
    files.pass_time(60)
    # Of 100,000 files a list takes some milliseconds, in which no other thread runs.
    assert hops >= 60
    assert listed <= 7


def test_a_finding_brings_the_position_of_its_own_file_and_not_of_all(
    followed: Callable[..., Followed],
) -> None:
    files = followed(MANY + 20)
    files.pass_time(3, lines_per_s=10)
    # All have been taken stock of just now, and all have said more since.
    files.pump.hop(files.now + SURVEY_S, [], 1 << 24)
    for path in files.paths:
        with path.open("ab") as log:
            log.write(b"step 3: loss 1.4\n")
    with files.paths[0].open("ab") as log:
        log.write(b"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n")
    haul = files.pump.hop(files.now + 1.5 * SURVEY_S, [], 1 << 24)
    assert len(haul.findings) == 1
    assert [life.path for life in haul.lives] == [str(files.paths[0])]


def test_an_event_of_a_storm_takes_few_calls(tmp_path: Path, scanner: Scanner) -> None:
    catalogue = load([shipped_folder()])
    telling = Telling(catalogue, "en", [])

    def calls(events: int) -> int:
        log = tmp_path / f"{events}.log"
        log.write_bytes(
            b"".join(
                b"step 1\n[step %d] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n"
                % n
                for n in range(events)
            )
        )
        counted = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal counted
            counted += event in {"call", "c_call"}

        sys.setprofile(count)
        try:
            batches = list(in_turn(parts_of([Target(str(log), named=True)]), scanner, telling.line))
        finally:
            sys.setprofile(None)
        assert sum(len(batch.found) for batch in batches if isinstance(batch, Batch)) == events
        return counted

    calls(100)
    # Each takes a tenth of a microsecond at the least; writing the event as JSON takes ten of them. Counted: 166 in
    # the first chunk, in which all lines are pointed at before one of them is known.
    assert (calls(600) - calls(100)) / 500 <= 175
    # Counted: 129, of lines that differ from earlier ones in digits that decide nothing.
    assert (calls(600) - calls(100)) / 500 <= 135


def test_of_a_storm_only_the_context_that_is_read_is_looked_for(
    tmp_path: Path, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    def counting(*arguments: Any) -> tuple[str, ...]:
        nonlocal looked
        looked += 1
        return around(*arguments)

    around = pump._context
    monkeypatch.setattr(pump, "_context", counting)
    count = 200
    (tmp_path / "a.log").write_bytes(b"step 1\ntorch.OutOfMemoryError: CUDA out of memory.\n" * count)
    reader = Pump(Follower(Source("logs", [str(tmp_path / "*.log")]), Descriptors(9)), lambda: scanner, "any")
    reader.restore([], known_source=False)
    findings = reader.hop(1_000_000.0, [], 1 << 24).findings
    reader.close()
    assert (len(findings), looked) == (count, 0)
    assert findings[0][1].context[:2] == ("step 1", "torch.OutOfMemoryError: CUDA out of memory.")
    assert looked == 1


def test_many_files_are_met_without_asking_all_that_are_open(
    tmp_path: Path, scanner: Scanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    real = descriptors._is_read

    def counting(life: Life) -> bool:
        nonlocal asked
        asked += 1
        return real(life)

    monkeypatch.setattr(descriptors, "_is_read", counting)
    count, most = 300, 50
    for number in range(count):
        (tmp_path / f"rank{number}.log").write_bytes(b"step 1\n")
    source = Source("logs", [str(tmp_path / "*.log")], from_end=True)
    pump = Pump(Follower(source, Descriptors(most)), lambda: scanner, "any")
    pump.restore([], known_source=False)
    pump.hop(1_000_000.0, [], 1 << 24)
    pump.close()
    # One for each file that has to make room.
    assert 0 < asked <= 2 * count


def test_a_start_of_scan_imports_little(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    log.write_text("step 1\n")
    program = (
        "import sys\nfrom logwatch.cli.main import main\n"
        "try: main(['scan', sys.argv[1]])\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    # From the second start on it comes from the cache, as it does after a wheel was installed.
    said = [
        subprocess.run(
            [sys.executable, "-c", program, log], capture_output=True, text=True, check=True
        ).stderr
        for _ in range(2)
    ]
    modules = said[1].split()
    # Each of these takes longer to import than all that a scan needs.
    heavy = {"pydantic", "asyncio", "aiohttp", "regex", "multiprocessing", "yaml", "structlog", "sqlite3"}
    heavy |= {"prometheus_client", "watchdog", "ssl", "socket", "logging", "subprocess", "hashlib"}
    assert heavy & {*modules} == set()
    # Counted: 36. What is wanted for a finding or another verb is imported there.
    assert sum(name.startswith("logwatch") for name in modules) <= 42


def test_a_start_of_run_takes_up_what_was_made_of_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "logwatch.yaml").write_text(
        f'state_dir: {tmp_path}/state\nsources: [{{name: a, paths: ["{tmp_path}/*.log"]}}]\n'
    )
    program = (
        "import sys\nfrom logwatch.cli.main import main\n"
        "try: main(['run', '--once', '-c', sys.argv[1]])\nexcept SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", program, tmp_path / "logwatch.yaml"],
            capture_output=True,
            text=True,
            check=True,
        ).stderr
        for _ in range(2)
    ]
    # To read, check and compile all records takes two seconds, and what is made of them stays in memory.
    assert {"logwatch.catalogue.load", "logwatch.catalogue.edges"}.isdisjoint(said[1].split())
