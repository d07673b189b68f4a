"""Sources that are no files, in a whole daemon: what each promises over restarts and kills."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import Stage, until
from journals import FakeJournal


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, "events") as stage:
        yield stage


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeJournal:
    return FakeJournal(tmp_path, monkeypatch)


def said(number: int) -> str:
    return f"TELLTALE j:{number}! lost"


def all_told(stage: Stage, count: int) -> Callable[[], bool]:
    return lambda: stage.told().keys() == {f"j:{number}" for number in range(count)}


def test_the_journal_is_told_once_over_kills_stops_and_boots(stage: Stage, journal: FakeJournal) -> None:
    """Killed while entries pour in, twice; stopped; the machine started anew."""
    stage.configure(sources=[{"name": "kernel", "type": "journald", "kernel": True}])
    count = 0

    def pour(entries: int) -> None:
        nonlocal count
        for _ in range(entries):
            journal.write(said(count))
            journal.write("audit: calm", _TRANSPORT="audit")
            count += 1

    pour(20)
    for end in (stage.kill, stage.kill, stage.stop):
        stage.start()
        until(all_told(stage, count), "what is there")
        pour(50)
        end()
        pour(10)
    journal.reboot()
    pour(5)
    stage.start()
    until(all_told(stage, count), "all entries")
    pour(1)
    until(all_told(stage, count), "the last entry")
    assert stage.metric("logwatch_gaps_total") == 0
    assert stage.said("the machine was started anew: another generation begins")
    stage.stop()
    assert set(stage.told().values()) == {1}
    event = stage.event_of("j:0")
    assert (event["path"], event["labels"]["host"], event["generation"]) == ("journal", "node7", 1)
    assert stage.event_of(f"j:{count - 1}")["generation"] == 2


def test_a_position_that_the_journal_has_dropped_is_counted_and_said(
    stage: Stage, journal: FakeJournal
) -> None:
    stage.configure(sources=[{"name": "kernel", "type": "journald"}])
    journal.write(said(0))
    stage.start()
    until(all_told(stage, 1), "the first entry")
    stage.stop()
    journal.write("lost")
    journal.write(said(1))
    journal.forget(2)
    stage.start()
    until(all_told(stage, 2), "what is left")
    assert stage.metric("logwatch_gaps_total", source="kernel", reason="cursor_lost") == 1
    [told] = stage.said("records were gone before they could be read")
    assert told["reason"] == "cursor_lost"
    stage.stop()


def test_the_program_ends_with_the_daemon(stage: Stage, journal: FakeJournal) -> None:
    stage.configure(sources=[{"name": "kernel", "type": "journald"}])
    journal.write(said(0))
    stage.start()
    until(all_told(stage, 1), "the entry")
    children = until(lambda: _children(stage.pid), "journalctl to follow")
    stage.stop()
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def test_a_fifo_is_read_while_writers_come_and_go_and_after_a_restart(stage: Stage) -> None:
    fifo = stage.folder / "pipe"
    os.mkfifo(fifo)
    stage.configure(sources=[{"name": "pipe", "type": "fifo", "path": str(fifo)}])
    stage.start()
    for number in range(3):
        fifo.write_text(f"{said(number)}\n")
        until(all_told(stage, number + 1), "the line")
    stage.restart()
    # The same place in another generation is another event.
    fifo.write_text(f"{said(3)}\n")
    until(all_told(stage, 4), "the line after the restart")
    stage.stop()
    assert set(stage.told().values()) == {1}
    assert [stage.event_of(f"j:{n}")["generation"] for n in (0, 3)] == [1, 2]
    assert stage.event_of("j:3")["path"] == str(fifo)


def test_one_source_may_change_its_type(stage: Stage) -> None:
    """What was remembered of the files means nothing to a FIFO."""
    stage.configure()
    log = stage.writer("a.log")
    log.lines(2)
    stage.start()
    stage.wait_told()
    fifo = stage.folder / "pipe"
    os.mkfifo(fifo)
    stage.configure(sources=[{"name": "logs", "type": "fifo", "path": str(fifo)}])
    stage.restart()
    fifo.write_text(f"{said(0)}\n")
    until(lambda: stage.told()["j:0"], "the line in the FIFO")
    stage.stop()


@pytest.mark.parametrize("options", [[], ["--once"]], ids=["run", "once"])
def test_the_daemon_ends_with_its_standard_input(stage: Stage, options: list[str]) -> None:
    """`train 2>&1 | logwatch run`: an unfinished last line counts, nobody will finish it."""
    stage.configure(sources=[{"name": "piped", "type": "stdin"}])
    command = [sys.executable, "-m", "logwatch", "run", "-c", "logwatch.yaml", *options]
    told = subprocess.run(
        command,
        cwd=stage.folder,
        input=f"{said(0)}\n{said(1)}",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert stage.told() == {"j:0": 1, "j:1": 1}


def test_the_daemon_follows_on_when_only_one_of_its_sources_has_ended(stage: Stage) -> None:
    """The stage gives no standard input: it ends at once."""
    logs = {"name": "logs", "paths": [str(stage.logs / "*.log")]}
    stage.configure(sources=[{"name": "piped", "type": "stdin"}, logs])
    stage.start()
    stage.writer("a.log").lines(3)
    stage.wait_told()
    look = stage.metric("logwatch_last_look_timestamp_seconds", source="logs")
    until(lambda: stage.metric("logwatch_last_look_timestamp_seconds", source="logs") > look, "another look")
    # Nobody is to be woken because a source that has ended is not looked at.
    assert 'logwatch_last_look_timestamp_seconds{source="piped"}' not in stage.get("/metrics")
    stage.stop()


def test_labels_of_the_site_come_from_the_environment(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the downward API of Kubernetes gives them."""
    monkeypatch.setenv("LOGWATCH__LABELS__POD", "llm-0")
    monkeypatch.setenv("LOGWATCH__LABELS__CLUSTER", "overridden")
    monkeypatch.setenv("LOGWATCH__LABELS__EMPTY", "")
    stage.configure(labels={"cluster": "eu1"})
    stage.start()
    stage.writer("a.log").lines(1)
    stage.wait_told()
    stage.stop()
    [event] = stage.events()
    assert event["labels"] == {"pod": "llm-0", "cluster": "eu1"} | _own(event)


