"""The whole daemon as a user meets it: a process, real files, receivers on loopback, signals, bad input."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import Stage, until

ACCELERATE = (
    "RuntimeError: You cannot set both `device_map` and `device` when using the `accelerate` launcher"
    " with multiple GPUs."
)
ACCELERATE_ID = "huggingface/accelerate-multi-gpu-device-map-conflict"


class Receiver:
    """An HTTP server that keeps what it was sent; `answers` are used up first, then it says 200."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], Any]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.requests.append((headers, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def other() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, "events") as stage:
        yield stage


def with_shipped_catalogue(stage: Stage, **config: Any) -> None:
    """The stage's configuration, with the catalogue that comes with logwatch."""
    stage.configure(**config)
    path = stage.folder / "logwatch.yaml"
    body = json.loads(path.read_text())
    body["catalogue"] = {"shipped": True}
    path.write_text(json.dumps(body))


def run(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "logwatch", *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **env}
    )


def test_one_line_becomes_an_event_a_counter_and_a_message_to_everybody(
    stage: Stage, receiver: Receiver, other: Receiver
) -> None:
    """The line, its workaround and where it stood: in the file, the metrics, and with both receivers."""
    notify = [
        {"type": "slack", "name": "oncall", "webhook_url": receiver.url},
        {"type": "webhook", "name": "pager", "url": other.url, "secret": "whsec_" + "c2VjcmV0" * 5},
    ]
    with_shipped_catalogue(stage, notify=notify, path_labels=[str(stage.logs / "{job}.log")])
    stage.start()
    (stage.logs / "llm.log").write_text(f"step 1\n{ACCELERATE}\n")
    until(lambda: receiver.requests and other.requests, "both receivers to be called")
    [event] = until(stage.events, "the event")
    assert event["error_id"] == ACCELERATE_ID
    assert (event["offset"], event["line_number"], event["labels"]) == (7, 2, {"job": "llm"})
    assert event["workaround"]["success_rate"] == 0.95
    assert stage.metric("logwatch_matches_total", error_id=ACCELERATE_ID) == 1
    headers, body = other.requests[0]
    assert body["type"] == "logwatch.incident.opened"
    assert body["data"]["workarounds"][0]["action"].startswith("Remove the `device` argument")
    assert headers["webhook-signature"].startswith("v1,")
    assert body["data"]["incident_id"] == event["incident_id"]
    assert "Remove the `device` argument" in json.dumps(receiver.requests[0][1])
    stage.stop()


def test_the_same_error_again_is_counted_and_not_sent_again(stage: Stage, receiver: Receiver) -> None:
    with_shipped_catalogue(stage, notify=[{"type": "webhook", "name": "pager", "url": receiver.url}])
    stage.start()
    with (stage.logs / "a.log").open("a") as log:
        log.write(f"{ACCELERATE}\n" * 40)
        log.flush()
        until(lambda: stage.metric("logwatch_matches_total") == 40, "the counter")
        until(lambda: receiver.requests, "the message")
        log.write(f"{ACCELERATE}\n" * 2)
    until(lambda: len(stage.events()) == 42, "the events")
    stage.stop()
    assert len(receiver.requests) == 1


def test_a_message_that_was_not_taken_is_sent_after_a_kill_under_the_same_id(
    stage: Stage, receiver: Receiver
) -> None:
    """Durable: the receiver fails, the daemon is killed, and the message arrives all the same, once."""
    receiver.answers = [503]
    with_shipped_catalogue(stage, notify=[{"type": "webhook", "name": "pager", "url": receiver.url}])
    stage.start()
    (stage.logs / "a.log").write_text(f"{ACCELERATE}\n")
    until(lambda: receiver.requests, "the first try")
    stage.kill()
    stage.start()
    until(lambda: len(receiver.requests) == 2, "the second try")
    first, second = receiver.requests
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    until(lambda: stage.metric("logwatch_outbox_messages") == 0, "the queue to be empty")
    assert stage.metric("logwatch_matches_total") == 1
    stage.stop()
    assert len(stage.events()) == 1


def test_a_dead_receiver_keeps_neither_reading_nor_other_receivers_waiting(
    stage: Stage, receiver: Receiver
) -> None:
    notify = [
        {"type": "webhook", "name": "dead", "url": "http://127.0.0.1:1/hook"},
        {"type": "webhook", "name": "alive", "url": receiver.url},
    ]
    with_shipped_catalogue(stage, notify=notify)
    stage.start()
    (stage.logs / "a.log").write_text(f"{ACCELERATE}\n")
    until(lambda: receiver.requests, "the living receiver")
    until(lambda: stage.metric("logwatch_outbox_messages", receiver="dead") == 1, "the message to wait")
    assert stage.metric("logwatch_notifications_total", receiver="dead", outcome="network_error") >= 1
    stage.stop()


def test_a_reload_takes_up_new_sources_and_entries(stage: Stage) -> None:
    stage.start()
    (stage.logs / "later.txt").write_text("rank0: TELLTALE later-txt:0!\n")
    stage.configure("*.log", "*.txt")
    stage.reload()
    until(lambda: stage.told()["later-txt:0"], "the line in the new source")
    stage.stop()


def test_a_reload_with_mistakes_changes_nothing_and_says_why(stage: Stage) -> None:
    stage.start()
    stage.configure(path_label=["misspelt"])
    os.kill(stage.pid, signal.SIGHUP)
    [said] = until(lambda: stage.said("not reloaded; what was running goes on"), "the refusal")
    assert "path_labels" in said["why"]
    assert stage.metric("logwatch_config_last_reload_successful") == 0
    log = stage.writer("a.log")
    log.lines()
    stage.check()


