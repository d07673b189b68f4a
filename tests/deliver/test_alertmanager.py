"""Alertmanager: every member is told, one is enough; and Debian's real one takes what we send."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from logwatch.catalogue.load import load, shipped_folder
from logwatch.deliver.alertmanager import HOLDS_S, Alertmanager
from logwatch.deliver.outbox import Message
from logwatch.errors import DeliveryError
from logwatch.export.inhibition import inhibit_rules
from logwatch.incident.event import rfc3339

from .fakes import EPOCH, http_server, message
from .test_post import answering


def on_node(node: str, **changes: Any) -> Message:
    first = message(f"m-{node}")
    return replace(
        first, notice=replace(first.notice, incident=replace(first.notice.incident, host=node, **changes))
    )


async def test_every_member_gets_the_alert_and_until_when_it_holds(session: aiohttp.ClientSession) -> None:
    got: list[tuple[str, list[dict[str, Any]]]] = []

    async def member(request: web.Request) -> web.Response:
        got.append((request.path, await request.json()))
        return web.Response()

    async with http_server(member) as one, http_server(member) as two:
        await Alertmanager("am", [one, two + "/"], session, clock=lambda: EPOCH).send(message("m1"))
    assert [path for path, _ in got] == ["/api/v2/alerts"] * 2
    assert {alert["endsAt"] for _, alerts in got for alert in alerts} == {rfc3339(EPOCH + HOLDS_S)}


async def test_one_member_that_takes_it_is_enough(session: aiohttp.ClientSession) -> None:
    async with http_server(answering(200, "")) as alive:
        await Alertmanager("am", ["http://127.0.0.1:1", alive], session).send(message("m1"))


@pytest.mark.parametrize(("first", "second", "retryable"), [(400, 400, False), (400, 503, True)])
async def test_when_no_member_takes_it_the_most_hopeful_answer_decides(
    session: aiohttp.ClientSession, first: int, second: int, retryable: bool
) -> None:
    async with http_server(answering(first, "")) as one, http_server(answering(second, "")) as two:
        with pytest.raises(DeliveryError) as failed:
            await Alertmanager("am", [one, two], session).send(message("m1"))
    assert failed.value.retryable is retryable


# Nobody tells us when a process of somebody else is ready.
POLL_S = 0.05
CONFIG = """
route: {receiver: hook, group_by: [alertname, error_id, cluster], group_wait: 2s, group_interval: 1s}
receivers: [{name: hook, webhook_configs: [{url: "%s"}]}]
"""


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Debian's prometheus-alertmanager; its notifications go to a file by way of `hook`."""
    binary = shutil.which("prometheus-alertmanager")
    if binary is None:
        if os.environ.get("CI") == "true":
            pytest.fail("prometheus-alertmanager is not installed")
        pytest.skip("prometheus-alertmanager is not installed")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG % "http://127.0.0.1:1/unset")
    process = subprocess.Popen(
        [
            binary,
            f"--config.file={config}",
            f"--storage.path={tmp_path / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}", config
    process.kill()
    process.wait()


async def _get(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as response:
        return await response.json()


async def test_the_real_one_groups_64_nodes_into_one_notification(
    session: aiohttp.ClientSession, alertmanager: tuple[str, Path]
) -> None:
    url, config = alertmanager
    notified: list[dict[str, Any]] = []

    async def hook(request: web.Request) -> web.Response:
        notified.append(json.loads(await request.read()))
        return web.Response()

    async with http_server(hook) as receiver:
        config.write_text(CONFIG % receiver)
        await _reloaded(session, url)
        am = Alertmanager("am", [url], session)
        # Of what began longer than `group_wait` ago it would notify at once.
        began = time.time()
        for n in range(64):
            await am.send(on_node(f"gpu-{n:03}", first_seen=began))
        await _until(lambda: bool(notified))
        firing = await _get(session, f"{url}/api/v2/alerts?active=true")
        first = on_node("gpu-000", first_seen=began)
        await am.send(replace(first, notice=replace(first.notice, kind="quiet", time=began)))
        left = await _get(session, f"{url}/api/v2/alerts?active=true")
    assert len(notified[0]["alerts"]) == 64
    assert notified[0]["commonLabels"]["error_id"] == "nccl/watchdog-timeout"
    assert len(firing) == 64
    assert len(left) == 63


async def test_the_real_one_holds_back_echoes_of_a_cause_on_another_node(
    session: aiohttp.ClientSession, alertmanager: tuple[str, Path]
) -> None:
    """With the rules that `logwatch export alertmanager` prints: of 64 nodes, that with the cause is told."""
    url, config = alertmanager
    shipped = shipped_folder()
    edges = load([shipped], proven=[shipped]).edges.edges.values()
    notified: list[str] = []

    async def hook(request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        notified.extend(f"{a['labels']['job']} {a['labels']['node']}" for a in body["alerts"])
        return web.Response()

    async with http_server(hook) as receiver:
        config.write_text(CONFIG % receiver + inhibit_rules(edges))
        await _reloaded(session, url)
        am, began = Alertmanager("am", [url], session), time.time()
        job = {"labels": {"job": "llm-70b"}, "first_seen": began}
        await am.send(on_node("gpu-000", error_id="pytorch/cuda-out-of-memory", **job))
        for n in range(1, 64):
            await am.send(on_node(f"gpu-{n:03}", error_id="nccl/watchdog-timeout", **job))
        other = {"labels": {"job": "other"}, "first_seen": began}
        await am.send(on_node("gpu-100", error_id="nccl/watchdog-timeout", **other))
        await _until(lambda: len(notified) >= 2)
        silenced = await _get(session, f"{url}/api/v2/alerts?active=false&inhibited=true")
    assert sorted(notified) == ["llm-70b gpu-000", "other gpu-100"]
    assert {alert["labels"]["node"] for alert in silenced} == {f"gpu-{n:03}" for n in range(1, 64)}


async def _reloaded(session: aiohttp.ClientSession, url: str) -> None:
    """Reads its configuration anew, as soon as it answers at all."""

    async def reload() -> bool:
        try:
            async with session.post(f"{url}/-/reload") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async with asyncio.timeout(20):
        while not await reload():
            await asyncio.sleep(POLL_S)


async def _until(condition: Any) -> None:

    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(POLL_S)
