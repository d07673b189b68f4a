"""The demonstration: a real daemon in a process of its own, read as a newcomer reads it."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, TextIO

import pytest

from logwatch.catalogue import load as catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.scan.scanner import Scanner

ACCELERATE = "huggingface/accelerate-multi-gpu-device-map-conflict"
OUT_OF_MEMORY = "pytorch/cuda-out-of-memory"
ACCELERATE_LINE = (
    "RuntimeError: You cannot set both `device_map` and `device` when using the `accelerate` launcher "
    "with multiple GPUs."
)
FAILING_RUN = files("logwatch") / "demo" / "failing-training.log"


@dataclass(slots=True)
class Show:
    """A running demo. Who waits in vain for what it says runs into the time limit of tests."""

    process: "subprocess.Popen[str]"
    temporary: Path

    def until(self, text: str) -> str:
        """What is said up to the line that holds `text`."""
        said: list[str] = []
        for line in self._stdout:
            said.append(line)
            if text in line:
                return "".join(said)
        raise AssertionError(f"{text!r} was never said, but {said}")

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait()

    @property
    def _stdout(self) -> TextIO:
        assert self.process.stdout is not None
        return self.process.stdout


@contextlib.contextmanager
def demo(temporary: Path, *options: str, listen: str = "127.0.0.1:0") -> Iterator[Show]:
    command = [sys.executable, "-m", "logwatch", "demo", "--listen", listen, "--speed", "5000", *options]
    environment = {**os.environ, "TMPDIR": str(temporary), "NO_COLOR": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as process:
        try:
            yield Show(process, temporary)
        finally:
            process.kill()


def fetch(said: str, path: str) -> str:
    """Asks the address that the demo told its reader."""
    address = re.search(r"status page +(http://\S+)/", said)
    assert address is not None, said
    with urllib.request.urlopen(address[1] + path) as answer:
        return str(answer.read().decode())


def events(said: str) -> list[dict[str, Any]]:
    path = re.search(r"tail -n 1 (\S+)", said)
    assert path is not None, said
    return [json.loads(line) for line in Path(path[1]).read_text().splitlines()]


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[tuple[Show, str]]:
    """The demo when it has told everything, and what it said."""
    with demo(tmp_path) as show:
        yield show, show.until("Your own logs")


def test_the_shipped_run_holds_hundreds_of_healthy_lines_and_two_errors() -> None:
    data = FAILING_RUN.read_bytes()
    known = catalogue.load([catalogue.shipped_folder()])
    found = Scanner(rules_of(known.entries.values())).scan(data).matches
    assert [match.rule for match in found] == [ACCELERATE, OUT_OF_MEMORY]
    assert data.count(b"\n") > 400


def test_it_tells_both_errors_with_what_to_do_first(shown: tuple[Show, str]) -> None:
    _, said = shown
    assert said.count("Do this first") == 2
    assert "Remove the `device` argument and only use `device_map='auto'`" in said
    assert "Halve the micro batch" in said
    assert f"Found: {ACCELERATE} 1×, {OUT_OF_MEMORY} 1×." in said


def test_what_it_says_of_events_metrics_and_the_status_page_is_true(shown: tuple[Show, str]) -> None:
    _, said = shown
    assert [event["error_id"] for event in events(said)] == [ACCELERATE, OUT_OF_MEMORY]
    metrics = fetch(said, "/metrics")
    assert re.search(rf'logwatch_matches_total{{.*error_id="{OUT_OF_MEMORY}".*}} 1\.0', metrics)
    assert 'logwatch_notifications_total{outcome="ok",receiver="terminal"} 2.0' in metrics
    assert OUT_OF_MEMORY in fetch(said, "/")


def test_a_line_appended_as_it_proposes_is_told_as_well(shown: tuple[Show, str]) -> None:
    show, said = shown
    proposal = re.search(r"^ +(echo .*)$", said, re.MULTILINE)
    assert proposal is not None
    subprocess.run(proposal[1], shell=True, check=True)
    assert "Do this first" in show.until("Do this first")


def test_ctrl_c_ends_it_in_order_and_leaves_nothing_behind(shown: tuple[Show, str]) -> None:
    show, _ = shown
    assert list(show.temporary.iterdir()) != []
    assert show.interrupt() == 0
    assert list(show.temporary.iterdir()) == []


def test_ctrl_c_while_the_run_is_written_ends_it_too(tmp_path: Path) -> None:
    with demo(tmp_path, "--speed", "1") as show:
        show.until("What on-call would get follows here.")
        assert show.interrupt() == 0
        assert list(tmp_path.iterdir()) == []


def test_it_follows_files_of_ones_own_from_their_beginning_and_as_they_grow(tmp_path: Path) -> None:
    logs, temporary = tmp_path / "my logs $HOME", tmp_path / "tmp"
    logs.mkdir()
    temporary.mkdir()
    log = logs / "train.log"
    log.write_text(f"step 1\n{ACCELERATE_LINE}\n")
    with demo(temporary, "--logs", f"{logs}/*.log") as show:
        said = show.until("Read to the end.")
        assert "Remove the `device` argument" in said
        assert f"Found: {ACCELERATE} 1×." in said
        assert [event["path"] for event in events(said)] == [str(log)]
        with log.open("a") as file:
            file.write("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n")
        show.until("Halve the micro batch")


def test_a_folder_stands_for_the_logs_below_it(tmp_path: Path) -> None:
    log = tmp_path / "jobs" / "7" / "train.log"
    log.parent.mkdir(parents=True)
    log.write_text(f"{ACCELERATE_LINE}\n")
    with demo(tmp_path, "--logs", str(tmp_path / "jobs")) as show:
        assert f"Found: {ACCELERATE} 1×." in show.until("Read to the end.")


def test_it_says_when_there_is_nothing_to_read(tmp_path: Path) -> None:
    with demo(tmp_path, "--logs", str(tmp_path / "*.log")) as show:
        show.until("There is nothing to read yet.")


def test_a_taken_port_is_said_aloud_and_another_one_serves(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = "{}:{}".format(*taken.getsockname())
        with demo(tmp_path, listen=address) as show:
            said = show.until("Your own logs")
        assert f"cannot listen on {address}" in said
        assert address not in said.split("status page")[1]


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    command = f"{sys.executable} -m logwatch demo --listen 127.0.0.1:0 --speed 5000 | head -n 1"
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    told = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert told.stdout.startswith("A training run is written to ")
    assert "Traceback" not in told.stderr
    assert list(tmp_path.iterdir()) == []