def test_an_interrupt_ends_in_order_and_a_second_start_doubles_nothing(stage: Stage) -> None:
    stage.start()
    log = stage.writer("a.log")
    log.lines(3)
    stage.wait_told()
    stage._remember_metrics()
    assert stage._end(signal.SIGINT) == 0
    log.lines(2)
    stage.start()
    stage.check()


def test_once_reads_to_the_end_and_exits(stage: Stage) -> None:
    """An unfinished last line counts: nobody will finish it."""
    log = stage.writer("a.log")
    log.lines(2)
    log.raw(log.compose(end=b""))
    said = run("run", "-c", "logwatch.yaml", "--once", cwd=stage.folder)
    assert said.returncode == 0, said.stderr
    assert sorted(stage.told().values()) == [1, 1, 1]


def test_a_dry_run_prints_what_it_would_send_and_leaves_no_trace(stage: Stage, receiver: Receiver) -> None:
    with_shipped_catalogue(stage, notify=[{"type": "webhook", "name": "pager", "url": receiver.url}])
    (stage.logs / "a.log").write_text(f"{ACCELERATE}\n")
    said = run("run", "-c", "logwatch.yaml", "--once", "--dry-run", cwd=stage.folder)
    assert said.returncode == 0, said.stderr
    assert "Remove the `device` argument" in said.stdout
    assert not receiver.requests
    assert not (stage.folder / "state").exists()
    assert not stage.events()


BAD_CONFIGURATIONS = {
    "broken YAML": ("sources: [", "logwatch.yaml:1"),
    "unknown key": ("sorces: []\n", "did you mean `sources`"),
    "wrong Slack URL": ("notify: [{type: slack, name: a, webhook_url: hooks.slack.com/x}]\n", "https://"),
}


@pytest.mark.parametrize(("text", "said"), BAD_CONFIGURATIONS.values(), ids=BAD_CONFIGURATIONS)
def test_a_bad_configuration_stops_at_the_door(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "logwatch.yaml").write_text(text)
    told = run("run", "-c", "logwatch.yaml", cwd=tmp_path)
    assert told.returncode == 2
    assert said in told.stderr
    assert "Traceback" not in told.stderr


def test_all_mistakes_of_a_catalogue_are_told_at_once(stage: Stage) -> None:
    """Two entries with one id, and a pattern that does not compile: file, line and remedy for both."""
    folder = stage.folder / "catalogue" / "conformance"
    good = json.loads((folder / "telltale.json").read_text())
    (folder / "twin.json").write_text(json.dumps(good))
    (folder / "broken.json").write_text(json.dumps({**good, "id": "conformance/broken", "regex": "(oops"}))
    told = run("run", "-c", "logwatch.yaml", cwd=stage.folder)
    assert told.returncode == 2
    assert "conformance/telltale is taken by" in told.stderr
    assert "broken.json:1: `regex` does not compile" in told.stderr


def test_a_record_with_unknown_fields_is_used_and_warned_about(stage: Stage) -> None:
    path = stage.folder / "catalogue" / "conformance" / "telltale.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "mood": "bad"}))
    stage.start()
    assert "`mood` is not a field" in json.dumps(stage.said("catalogue"))
    stage.writer("a.log").lines()
    stage.check()


def test_a_pattern_without_a_literal_is_run_on_every_line_and_named(stage: Stage) -> None:
    path = stage.folder / "catalogue" / "conformance" / "telltale.json"
    entry = json.loads(path.read_text())
    path.write_text(json.dumps({**entry, "regex": r"\b[A-Z]{8} (?P<token>[a-z0-9-]+:[0-9]+)!"}))
    stage.start()
    assert "conformance/telltale" in json.dumps(stage.said("catalogue"))
    stage.writer("a.log").lines(5)
    stage.check()


def test_a_taken_port_is_named_with_the_remedy(stage: Stage, receiver: Receiver) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    told = run("run", "-c", "logwatch.yaml", cwd=stage.folder, LOGWATCH__HTTP__LISTEN=f"127.0.0.1:{port}")
    assert told.returncode == 75
    assert f"127.0.0.1:{port}" in told.stderr
    assert "http.listen" in told.stderr


def test_a_state_directory_that_cannot_be_used_stops_at_the_door(stage: Stage) -> None:
    (stage.folder / "blocked").write_text("")
    told = run("run", "-c", "logwatch.yaml", cwd=stage.folder, LOGWATCH__STATE_DIR="blocked/state")
    assert told.returncode == 75
    assert "state_dir" in told.stderr


def test_a_second_daemon_on_the_same_state_is_refused(stage: Stage) -> None:
    stage.start()
    told = run("run", "-c", "logwatch.yaml", cwd=stage.folder)
    assert told.returncode == 75
    assert f"in use by another logwatch (pid {stage.pid})" in told.stderr
    stage.stop()


def test_what_cannot_be_read_stops_nothing_else(stage: Stage) -> None:
    """A binary file, a folder named as a log, a source that matches nothing: the good log is read."""
    (stage.logs / "core.log").write_bytes(b"\x7fELF" + os.urandom(200_000))
    (stage.logs / "folder.log").mkdir()
    sources = [
        {"name": "logs", "paths": [str(stage.logs / "*.log")]},
        {"name": "nothing", "paths": [str(stage.folder / "absent" / "*.log")]},
    ]
    stage.configure(sources=sources)
    stage.start()
    log = stage.writer("a.log")
    log.lines(3)
    stage.wait_told()
    stage.stop()
