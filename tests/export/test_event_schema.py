"""The schema of events fits real ones, from `scan` and from the daemon, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from export.site import daemon, until
from logwatch.export.event_schema import event_schema

VALIDATOR = jsonschema.Draft202012Validator(event_schema())
LOG = """\
[2026-11-21 03:12:45] [rank5]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
NVRM: GPU 0000:18:00.0: GPU has fallen off the bus.
torchrun: error: argument --nproc-per-node: invalid value
RuntimeError: CUDA error: device-side assert triggered
"""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    log = tmp_path_factory.mktemp("scan") / "train.log"
    log.write_text(LOG)
    command = [sys.executable, "-m", "logwatch", "scan", str(log), "--format", "json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(event_schema())


def test_events_of_a_scan_fit(scanned: list[dict[str, Any]]) -> None:
    assert len(scanned) >= 2
    for event in scanned:
        VALIDATOR.validate(event)


def test_it_names_every_field_and_no_other(scanned: list[dict[str, Any]]) -> None:
    assert list(event_schema()["properties"]) == list(scanned[0])


def test_events_of_the_daemon_fit(tmp_path: Path) -> None:
    (tmp_path / "train.log").write_text(LOG)
    events = tmp_path / "events.jsonl"
    body = {
        "state_dir": "state",
        "sources": [{"name": "train", "paths": ["train.log"], "path_labels": ["**/{job}.log"]}],
        "events": {"path": str(events)},
    }
    with daemon(tmp_path / "logwatch.yaml", body):
        lines = until(lambda: events.exists() and events.read_text().splitlines(), "events")
    found = [json.loads(line) for line in lines]
    for event in found:
        VALIDATOR.validate(event)
    assert found[0]["incident_id"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schema", 2),
        ("event_id", "../../etc/passwd"),
        ("error_id", "no-slash"),
        ("severity", "fatal"),
        ("time", "yesterday"),
        ("offset", -1),
        ("offset", "12"),
        ("captures", {"rank": 3}),
        ("workaround", {}),
        ("workaround", {"action": "wait", "success_rate": 2}),
        ("dead_ends", [{"action": "wait"}]),
        ("decision", "panic"),
        ("also", "nccl/watchdog-timeout"),
        ("incident_id", 7),
    ],
)
def test_what_is_no_event_does_not_fit(scanned: list[dict[str, Any]], field: str, value: object) -> None:
    assert not VALIDATOR.is_valid({**scanned[0], field: value})


@pytest.mark.parametrize("field", event_schema()["properties"])
def test_no_field_may_be_missing(scanned: list[dict[str, Any]], field: str) -> None:
    assert not VALIDATOR.is_valid({name: value for name, value in scanned[0].items() if name != field})
