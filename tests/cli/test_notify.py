"""`logwatch notify`: try a destination out, look at a message before it is sent."""

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from logwatch.cli import notify as verb
from logwatch.cli.main import main
from logwatch.cli.notify import notify
from logwatch.deliver.outbox import Message, Receiver
from logwatch.errors import ConfigError, DeliveryError, InputError, LogwatchError, Problem
from logwatch.render import slack, webhook
from logwatch.render.published import published
from render.incidents import incident
from render.incidents import notice as a_notice


class Recording:
    name = "oncall"

    def __init__(self, failure: Exception | None = None) -> None:
        self.sent: list[Message] = []
        self.closed = False
        self._failure = failure

    async def send(self, message: Message) -> Mapping[str, str]:
        self.sent.append(message)
        if self._failure:
            raise self._failure
        return {}

    async def close(self) -> None:
        self.closed = True


def configured(monkeypatch: pytest.MonkeyPatch, receiver: Recording) -> None:
    @contextlib.asynccontextmanager
    async def receiver_by_name(_config_path: Path, name: str) -> AsyncIterator[Receiver]:
        if name != receiver.name:
            raise ConfigError([Problem("logwatch.yaml", f"has no receiver {name!r}", "write one of: oncall")])
        yield receiver
        await receiver.close()

    monkeypatch.setattr(verb, "receiver_by_name", receiver_by_name)


def render(body: object, *args: str) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return CliRunner().invoke(notify, ["render", "-", *args], input=text)


def test_a_test_message_says_that_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = Recording()
    configured(monkeypatch, receiver)
    result = CliRunner().invoke(notify, ["test", "oncall", "-c", "logwatch.yaml"])
    assert (result.exit_code, result.output) == (0, "✓ oncall took the test message\n")
    [message] = receiver.sent
    assert "nothing is wrong" in message.notice.incident.title
    assert message.notice.incident.severity == "info"
    assert receiver.closed


def test_a_refusal_names_the_receiver_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = DeliveryError("HTTP 404 no_service: make a new one", outcome="auth_error", retryable=False)
    configured(monkeypatch, Recording(refusal))
    result = CliRunner().invoke(notify, ["test", "oncall", "-c", "logwatch.yaml"])
    assert isinstance(result.exception, LogwatchError)
    assert str(result.exception) == (
        "oncall did not take the test message: HTTP 404 no_service: make a new one"
    )


def test_an_unknown_receiver_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    configured(monkeypatch, Recording())
    result = CliRunner().invoke(notify, ["test", "nobody", "-c", "logwatch.yaml"])
    assert isinstance(result.exception, ConfigError)
    assert "has no receiver 'nobody'" in str(result.exception)


def test_trouble_is_told_without_a_traceback_and_exits_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "event.json"
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit, match="2"):
        main(["notify", "render", str(file)])
    assert capsys.readouterr().err.startswith(f"logwatch: {file}: is not an event or incident")


def test_an_incident_is_rendered_as_it_would_be_sent() -> None:
    of = incident()
    sent = a_notice(of=of)
    shown = json.loads(render(published(of), "--format", "slack", "--language", "zh").stdout)
    assert shown == slack.body(sent, "zh")
    shown = json.loads(render(published(of), "--format", "webhook").stdout)
    assert shown["data"] == webhook.body(sent)["data"]


def test_a_webhook_body_is_rendered_again() -> None:
    result = render(webhook.body(a_notice()), "--format", "text", "--kind", "quiet")
    assert result.stdout.startswith("Quiet · CRITICAL: Watchdog")


def test_an_event_line_is_rendered() -> None:
    event = {
        "schema": 1, "event_id": "e1", "error_id": "cuda/oom", "time": "2026-11-22T05:40:00.000Z",
        "severity": "error", "domain": "cuda", "category": "memory", "signature": "CUDA out of memory",
        "source": "train", "path": "/logs/a.log", "generation": 1, "offset": 10, "line": "CUDA out of memory",
        "line_number": 3, "captures": {}, "labels": {"job": "a"}, "host": "gpu-1",
        "workaround": {"action": "Halve the batch.", "success_rate": 0.8}, "dead_ends": [], "decision": None,
        "also": [], "incident_id": None, "catalogue_version": "1",
    }  # fmt: skip
    result = render(event)
    assert result.exit_code == 0
    assert result.stdout.startswith("ERROR: CUDA out of memory\n")
    assert "    - Halve the batch.\n" in result.stdout


def test_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "incident.json"
    file.write_text(json.dumps(published(incident())), encoding="utf-8")
    result = CliRunner().invoke(notify, ["render", str(file), "--format", "text"])
    assert result.stdout.startswith("CRITICAL: Watchdog")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is not one JSON object"),
        ("{}\n{}\n", "tail -n 1 events.jsonl"),
        ("{}", "'incident_id' is missing"),
        ('{"event_id": "e"}', "is missing"),
        ("[]", "is not an event or incident"),
        ("3", "is not an event or incident"),
        (json.dumps({**published(incident()), "first_seen": "soon"}), "soon"),
        (json.dumps({**published(incident()), "places": 3}), "is not an event or incident"),
    ],
)
def test_what_is_neither_event_nor_incident_is_refused_in_words(text: str, what: str) -> None:
    result = render(text)
    assert isinstance(result.exception, InputError)
    assert what in str(result.exception)