def _own(event: dict[str, Any]) -> dict[str, Any]:
    """Labels that the line itself gives."""
    return {name: value for name, value in event["labels"].items() if name in {"rank", "host"}}


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in re.findall(r"\d+", task.read_text())]


def test_check_looks_at_every_type_of_source(stage: Stage, journal: FakeJournal) -> None:
    journal.write(said(0))
    fifo = stage.folder / "pipe"
    os.mkfifo(fifo)
    stage.configure(
        sources=[
            {"name": "journal", "type": "journald"},
            {"name": "ring", "type": "kmsg", "path": str(stage.folder / "absent")},
            {"name": "pipe", "type": "fifo", "path": str(fifo)},
            {"name": "none", "type": "fifo", "path": str(stage.folder / "nothing")},
            {"name": "file", "type": "fifo", "path": str(stage.folder / "logwatch.yaml")},
            {"name": "piped", "type": "stdin"},
        ]
    )
    told = subprocess.run(
        [sys.executable, "-m", "logwatch", "check", "-c", "logwatch.yaml", "--offline"],
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert told.returncode == 2
    for wanted in (
        "✓ source journal the journal can be read",
        f"✗ source ring {stage.folder / 'absent'}: No such file or directory",
        f"✓ source pipe {fifo} can be read",
        f"✗ source none {stage.folder / 'nothing'}: No such file or directory",
        f"✗ source file {stage.folder / 'logwatch.yaml'} is not a FIFO",
        "✓ source piped standard input",
    ):
        assert wanted in lines, told.stdout


def test_check_says_why_the_journal_cannot_be_read(stage: Stage, journal: FakeJournal) -> None:
    journal.break_down("No journal files were opened due to insufficient permissions.")
    stage.configure(sources=[{"name": "journal", "type": "journald"}])
    told = subprocess.run(
        [sys.executable, "-m", "logwatch", "check", "-c", "logwatch.yaml", "--offline"],
        cwd=stage.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "insufficient permissions" in told.stdout
    assert "SupplementaryGroups=systemd-journal" in told.stdout
    assert told.returncode == 2
