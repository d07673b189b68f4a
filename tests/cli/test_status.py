"""`logwatch status` asks a daemon that runs, and reads what one that ended has left."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import Stage, until
from test_run import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, "events") as stage:
        yield stage


def listen_on_a_free_port(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    change(stage, http={"listen": f"127.0.0.1:{port}"})


def change(stage: Stage, **sections: Any) -> None:
    path = stage.folder / "logwatch.yaml"
    path.write_text(json.dumps({**json.loads(path.read_text()), **sections}))


def logwatch(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logwatch", *arguments, "-c", "logwatch.yaml"]
    return subprocess.run(command, cwd=stage.folder, capture_output=True, text=True, check=False, timeout=60)


def report(stage: Stage) -> Any:
    told = logwatch(stage, "status", "--json")
    assert told.returncode in (0, 1), told.stderr
    return json.loads(told.stdout)


def test_a_daemon_that_runs_tells_and_one_that_ended_has_left_the_same(
    stage: Stage, receiver: Receiver
) -> None:
    receiver.answers = [500] * 1000
    stage.configure(notify=[{"type": "webhook", "name": "pager", "url": receiver.url}])
    listen_on_a_free_port(stage)
    stage.start()
    logwatch(stage, "silence", "add", "--error", "conformance/*", "--job", "other", "--for", "1h")
    stage.writer("a.log").lines(3)
    until(lambda: report(stage)["receivers"][0]["waiting"] >= 1, "a message to wait")
    until(lambda: "500" in report(stage)["receivers"][0]["last_error"], "the reason")
    live = report(stage)
    assert live["running"] is True
    assert live["catalogue"]["entries"] >= 1
    assert live["sources"][0] == {
        "name": "logs", "lag_bytes": 0, "skipped_bytes": {}, "unreadable": {}, "worst": [],
    }  # fmt: skip
    assert [(i["error_id"], i["count"]) for i in live["incidents"]] == [("conformance/telltale", 3)]
    assert [(s["job"], s["hits"]) for s in live["silences"]] == [("other", 0)]
    assert logwatch(stage, "status").stdout.startswith("logwatch is running\n")
    stage.check()

    left = report(stage)
    assert left["running"] is False
    for part in ("catalogue", "sources", "open_incidents", "incidents", "silences"):
        assert left[part] == live[part], part
    assert left["receivers"][0]["waiting"] >= 1
    said = logwatch(stage, "status")
    assert said.returncode == 1
    assert "is not running" in said.stdout
    assert "\x1b" not in said.stdout


def test_without_http_the_state_of_a_running_daemon_is_read(stage: Stage) -> None:
    """The test's daemon listens on a port that its configuration does not name."""
    stage.start()
    stage.writer("a.log").lines()
    until(lambda: report(stage)["open_incidents"] == 1, "the incident")
    told = report(stage)
    assert told["running"] is True
    assert "does not answer over HTTP" in told["note"]
    stage.check()


def test_somebody_else_on_the_port_is_not_believed(stage: Stage, receiver: Receiver) -> None:
    stage.start()
    stage.stop()
    change(stage, http={"listen": receiver.url.removeprefix("http://").removesuffix("/hook")})
    assert report(stage)["running"] is False


def test_the_daemon_of_another_configuration_is_named_and_not_shown(stage: Stage) -> None:
    listen_on_a_free_port(stage)
    stage.start()
    stage.writer("a.log").lines()
    until(lambda: report(stage)["open_incidents"] == 1, "the incident")
    change(stage, state_dir="other-state")
    told = logwatch(stage, "status")
    assert told.returncode == 2
    assert f"another one answers at http.listen; its state is in {stage.folder / 'state'}" in told.stderr
    assert "conformance/telltale" not in told.stdout
    stage.stop()


def test_where_there_is_no_state_it_says_what_to_do(stage: Stage) -> None:
    told = logwatch(stage, "status")
    assert told.returncode == 2
    assert "there is no state yet" in told.stderr
    assert "Traceback" not in told.stderr
