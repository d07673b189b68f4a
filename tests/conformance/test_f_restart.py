"""F. Restart, crash, state: what is remembered, and what happens where it cannot be."""

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from .harness import Reader, Stage, until
from .small_disk import small_disk

# What `make torture` does a thousand times, the suite does a few.
KILLS = 4


@pytest.mark.scenario(68, "A clean restart: lines before it, during it and after it")
@pytest.mark.parametrize("size", [40, 5000])
def test_068_clean_restart(stage: Stage, size: int) -> None:
    log = stage.writer("a.log")
    log.lines(10, size=size)
    stage.start()
    stage.wait_told()
    log.lines(10, size=size)
    stage.stop()
    log.lines(10, size=size)
    stage.start()
    stage.wait_told()
    log.lines(10, size=size)
    stage.wait_told()
    stage.stop()
    assert stage.told() == dict.fromkeys(log.tokens, 1)
    assert stage.remembered_ledger() == {"scanned": stage.account.size}


@pytest.mark.scenario(69, "`kill -9` at random moments under load")
def test_069_killed_under_load(stage: Stage) -> None:
    """Writers never pause; the daemon is killed while it starts, reads, and commits."""
    chance = random.Random(69)
    done = threading.Event()
    logs = [stage.writer(f"rank{n}.log") for n in range(3)]

    def write() -> None:
        while not done.is_set():
            for log in logs:
                log.lines(20)
            done.wait(0.02)

    load = threading.Thread(target=write)
    load.start()
    try:
        for _ in range(KILLS):
            stage.start()
            told = len(stage.events())
            more = chance.randrange(400)
            until(lambda told=told, more=more: len(stage.events()) >= told + more, "some events")
            stage.kill()
    finally:
        done.set()
        load.join()
    stage.start()
    stage.wait_told()
    stage.stop()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)
    assert len({event["event_id"] for event in stage.events()}) == len(stage.account.tokens)


@pytest.mark.scenario(70, "What was not committed at the end is read again, what was is not")
def test_070_what_was_not_committed_is_read_again(reader: Reader) -> None:
    """In process: a hop whose findings nobody kept never was; one that was kept is not repeated."""
    log = reader.writer("a.log")
    log.lines(5)
    reader.pass_time(1)
    kept = {key: (source, path, dict(body)) for key, (source, path, body) in reader.remembered.items()}
    told = reader.told.copy()
    log.lines(5)
    reader.pass_time(1)
    assert len(reader.told) == 10
    reader.remembered, reader.told = kept, told
    reader.restart()
    reader.pass_time(1)
    assert reader.told == dict.fromkeys(log.tokens, 1)


def _truncated(state: Path) -> None:
    state.write_bytes(state.read_bytes()[:5000])


def _empty(state: Path) -> None:
    state.write_bytes(b"")


def _zeros(state: Path) -> None:
    state.write_bytes(b"\0" * state.stat().st_size)


def _noise(state: Path) -> None:
    state.write_bytes(random.Random(71).randbytes(20_000))


def _other_schema(state: Path) -> None:
    state.unlink()
    with contextlib.closing(sqlite3.connect(state)) as db:
        db.execute("CREATE TABLE mine (x)")
        db.execute("PRAGMA user_version = 1")


def _future_schema(state: Path) -> None:
    with contextlib.closing(sqlite3.connect(state)) as db:
        db.execute("PRAGMA user_version = 9999")


@pytest.mark.scenario(
    71, "The state is cut, empty, zeros, noise, of another or of a later schema", modes=("sweep",)
)
@pytest.mark.parametrize("damage", [_truncated, _empty, _zeros, _noise, _other_schema, _future_schema])
def test_071_damaged_state(stage: Stage, damage: Callable[[Path], None]) -> None:
    """Starts with the copy of the last clean stop, says so, keeps what it found; again and again."""
    log = stage.writer("a.log")
    log.lines(3)
    stage.start()
    stage.wait_told()
    stage.stop()
    for turn in range(2):
        damage(stage.folder / "state" / "state.db")
        log.lines(2)
        stage.start()
        assert stage.said("state"), turn
        stage.wait_told()
        stage.stop()
    assert stage.told() == dict.fromkeys(log.tokens, 1)
    assert len(list((stage.folder / "state").glob("state.db.unusable-*"))) == 2


