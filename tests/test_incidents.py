"""Incidents as on-call meets them: a daemon in a process of its own, real files, receivers on loopback."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import Stage, until
from receivers import Receiver

DOWN = "Jul 14 10:00:00 node7 kernel: [15.4] nfs: server files{n} not responding, still trying\n"
UP = "Jul 14 10:00:06 node7 kernel: [21.4] nfs: server files{n} OK\n"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, "events") as stage:
        yield stage


@pytest.fixture
def pager() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def configure(stage: Stage, *notify: dict[str, Any], **more: Any) -> None:
    """The shipped catalogue; sections of the configuration by name, further keys for the source."""
    sections = {name: more.pop(name) for name in ("hold", "limits", "http", "language") if name in more}
    stage.configure(notify=notify, **more)
    path = stage.folder / "logwatch.yaml"
    body = {**json.loads(path.read_text()), "catalogue": {"shipped": True}}
    for name, section in sections.items():
        body[name] = {**body[name], **section} if isinstance(body.get(name), dict) else section
    path.write_text(json.dumps(body))


def webhook(receiver: Receiver, **more: Any) -> dict[str, Any]:
    return {"type": "webhook", "name": "pager", "url": f"{receiver.url}/hook", **more}


def test_a_line_that_says_it_is_over_ends_the_incident_and_is_told(stage: Stage, pager: Receiver) -> None:
    """Of two servers the second comes back later: only then the log says that it is over."""
    configure(stage, webhook(pager), kind="kernel", limits={"quiet_after_s": 5})
    stage.start()
    with (stage.logs / "kern.log").open("a") as log:
        log.write(DOWN.format(n=1) + DOWN.format(n=2))
        log.flush()
        until(lambda: pager.kinds == ["opened"], "the message")
        log.write(UP.format(n=2))
        log.flush()
        log.write(UP.format(n=1))
    until(lambda: pager.kinds[-1:] == ["quiet"], "the end")
    assert [said["kind"] for said in pager.bodies[-1]["data"]["what_changed"]] == ["cleared"]
    assert [event["error_id"] for event in stage.events()] == ["filesystem/nfs-server-not-responding"] * 2
    assert stage.metric("logwatch_matches_total") == 2
    stage.stop()


def test_read_afterwards_it_is_over_too(tmp_path: Path) -> None:
    log = tmp_path / "kern.log"
    later = DOWN.replace("10:00:00", "10:05:00")
    log.write_text(DOWN.format(n=1) + UP.format(n=1) + later.format(n=1))
    command = [sys.executable, "-m", "logwatch", "scan", "--format", "json"]
    plain, folded = (
        subprocess.run([*command, *more, log], capture_output=True, text=True, check=False)
        for more in ([], ["--incidents"])
    )
    assert [len(run.stdout.splitlines()) for run in (plain, folded)] == [2, 2]
    assert [json.loads(line)["count"] for line in folded.stdout.splitlines()] == [1, 1]
    log.write_text(UP.format(n=1))
    over = subprocess.run([*command, "--incidents", log], capture_output=True, text=True, check=False)
    assert (over.returncode, over.stdout) == (0, "")
