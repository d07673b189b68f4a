"""H. What training jobs do to their logs."""

import http.server
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from logwatch.tail.evidence import TAIL

from .harness import CHATTER, Reader, Stage, until

# 8 KB; eight of them are what 512 ranks print before any of them says something of its own.
BANNER = (b"module load cuda/12.4 nccl/2.21.5\n" + CHATTER) * 80
MIB = 1024 * 1024
RANKS = 512


@pytest.mark.scenario(
    91, "Slurm requeues a job: the same file, cut and written anew, with the same 8 KB and error"
)
def test_091_requeue(stage: Stage) -> None:
    stage.start()
    log = stage.writer("slurm-4711.out.log")
    error = b"rank0: TELLTALE step:3! lost\n"
    inode = log.inode
    for run in (1, 2, 3):
        log.truncate()
        log.raw(BANNER[:1000])
        # A job takes its time to start: its log is seen to have become shorter, or to have changed.
        until(lambda run=run: stage.metric("logwatch_generations_total") == run, f"run {run} to be seen")
        log.raw(BANNER[1000:] + error)
        until(lambda run=run: len(stage.events()) == run, f"the error of run {run}")
    assert log.inode == inode
    assert [event["generation"] for event in stage.events()] == [1, 2, 3]
    assert len({event["event_id"] for event in stage.events()}) == 3
    stage.stop()


@pytest.mark.scenario(92, "512 ranks whose logs begin with the same 64 KB; one of them fails")
def test_092_identical_heads(stage: Stage) -> None:
    stage.configure("rank*.log", path_labels=[str(stage.logs / "rank{rank}.log")])
    head = BANNER * 8
    for n in range(RANKS):
        stage.account.writer(stage.logs / f"rank{n}.log").raw(head)
    stage.start()
    stage.wait_read()
    log = stage.writer("rank387.log")
    log.lines()
    stage.check()
    [event] = stage.events()
    assert event["labels"]["rank"] == "387"


@pytest.mark.scenario(93, "A rank says nothing for 20 minutes, then 200 bytes, then nothing ever again")
def test_093_small_and_late(reader: Reader) -> None:
    log = reader.writer("rank0.log")
    reader.pass_time(20 * 60)
    log.raw(log.compose(size=200))
    reader.pass_time(5)
    reader.check()


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook's address, and the bodies that it got."""
    bodies: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/", bodies
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.mark.scenario(94, "512 ranks print the same error in the same second: all counted, one message")
def test_094_all_ranks_fail_at_once(stage: Stage, receiver: tuple[str, list[dict[str, Any]]]) -> None:
    address, bodies = receiver
    hook = {
        "type": "webhook",
        "name": "hook",
        "url": address,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    stage.configure("*/*.log", path_labels=[str(stage.logs / "{job}/rank{rank}.log")], notify=[hook])
    (stage.logs / "job-1").mkdir()
    stage.start()
    logs = [stage.writer(f"job-1/rank{n}.log") for n in range(RANKS)]
    for log in logs:
        log.lines()
    stage.wait_told()
    until(lambda: bodies, "a message")
    assert stage.metric("logwatch_matches_total") == RANKS
    stage.check()
    assert [body["type"] for body in bodies].count("logwatch.incident.opened") == 1


@pytest.mark.scenario(95, "A large log on first start does not keep the live ones waiting")
def test_095_backlog_behind_live_files(reader: Reader) -> None:
    """In process, so that reads are counted: after one round everybody else has been read to the end."""
    large = reader.writer("large.log")
    large.chatter(200 * MIB)
    large.lines()
    live = [reader.writer(f"rank{n}.log") for n in range(50)]
    for _ in range(5):
        for log in live:
            log.lines()
        reader.hop()
        reader.now += 1
        assert large.tokens[0] not in reader.told
    reader.hop()
    assert reader.told == {token: 1 for log in live for token in log.tokens}
    reader.catch_up()
    reader.check()


class Asked:
    """Stands for `os` where files are read: counts what the file system is asked, and the bytes it gives."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.read = 0

    def __getattr__(self, name: str) -> Any:
        known = getattr(os, name)
        if name not in {"stat", "fstat", "open", "scandir", "lseek", "pread"}:
            return known

        def counted(*given: Any, **named: Any) -> Any:
            self.calls[name] += 1
            answer = known(*given, **named)
            if name == "pread":
                self.read += len(answer)
            return answer

        return counted


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    asked = Asked()
    for room in ("descriptors", "discover", "evidence", "follow", "reading", "siblings"):
        monkeypatch.setattr(f"logwatch.tail.{room}.os", asked)
    return asked


@pytest.mark.scenario(96, "Another host writes on a network file system: how much its server is asked")
def test_096_what_a_file_system_is_asked(reader: Reader, asked: Asked) -> None:
    """In process, and requests are counted: they are what slows a writer down who shares the server with us.

    There is no Lustre here whose throughput could be measured, and a measured percent would not be repeatable.
    """
    written, idle = reader.writer("rank0.log"), [reader.writer(f"rank{n}.log") for n in range(1, 21)]
    written.chatter(MIB)
    for log in idle:
        log.chatter(MIB)
    reader.pass_time(120)
    asked.calls.clear()
    asked.read = 0
    size, seconds = written.size, 20
    for _ in range(20 * seconds):
        written.raw(CHATTER)
        written.lines()
        reader.pass_time(0.05)
    # Written twenty times a second, it is looked at as often if events tell of it, else ten times; the folder
    # four times, an idle file every 1.5 s at the most. A look asks for the state once. Look and read ask for the
    # samples of what is known, of the first megabyte there is one, and for what stands before what is new.
    assert asked.calls["stat"] + asked.calls["fstat"] < seconds * (20 + 4 + len(idle) / 1.5)
    assert asked.calls["pread"] <= seconds * 20 * 4
    assert asked.calls["open"] + asked.calls["lseek"] + asked.calls["scandir"] == 0
    assert asked.read < written.size - size + seconds * 20 * 4 * TAIL
    reader.pass_time(60)
    asked.calls.clear()
    reader.pass_time(seconds)
    # All are idle, and nothing is read.
    assert asked.calls["pread"] == 0
    assert sum(asked.calls.values()) < seconds * (4 + (1 + len(idle)) / 1.5 + 1)
    reader.check()


@pytest.mark.scenario(97, "torchrun starts anew in another folder while the first attempt is still written")
def test_097_attempts(stage: Stage) -> None:
    stage.configure("attempt_*/*/stderr.log")
    stage.start()
    earlier = []
    for attempt in range(2):
        logs = []
        for rank in range(4):
            folder = stage.logs / f"attempt_{attempt}" / str(rank)
            folder.mkdir(parents=True)
            logs.append(stage.account.writer(folder / "stderr.log"))
        for log in [*earlier, *logs]:
            log.chatter(MIB)
            log.lines(2)
        earlier = logs
    stage.check()


@pytest.mark.scenario(98, "Output in bursts of 8 KB that end anywhere in a line")
def test_098_block_buffered_output(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    text = b"".join(log.compose(size=70 + n % 61) for n in range(1000))
    for at in range(0, len(text), 8192):
        log.raw(text[at : at + 8192])
    stage.check()
