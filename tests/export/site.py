"""A site on loopback: a daemon, a Prometheus that scrapes it, an Alertmanager, and who is paged.

All in processes of their own, on ports that the system chose. Nothing waits for time to pass: `until` polls a
condition and has a deadline.
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

# A machine that does other things needs several seconds for what takes one.
DEADLINE_S = 30.0
POLL_S = 0.05
# A label of every target, as sites with more than one cluster have it.
CLUSTER = "eu1"


def required(program: str, package: str) -> str:
    """The path of `program`; without it the test is skipped, in CI it fails."""
    path = shutil.which(program)
    if path is None and os.environ.get("CI") != "true":
        pytest.skip(f"{program} is not installed (Debian package {package})")
    assert path is not None, f"in CI this test must run: install the Debian package {package}"
    return path


def until(condition: Callable[[], T], what: str, within_s: float = DEADLINE_S) -> T:
    """The first true value of `condition`."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {within_s:g} s for {what}; last seen: {value!r}"
        time.sleep(POLL_S)
    return value


def unused_address() -> str:
    """Where nobody listens."""
    return f"127.0.0.1:{free_port()}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get_json(url: str, **parameters: str) -> Any:
    """The answer's JSON; None while nobody answers or the answer is a failure."""
    address = f"{url}?{urllib.parse.urlencode(parameters)}" if parameters else url
    try:
        with urllib.request.urlopen(address, timeout=DEADLINE_S) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError):
        return None


@contextlib.contextmanager
def running(arguments: Sequence[str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is gone afterwards; `log` is what it said."""
    with log.open("wb") as output, subprocess.Popen(arguments, stdout=output, stderr=output) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass
class Receiver:
    """Takes POSTs and keeps their JSON bodies, or refuses them with `status`."""

    address: str
    status: int = 200
    bodies: list[Any] = field(default_factory=list)


@contextlib.contextmanager
def receiver(status: int = 200) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.bodies.append(json.loads(body))
            self.send_response(taken.status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        taken = Receiver(f"http://127.0.0.1:{server.server_port}", status)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": POLL_S}, daemon=True)
        thread.start()
        try:
            yield taken
        finally:
            server.shutdown()


@dataclass
class Daemon:
    """A running logwatch."""

    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def address(self) -> str:
        return str(self.said("serving metrics")[0]["address"])

    def said(self, event: str) -> list[dict[str, Any]]:
        """What it said of itself under this name."""
        lines = self.log.read_bytes().split(b"\n")[:-1]
        spoken = [json.loads(line) for line in lines if line.startswith(b"{")]
        return [line for line in spoken if line["event"] == event]

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Meanwhile things happen between two of its looks."""
        status = Path(f"/proc/{self.process.pid}/stat")
        self.process.send_signal(signal.SIGSTOP)
        until(lambda: status.read_text().rpartition(") ")[2][0] in "Tt", "the daemon to freeze")
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def daemon(config: Path, body: Mapping[str, Any]) -> Iterator[Daemon]:
    """`python -m logwatch run` on a configuration with `body`, ready."""
    whole = {"http": {"listen": "127.0.0.1:0"}, "log": {"format": "json"}, **body}
    config.write_text(json.dumps(whole))  # YAML is a superset of JSON
    log = config.parent / "logwatch.log"
    with running([sys.executable, "-m", "logwatch", "run", "-c", str(config)], log) as process:
        started = Daemon(process, log)
        until(lambda: started.said("ready") or process.poll() is not None, "the daemon to be ready")
        assert process.poll() is None, log.read_text()
        yield started


@dataclass
class Prometheus:
    """A running Prometheus, through its HTTP API."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query: each has `metric` and `value`."""
        answer = get_json(f"{self.url}/api/v1/query", query=expression)
        return list(answer["data"]["result"]) if answer else []

    def query_range(self, expression: str, seconds: int) -> list[dict[str, Any]]:
        """The series of a range query over the last seconds: each has `metric` and `values`."""
        end = time.time()
        answer = get_json(
            f"{self.url}/api/v1/query_range",
            query=expression,
            start=str(end - seconds),
            end=str(end),
            step="1",
        )
        return list(answer["data"]["result"]) if answer else []

    def until(self, expression: str) -> list[dict[str, Any]]:
        """Waits until the expression finds something."""
        return until(lambda: self.query(expression), expression)


@contextlib.contextmanager
def prometheus(
    folder: Path, targets: Mapping[str, Sequence[str]], *, rules: str, alertmanager: str = ""
) -> Iterator[Prometheus]:
    """Scrapes `targets`, addresses by job, and evaluates `rules`, both every second."""
    program = required("prometheus", "prometheus")
    (folder / "rules.yml").write_text(rules)
    config: dict[str, Any] = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [{"targets": list(addresses), "labels": {"cluster": CLUSTER}}],
            }
            for job, addresses in targets.items()
        ],
    }
    if alertmanager:
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]}
    path = folder / "prometheus.yml"
    path.write_text(json.dumps(config))
    address = unused_address()
    arguments = [
        program,
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={address}",
    ]
    with running(arguments, folder / "prometheus.log") as process:
        running_one = Prometheus(f"http://{address}")
        until(lambda: running_one.query("vector(1)") or process.poll() is not None, "prometheus")
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        yield running_one


@contextlib.contextmanager
def alertmanager(folder: Path, webhook: str) -> Iterator[str]:
    """Sends every alert to `webhook`, at once. Gives its address."""
    program = required("prometheus-alertmanager", "prometheus-alertmanager")
    path = folder / "alertmanager.yml"
    config = {
        "route": {"receiver": "page", "group_by": ["alertname", "error_id"], "group_wait": "0s"},
        "receivers": [{"name": "page", "webhook_configs": [{"url": webhook}]}],
    }
    path.write_text(json.dumps(config))
    address = unused_address()
    arguments = [
        program,
        f"--config.file={path}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with running(arguments, folder / "alertmanager.log") as process:
        until(
            lambda: get_json(f"http://{address}/api/v2/status") or process.poll() is not None, "alertmanager"
        )
        assert process.poll() is None, (folder / "alertmanager.log").read_text()
        yield address
