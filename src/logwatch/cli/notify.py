"""`logwatch notify`: does a destination work, and what will a message look like?"""

import asyncio
import json
import platform
import sys
import time
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, TextIO

import click

from logwatch.catalogue.entry import Language
from logwatch.cli.terminal import wants_colour
from logwatch.deliver.outbox import Message, Receiver
from logwatch.errors import DeliveryError, InputError, LogwatchError, Problem
from logwatch.incident.event import event_id
from logwatch.incident.incident import Evidence, Incident, Notice, NoticeKind
from logwatch.render import slack, text, webhook
from logwatch.render.published import from_event, from_published


@click.group()
def notify() -> None:
    """Try out destinations, and see messages before they are sent."""


@notify.command()
@click.argument("name")
@click.option(
    "-c",
    "--config",
    "config_path",
    required=True,
    type=click.Path(path_type=Path),
    help="The configuration that names the receiver.",
)
def test(name: str, config_path: Path) -> None:
    """Send a test message to the receiver NAME, and say what came of it."""
    try:
        asyncio.run(_send_test(config_path, name))
    except DeliveryError as error:
        raise LogwatchError(f"{name} did not take the test message: {error}") from None
    click.echo(f"✓ {name} took the test message")


@notify.command()
@click.argument("file", type=click.File("r", encoding="utf-8"), metavar="EVENT.json|-")
@click.option("--format", "form", type=click.Choice(["slack", "webhook", "text"]), default="text")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en")
@click.option("--kind", type=click.Choice(["opened", "updated", "quiet"]), default="opened")
def render(file: TextIO, form: str, language: Language, kind: NoticeKind) -> None:
    """Print the message for an event or incident, as it would be sent.

    EVENT.json holds one line of the event file, one of `logwatch scan --incidents --format json`, or a
    webhook body. An event does not carry the cause: an incident shows the whole message.
    """
    incident = _incident(file)
    notice = Notice(incident.incident_id, kind, incident.last_seen, incident)
    if form == "text":
        click.echo(text.text(notice, language, colour=sys.stdout.isatty() and wants_colour()), nl=False)
    else:
        body = slack.body(notice, language) if form == "slack" else webhook.body(notice)
        click.echo(json.dumps(body, ensure_ascii=False, indent=2))


def receiver_by_name(config_path: Path, name: str) -> AbstractAsyncContextManager[Receiver]:
    """The receiver called `name`, ready to send; leaving the context closes it.

    Raises:
        ConfigError: the configuration has mistakes, or no such receiver.
    """
    # Only here: to print a message takes no configuration.
    from logwatch.assemble import one_receiver  # noqa: PLC0415

    return one_receiver(config_path, name)


async def _send_test(config_path: Path, name: str) -> None:
    async with receiver_by_name(config_path, name) as receiver:
        notice = _test_notice(time.time())
        await receiver.send(Message(notice.id, name, notice, attempts=0, memory={}))


def _test_notice(now: float) -> Notice:
    incident_id = event_id(f"notify test {now}", 0, "logwatch/test")
    incident = Incident(
        incident_id=incident_id,
        error_id="logwatch/test",
        severity="info",
        decision=None,
        title="A test message from logwatch: nothing is wrong",
        domain="logwatch",
        category="test",
        labels={},
        host=platform.node(),
        first_seen=now,
        last_seen=now,
        count=1,
        places=[],
        place_count=0,
        root_cause="Somebody ran `logwatch notify test`.",
        workarounds=[],
        dead_ends=[],
        evidence=Evidence("", "", 0),
        echoes=[],
        confidence=1.0,
        verification_tier="",
        resolvable="",
        doc_url="",
        catalogue_version="",
    )
    return Notice(incident_id, "opened", now, incident)


def _incident(file: TextIO) -> Incident:
    """The incident in `file`, in any of the forms in which logwatch writes one.

    Raises:
        InputError: it is in none of them.
    """
    try:
        body: Any = json.load(file)
    except ValueError as error:
        remedy = "give one JSON object, as `tail -n 1 events.jsonl | logwatch notify render -` does"
        raise InputError([Problem(file.name, f"is not one JSON object: {error}", remedy)]) from None
    try:
        if "data" in body:
            body = body["data"]
        return from_event(body) if "event_id" in body else from_published(body)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        missing = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        what = f"is not an event or incident as logwatch writes it: {missing}"
        raise InputError([Problem(file.name, what)]) from None
