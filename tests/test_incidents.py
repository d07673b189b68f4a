"""Incidents as on-call meets them: a daemon in a process of its own, real files, receivers on loopback."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import Stage, until
from receivers import Receiver, Reply, Request

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


AT_ONCE = dict.fromkeys(["cause_s", "effect_s", "transport_s", "timeout_s", "launcher_s"], 0)
OUT_OF_MEMORY = (
    "2026-07-14 09:29:58,976 torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 5 has a "
    "total capacity of 79.15 GiB of which 1.12 GiB is free.\n"
)
TIMED_OUT = (
    "[rank{rank}]:[E714 10:00:00.000000000 ProcessGroupNCCL.cpp:616] [Rank {rank}] Watchdog caught collective "
    "operation timeout: WorkNCCL(SeqNum=81, OpType=ALLREDUCE, NumelIn=1, NumelOut=1, Timeout(ms)=1800000) ran for "
    "1800014 milliseconds before timing out.\n"
)


def write(stage: Stage, job: str, rank: int, line: str) -> None:
    folder = stage.logs / job
    folder.mkdir(exist_ok=True)
    with (folder / f"rank{rank}.log").open("a") as log:
        log.write(line)


def everywhere(stage: Stage) -> dict[str, Any]:
    paths, labels = str(stage.logs / "**" / "*.log"), str(stage.logs / "{job}" / "rank{rank}.log")
    return {"sources": [{"name": "logs", "paths": [paths], "path_labels": [labels]}]}


class Channel:
    """A Slack channel as its Web API has it: messages by their `ts`, those of threads apart."""

    def __init__(self) -> None:
        self.messages: dict[str, Any] = {}
        self.threads: list[Any] = []
        self.edits = 0

    def answer(self, request: Request) -> Reply:
        body = request.body
        ts = body.get("ts") or f"171.{len(self.messages) + len(self.threads)}"
        if "thread_ts" in body:
            self.threads.append(body)
        else:
            self.messages[ts] = body
            self.edits += request.path.endswith("chat.update")
        return Reply(200, json.dumps({"ok": True, "channel": "C1", "ts": ts}).encode())


def test_one_message_is_edited_in_place_though_the_daemon_is_killed_in_between(stage: Stage) -> None:
    """First only a symptom is known; the cause is told by the same message, after a kill and by another process."""
    channel = Channel()
    with Receiver(channel.answer) as slack:
        bot = {"type": "slack_bot", "name": "bot", "token": "xoxb-1", "channel": "C1", "api": slack.url}
        configure(stage, bot, hold=AT_ONCE, http={"url": "http://gpu-0412:9477/"}, **everywhere(stage))
        stage.start()
        write(stage, "llm", 0, TIMED_OUT.format(rank=0))
        # A kill between Slack's answer and the commit could not but post it again.
        until(lambda: stage.metric("logwatch_notifications_total", outcome="ok") == 1, "the first message")
        stage.kill()
        stage.start()
        write(stage, "llm", 5, OUT_OF_MEMORY)
        until(lambda: channel.edits, "the edit")
        until(lambda: channel.threads, "the news in the thread")
        stage.stop()
    [(ts, message)] = channel.messages.items()
    assert message["blocks"][0]["text"]["text"].startswith("🔴 torch.OutOfMemoryError: CUDA out of memory")
    assert "GPU 5 has a total capacity of 79.15 GiB" in message["blocks"][0]["text"]["text"]
    assert "<http://gpu-0412:9477/|Status page>" in json.dumps(message)
    assert "The cause turned out to be pytorch/cuda-out-of-memory" in json.dumps(message)
    assert {news["thread_ts"] for news in channel.threads} == {ts}


def test_two_jobs_that_fail_alike_on_one_node_are_two_incidents(stage: Stage, pager: Receiver) -> None:
    configure(stage, webhook(pager), hold=AT_ONCE, **everywhere(stage))
    stage.start()
    for job in ("llm", "vision"):
        write(stage, job, 5, OUT_OF_MEMORY)
    until(lambda: len(pager.requests) == 2, "two messages")
    write(stage, "vision", 0, TIMED_OUT.format(rank=0))
    until(lambda: len(stage.events()) == 3, "the echo")
    stage.stop()
    incident_of = {body["data"]["labels"]["job"]: body["data"]["incident_id"] for body in pager.bodies}
    assert len(set(incident_of.values())) == 2
    assert stage.events()[2]["incident_id"] == incident_of["vision"]


def test_status_and_metrics_say_what_waits_and_why(stage: Stage, pager: Receiver) -> None:
    """Receivers of every bad kind keep nobody else waiting; what can be tried again waits, on disk."""
    replies = {
        "broken": Reply(500),
        "busy": Reply(429, headers={"Retry-After": "3000"}),
        "moved": Reply(302, headers={"Location": "http://127.0.0.1:9/"}),
        "silent": Reply(0),
        "gone": Reply(410),
        "locked": Reply(401),
    }
    with Receiver(lambda request: replies[request.path[1:]]) as bad:
        hooks = [{"type": "webhook", "name": name, "url": f"{bad.url}/{name}"} for name in replies]
        configure(stage, webhook(pager), *hooks, hold=AT_ONCE, **everywhere(stage))
        stage.start()
        write(stage, "llm", 5, OUT_OF_MEMORY)
        until(lambda: pager.requests, "the good receiver")
        until(lambda: {request.path[1:] for request in bad.requests} == set(replies), "a try of each")
        waiting = {name: int(name in {"broken", "busy", "moved", "silent"}) for name in replies}
        until(lambda: waits(stage, replies) == waiting, "all to be put off or given up")
        told = receivers(stage)
        assert "HTTP 500" in told["broken"]["last_error"]
        assert "HTTP 429" in told["busy"]["last_error"]
        assert "redirects are not followed" in told["moved"]["last_error"]
        assert "HTTP 410" in told["gone"]["disabled"]
        assert "HTTP 401" in told["locked"]["last_error"]
        outcomes = {"broken": "server_error", "busy": "rate_limited", "locked": "auth_error"}
        for name, outcome in outcomes.items():
            assert stage.metric("logwatch_notifications_total", receiver=name, outcome=outcome) >= 1
        assert stage.metric("logwatch_notifications_total", receiver="locked", outcome="dropped") == 1
        assert stage.metric("logwatch_outbox_messages", receiver="silent") == 1
        assert sum(request.path == "/busy" for request in bad.requests) == 1
        stage.kill()


def waits(stage: Stage, names: Iterable[str]) -> dict[str, int]:
    told = receivers(stage)
    return {name: told[name]["waiting"] for name in names}


def receivers(stage: Stage) -> dict[str, Any]:
    """As `logwatch status --json` has them, once the daemon has looked again."""
    return {one["name"]: one for one in json.loads(stage.get("/status.json"))["receivers"]}
