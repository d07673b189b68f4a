"""The first occurrence of an error ever makes a real Prometheus alert."""

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from logwatch.deliver.metrics import Metrics
from logwatch.deliver.server import HttpServer

FIRST_EVER = ("gpu/xid-79", "gpu", "hardware", "critical", "kernel")
EXPRESSION = "increase(logwatch_matches_total[5m]) > 0"
# Two scrapes and two evaluations take three seconds; the rest is for a busy machine.
DEADLINE_S = 20

PROMETHEUS = shutil.which("prometheus")
if PROMETHEUS is None and os.environ.get("CI") != "true":
    pytest.skip("prometheus (Debian package prometheus) is not installed", allow_module_level=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """A running Prometheus, through its HTTP API."""

    def __init__(self, session: aiohttp.ClientSession, url: str, process: "subprocess.Popen[bytes]") -> None:
        self._session = session
        self._url = url
        self._process = process

    async def query(self, expression: str) -> dict[str, float]:
        """Values by job; empty while it is still starting."""
        result = (await self._get("query", query=expression)).get("result", [])
        return {series["metric"].get("job", ""): float(series["value"][1]) for series in result}

    async def firing(self) -> set[str]:
        """The jobs for which an alert fires."""
        alerts = (await self._get("alerts")).get("alerts", [])
        return {alert["labels"]["job"] for alert in alerts if alert["state"] == "firing"}

    async def until(self, expression: str, jobs: set[str]) -> None:
        """Waits until the expression holds for `jobs`."""
        deadline = time.monotonic() + DEADLINE_S
        while (found := await self.query(expression)).keys() != jobs:
            assert self._process.poll() is None, "prometheus has ended"
            assert time.monotonic() < deadline, f"{expression}: {found}"
            await asyncio.sleep(0.05)

    async def until_it_fires(self) -> set[str]:
        deadline = time.monotonic() + DEADLINE_S
        while not (jobs := await self.firing()):
            assert time.monotonic() < deadline, "no alert fires"
            await asyncio.sleep(0.05)
        return jobs

    async def _get(self, what: str, **parameters: str) -> dict[str, Any]:
        try:
            async with self._session.get(f"{self._url}/api/v1/{what}", params=parameters) as answer:
                return dict((await answer.json())["data"]) if answer.status == 200 else {}
        except aiohttp.ClientConnectionError:
            return {}


@contextlib.contextmanager
def process(arguments: list[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as output, subprocess.Popen(arguments, stdout=output, stderr=output) as running:
        try:
            yield running
        finally:
            running.kill()


@contextlib.asynccontextmanager
async def prometheus(folder: Path, targets: dict[str, str]) -> AsyncIterator[Prometheus]:
    """Scrapes `targets`, addresses by job, and evaluates the alert, both every second."""
    assert PROMETHEUS is not None, "in CI this test must run: install the Debian package prometheus"
    config, rules = folder / "prometheus.yml", folder / "rules.yml"
    rule = {"alert": "KnownError", "expr": EXPRESSION}
    rules.write_text(json.dumps({"groups": [{"name": "logwatch", "rules": [rule]}]}))
    jobs = [{"job_name": j, "static_configs": [{"targets": [a]}]} for j, a in targets.items()]
    every_second = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    config.write_text(
        json.dumps({"global": every_second, "rule_files": [str(rules)], "scrape_configs": jobs})
    )
    address = f"127.0.0.1:{free_port()}"
    arguments = [
        PROMETHEUS,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with process(arguments, folder / "prometheus.log") as running:
        async with aiohttp.ClientSession() as session:
            yield Prometheus(session, f"http://{address}", running)


@contextlib.asynccontextmanager
async def with_the_first_zero(metrics: Metrics) -> AsyncIterator[str]:
    server = HttpServer("127.0.0.1:0", metrics, dict, dict)
    await server.start()
    try:
        yield server.address
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def without_it(metrics: Metrics) -> AsyncIterator[str]:
    """Serves everyone what a person sees: counters that are born at 1."""

    async def truth(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.render(None, time.time()), headers={"Content-Type": "text/plain"})

    app = web.Application()
    app.router.add_get("/metrics", truth)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield "{}:{}".format(*runner.addresses[0])
    finally:
        await runner.cleanup()


async def test_the_first_occurrence_ever_alerts_and_without_the_zero_it_would_not(tmp_path: Path) -> None:
    ours, naive = Metrics(), Metrics()
    async with (
        with_the_first_zero(ours) as our_address,
        without_it(naive) as naive_address,
        prometheus(tmp_path, {"logwatch": our_address, "naive": naive_address}) as seen,
    ):
        await seen.until("up == 1", {"logwatch", "naive"})
        assert await seen.query("logwatch_matches_total") == {}

        ours.matched(*FIRST_EVER)
        naive.matched(*FIRST_EVER)
        await seen.until("logwatch_matches_total == 1", {"logwatch", "naive"})
        await seen.until("count_over_time(logwatch_matches_total[5m]) >= 3", {"logwatch", "naive"})

        assert (await seen.query(EXPRESSION)).keys() == {"logwatch"}
        increase = await seen.query("increase(logwatch_matches_total[5m])")
        # Prometheus extrapolates from its samples to the ends of the window: 1 becomes a little more.
        assert 1 <= increase["logwatch"] < 2
        assert increase["naive"] == 0
        assert await seen.until_it_fires() == {"logwatch"}
