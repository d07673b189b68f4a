"""`logwatch silence`: what nobody wants to hear of for a while. The daemon takes it up within a second."""

import contextlib
import difflib
import getpass
import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click

from logwatch import notes
from logwatch.cli.moments import moment_of, seconds_of, spoken
from logwatch.cli.operated import catalogue_of, config_option, settings_at
from logwatch.config import Config
from logwatch.deliver.silences import FILE_NAME, Silence
from logwatch.errors import StateError
from logwatch.glimpse import Glimpse
from logwatch.render.inert import inert_line

# Who wants to hear nothing for longer wants it in the configuration, where others read it.
LONGEST_S = 366 * 86_400.0
# What ended is shown for a while, so that it can be seen what it has held back.
KEPT_S = 5 * 86_400.0


@click.group(short_help="Mute errors for a while.")
def silence() -> None:
    """\b
    logwatch silence add --error nccl/watchdog-timeout --job llm-70b --for 2h
    logwatch silence add --error 'nvidia/*' --label cluster=eu1 --until 18:00 --comment "new driver"
    logwatch silence list
    logwatch silence remove 3fa9c1d2

    Mute errors for a while. What is muted goes on being counted, written and followed; when a silence ends,
    an update tells what is still going on. Receivers hear the end of what they had heard of.
    """


@silence.command()
@click.option("--error", metavar="ID", required=True, help="The error, or a pattern: nccl/*.")
@click.option("--job", metavar="JOB", default="", help="Only in this job; a pattern, too.")
@click.option(
    "--label", "labels", metavar="NAME=VALUE", multiple=True, help="Only with this label. Repeatable."
)
@click.option("--for", "duration", metavar="TIME", help="How long, as 2h, 90m or 1d12h.")
@click.option("--until", metavar="TIME", help="Until when, as 18:00 or 2026-11-23T08:00, local time.")
@click.option("--owner", metavar="NAME", help="Who answers for it.  [default: your login name]")
@click.option("--comment", metavar="TEXT", default="", help="Why.")
@config_option
def add(
    path: Path,
    error: str,
    job: str,
    labels: Sequence[str],
    duration: str | None,
    until: str | None,
    owner: str | None,
    comment: str,
) -> None:
    """Mute an error from now on, for a time. Prints the id of the silence."""
    settings = settings_at(path)
    now = time.time()
    added = Silence(
        id=secrets.token_hex(4),
        error=_known(error, settings),
        owner=(owner or _login_name()).strip(),
        created=now,
        ends=_end(duration, until, now),
        job=job,
        labels=dict(map(_label, labels)),
        comment=comment,
    )
    if not added.owner:
        raise click.UsageError("Nobody answers for it: name an `--owner`.")
    with notes.changing(settings.state_dir / FILE_NAME) as written:
        written[:] = [body for body in written if not _is_long_over(body, now)]
        written.append(added.to_dict())
    click.echo(added.id)
    said = f"{error} is muted for {spoken(added.ends - now)}, until {_local(added.ends)}."
    click.echo(f"{said} `logwatch silence remove {added.id}` ends it.", err=True)


@silence.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--all", "with_ended", is_flag=True, help="Those that have ended, too.")
@config_option
def list_silences(path: Path, as_json: bool, with_ended: bool) -> None:
    """List silences: what they mute, for how long, whose they are and how many notices they held back."""
    settings, now = settings_at(path), time.time()
    written = _read(settings.state_dir / FILE_NAME)
    shown = sorted((s for s in written if with_ended or not s.is_over(now)), key=lambda s: s.ends)
    hits = hits_of(settings)
    if as_json:
        for one in shown:
            click.echo(json.dumps(one.published(hits.get(one.id, 0), now), ensure_ascii=False))
        return
    if not shown:
        click.echo("Nothing is muted.")
    for one in shown:
        for line in told(one, hits.get(one.id, 0), now):
            click.echo(line)


@silence.command()
@click.argument("silence_id", metavar="ID")
@config_option
def remove(path: Path, silence_id: str) -> None:
    """End a silence now."""
    settings, now = settings_at(path), time.time()
    file = settings.state_dir / FILE_NAME
    with notes.changing(file) as written:
        running = {s.id: i for i, s in enumerate(map(Silence.from_dict, written)) if not s.is_over(now)}
        if silence_id not in running:
            there = ", ".join(running) or "none"
            raise click.UsageError(f"No silence {silence_id} is running. There are: {there}.")
        # It stays in the list as one that has ended.
        written[running[silence_id]] = {**written[running[silence_id]], "ends": now}
    click.echo(f"{silence_id} has ended.")


def told(one: Silence, hits: int, now: float) -> Iterator[str]:
    """A silence for a person: what it mutes, and below it the rest."""
    about = [
        one.error,
        *([f"job={one.job}"] if one.job else []),
        *(f"{k}={v}" for k, v in one.labels.items()),
    ]
    end = f"ended {_local(one.ends)}" if one.is_over(now) else f"{spoken(one.ends - now)} left"
    yield f"{one.id}  {inert_line(' '.join(about))}"
    comment = f": {one.comment}" if one.comment else ""
    yield f"          {end} · held back {hits} · {inert_line(one.owner + comment)}"


def hits_of(settings: Config) -> Mapping[str, int]:
    """How many notices each silence has held back; nothing is known before the daemon has run."""
    with contextlib.suppress(StateError), Glimpse(settings.state_dir) as state:
        return state.hits()
    return {}


def _read(file: Path) -> list[Silence]:
    try:
        return [Silence.from_dict(body) for body in notes.read(file)]
    except ValueError as error:
        raise StateError(f"{file}: {error}\n    → mend it, or remove it") from error


def _known(error: str, settings: Config) -> str:
    """A silence with a slip of the pen in it mutes nothing, and nobody notices: so it is refused."""
    catalogue = catalogue_of(settings)
    names = [*catalogue.entries, *(alias for entry in catalogue.entries.values() for alias in entry.aliases)]
    if not any(fnmatchcase(name, error) for name in names):
        close = difflib.get_close_matches(error, names, n=3)
        hint = f"Did you mean {', '.join(close)}?" if close else "`logwatch catalogue list` has all of them."
        raise click.UsageError(f"No error is called {inert_line(error)}. {hint}")
    return error


def _label(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not (name and sign and value):
        raise click.UsageError(f"--label {inert_line(text)} is not NAME=VALUE.")
    return name, value


def _end(duration: str | None, until: str | None, now: float) -> float:
    if (duration is None) == (until is None):
        raise click.UsageError("Say when it ends: `--for 2h`, or `--until 18:00`.")
    zone = datetime.fromtimestamp(now).astimezone().tzinfo or UTC
    try:
        ends = now + seconds_of(duration) if duration is not None else moment_of(until or "", now, zone)
    except (ValueError, OverflowError) as error:
        raise click.UsageError(str(error)) from error
    if ends <= now:
        raise click.UsageError(f"{until} is over.")
    if ends > now + LONGEST_S:
        raise click.UsageError("A silence lasts a year at most: for ever is `shadow` in the configuration.")
    return ends


def _login_name() -> str:
    if sudo := os.environ.get("SUDO_USER"):
        return sudo
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _is_long_over(body: Any, now: float) -> bool:
    with contextlib.suppress(ValueError):
        return Silence.from_dict(body).ends + KEPT_S <= now
    return False


def _local(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M")