@pytest.mark.scenario(72, "No space for the state, the events, or the logs themselves")
def test_072_full_disk(stage: Stage, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        stage.configure(state_dir=str(disk))
        stage.start()
        log = stage.writer("a.log")
        log.lines(3)
        stage.wait_told()
        (disk / "ballast").write_bytes(b"")
        with contextlib.suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(b"x" * 4096)
        log.lines(2000)
        stage.wait_told()
        until(lambda: stage.metric("logwatch_state_errors_total") > 0, "the trouble to be counted")
        assert stage.said("state")
        until(lambda: stage.metric("logwatch_state_in_memory") == 1, "the state to be in memory")
        (disk / "ballast").unlink()
        until(lambda: stage.said("the state is on disk again"), "the state to return to disk")
        until(lambda: stage.metric("logwatch_state_in_memory") == 0, "the gauge to follow")
        log.lines(3)
        stage.wait_told()
        stage.restart()
        log.lines(3)
        stage.wait_told()
        stage.stop()
        assert stage.told() == dict.fromkeys(log.tokens, 1)


@pytest.mark.scenario(72, "No space for the state, the events, or the logs themselves")
def test_072_full_disk_of_the_logs(stage: Stage, tmp_path: Path) -> None:
    """The writer's line ends where the space ended; it is completed, or not, when there is some again."""
    with small_disk(tmp_path / "disk") as disk:
        stage.configure(str(disk / "*.log"))
        stage.start()
        log = stage.account.writer(disk / "a.log")
        log.lines(3)
        stage.wait_told()
        ballast = os.open(disk / "ballast", os.O_WRONLY | os.O_CREAT)
        with contextlib.suppress(OSError):
            while True:
                os.write(ballast, b"x" * 4096)
        with pytest.raises(OSError, match="No space"):
            log.raw(log.compose(size=200_000))
        lost = log.tokens[-1]
        os.ftruncate(ballast, 0)
        os.close(ballast)
        log.raw(b"\n")
        stage.wait_told(log.lines(3))
        stage.stop()
        # Of that line a part was written; whether what identifies it was in it, nobody knows.
        assert {**stage.told(), lost: 1} == dict.fromkeys(log.tokens, 1)


@pytest.mark.scenario(
    73, "What a crash leaves beside the state is taken up, or is in nobody's way", modes=("sweep",)
)
def test_073_leftovers_of_a_crash(stage: Stage) -> None:
    """The write-ahead log holds what is newer than the database; a copy that was never finished is ignored."""
    log = stage.writer("a.log")
    log.lines(3)
    stage.start()
    stage.wait_told()
    log.lines(3)
    stage.wait_told()
    stage.kill()
    state = stage.folder / "state"
    assert (state / "state.db-wal").stat().st_size > 0
    (state / "state.db.new").write_bytes(b"half a copy")
    (state / "state.db.bak").write_bytes(b"")
    stage.start()
    log.lines()
    stage.wait_told()
    stage.stop()
    assert not stage.said("state")
    assert stage.told() == dict.fromkeys(log.tokens, 1)


def _remembered(stage: Stage) -> list[tuple[str, str]]:
    with contextlib.closing(sqlite3.connect(stage.folder / "state" / "state.db")) as db:
        return db.execute("SELECT key, path FROM generation").fetchall()


@pytest.mark.scenario(
    74,
    "20,000 entries of files that are gone go; that of a file on a mount that is away stays",
    modes=("sweep",),
)
def test_074_dead_entries(stage: Stage) -> None:
    stage.configure("*.log", limits={"sweep_s": 1})
    log, away = stage.writer("a.log"), stage.writer("away.log")
    log.lines()
    away.lines()
    stage.start()
    stage.wait_told()
    stage.stop()
    with contextlib.closing(sqlite3.connect(stage.folder / "state" / "state.db")) as db, db:
        rows = db.execute("SELECT key, source, path, body, seen_at FROM generation").fetchall()
        [(key, source, path, body, seen_at)] = [row for row in rows if row[2].endswith("/away.log")]
        fields = json.loads(body)
        for n in range(20_000):
            gone = {
                **fields,
                "file": [fields["file"][0], 10**9 + n, n + 1],
                "home": path.replace("away", f"gone{n}"),
            }
            row = (f"gone{n}", source, gone["home"], json.dumps(gone), seen_at)
            db.execute("INSERT INTO generation VALUES (?, ?, ?, ?, ?)", row)
        # As if the file were on a file system that is not mounted now.
        fields["file"][0] += 12345
        db.execute("UPDATE generation SET body = ? WHERE key = ?", (json.dumps(fields), key))
    away.path.rename(stage.folder / "elsewhere")
    stage.start()
    stage.wait_told(log.lines())
    until(lambda: len(_remembered(stage)) <= 2, "the dead entries to go", within=40)
    stage.stop()
    assert sorted(Path(path).name for _, path in _remembered(stage)) == ["a.log", "away.log"]


@pytest.mark.scenario(75, "Two daemons on one state", modes=("sweep",))
def test_075_two_daemons(stage: Stage) -> None:
    stage.start()
    second = subprocess.run(
        [sys.executable, "-m", "logwatch", "run", "-c", stage.folder / "logwatch.yaml"],
        cwd=stage.folder,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert second.returncode == 75
    assert b"is in use by another logwatch (pid %d)" % stage.pid in second.stderr
    stage.writer("a.log").lines()
    stage.check()


@pytest.mark.scenario(76, "A stop reads on to the end: a dying pod says why in its last lines")
def test_076_shutdown_reads_to_the_end(stage: Stage) -> None:
    logs = [stage.writer(f"rank{n}.log") for n in range(20)]
    stage.start()
    for log in logs:
        log.lines()
    stage.wait_told()
    with stage.frozen():
        for log in logs:
            log.chatter(200_000)
            log.lines()
            log.raw(log.compose(end=b""))
        # The last thing that it hears before it goes on.
        stage.ask_to_stop()
    stage.wait_stopped()
    assert stage.told() == dict.fromkeys([t for log in logs for t in log.tokens[:-1]], 1) | {
        token: 1 for token in stage.told() if token in {log.tokens[-1] for log in logs}
    }
    stage.start()
    stage.wait_told()
    stage.stop()
    assert stage.told() == dict.fromkeys(stage.account.tokens, 1)
