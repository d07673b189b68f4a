"""Silences and alerts told again, with a daemon that runs: what a person types works within seconds."""

import json
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


def logwatch(stage: Stage, *arguments: str) -> str:
    command = [sys.executable, "-m", "logwatch", *arguments, "-c", "logwatch.yaml"]
    done = subprocess.run(command, cwd=stage.folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def kinds(receiver: Receiver) -> list[str]:
    return [body["type"].rpartition(".")[2] for _, body in receiver.requests]


def test_a_silence_holds_a_message_back_and_its_end_brings_it(stage: Stage, receiver: Receiver) -> None:
    stage.configure(notify=[{"type": "webhook", "name": "pager", "url": receiver.url}])
    stage.start()
    silence_id = logwatch(stage, "silence", "add", "--error", "conformance/*", "--for", "1h").strip()
    stage.writer("a.log").lines()
    until(
        lambda: stage.metric("logwatch_silenced_total", receiver="pager", reason="silence") == 1,
        "the message to be held back",
    )
    until(
        lambda: [json.loads(logwatch(stage, "silence", "list", "--json"))["hits"]] == [1],
        "the list to say so",
    )
    # Over a restart it is known still.
    stage.restart()
    assert kinds(receiver) == []
    logwatch(stage, "silence", "remove", silence_id)
    until(lambda: kinds(receiver) == ["updated"], "the incident that goes on to be told")
    stage.check()


def test_a_damaged_list_of_silences_stops_nothing(stage: Stage, receiver: Receiver) -> None:
    stage.configure(notify=[{"type": "webhook", "name": "pager", "url": receiver.url}])
    (stage.folder / "state").mkdir()
    (stage.folder / "state" / "silences.json").write_text('[{"id": "x"}]')
    stage.start()
    stage.writer("a.log").lines()
    until(lambda: kinds(receiver) == ["opened"], "the message")
    assert "is no silence" in json.dumps(stage.said("silences"))
    stage.check()


def test_alertmanager_is_told_again_after_a_restart_and_not_slowed_down(
    stage: Stage, receiver: Receiver
) -> None:
    """Twenty incidents in twenty jobs: at one message a second they would take twenty seconds."""
    url = receiver.url.removesuffix("/hook")
    labels = [str(stage.logs / "{job}.log")]
    stage.configure(path_labels=labels, notify=[{"type": "alertmanager", "name": "am", "urls": [url]}])
    stage.start()
    for n in range(20):
        stage.writer(f"job{n}.log").lines()
    until(lambda: len(alerts(receiver)) == 20, "every job's alert")
    first = len(receiver.requests)
    stage.restart()
    until(lambda: len(receiver.requests) >= first + 20, "every alert again")
    assert len(alerts(receiver)) == 20
    stage.check()


def alerts(receiver: Receiver) -> set[str]:
    bodies: list[list[dict[str, Any]]] = [body for _, body in receiver.requests]
    return {alert["labels"]["job"] for body in bodies for alert in body}
