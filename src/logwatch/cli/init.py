"""`logwatch init`: three questions, and a first configuration."""

import glob
import json
import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from logwatch import config
from logwatch.errors import InputError, Problem

_LOGS = "/logs"
_NO_SLACK = "none"
_SYSTEM_STATE = Path("/var/lib/logwatch")
_QUESTIONS = {
    "logs": "Where are the logs? A folder, or a pattern as /logs/**/*.log",
    "slack_file": "Which file will hold the address of a Slack webhook? A name beside the configuration,"
    f" a full path, or {_NO_SLACK}",
    "state_dir": "Where may positions and unsent messages be kept? On a local disk",
}
# Stands for what the file of the secret will hold, while the configuration is looked over.
_SOME_ADDRESS = "https://hooks.slack.com/services/T0/B0/x"


@click.command(short_help="Write a first configuration.")
@click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=Path("logwatch.yaml"),
    show_default=True,
    help="Where to write it.",
)
@click.option("--logs", metavar="GLOB", help="Where the logs are. A folder: its *.log, at any depth.")
@click.option(
    "--slack-file", metavar="FILE", help=f"What will hold a Slack webhook's address, or {_NO_SLACK}."
)
@click.option("--state-dir", metavar="DIR", help="Where positions and unsent messages are kept.")
@click.option("-y", "--yes", is_flag=True, help="Ask nothing; what is not given has its default.")
@click.option("--force", is_flag=True, help="Write over what is there.")
def init(path: Path, *, yes: bool, force: bool, **given: str | None) -> None:
    """\b
    logwatch init                                            asks three questions
    logwatch init --logs '/scratch/*/*.log' --yes            asks none
    logwatch init --slack-file slack-url -c /etc/logwatch/logwatch.yaml

    Write a first configuration, and say what to do next. It never asks for a secret: only for the name of the
    file that will hold it.
    """
    if path.exists() and not force:
        raise _cannot_write(
            path, "is there already", "name another file with -c, or write over it with --force"
        )
    answers = _answers(given, ask=not yes)
    if "://" in answers["slack_file"]:
        remedy = "name a file that will hold the address; the next step puts it there"
        raise InputError([Problem("--slack-file", "is an address, which only few should know", remedy)])
    slack_file = None if answers["slack_file"] == _NO_SLACK else Path(answers["slack_file"]).expanduser()
    text = configuration(pattern(answers["logs"]), slack_file, _whole(answers["state_dir"]))
    config.parse(text, path, {}, read=lambda _: _SOME_ADDRESS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _cannot_write(path, f"cannot be written: {error.strerror}", "name another with -c") from None
    click.echo(_next_steps(path, slack_file))


def _answers(given: Mapping[str, str | None], *, ask: bool) -> dict[str, str]:
    """What was given, and for the rest what a person says, or the defaults."""
    defaults = {"logs": _LOGS, "slack_file": _NO_SLACK, "state_dir": str(_own_state(os.environ))}
    missing = [name for name in _QUESTIONS if given[name] is None]
    if ask and missing and not sys.stdin.isatty():
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise click.UsageError(f"Nobody is there to be asked. Give {options}, or --yes for the defaults.")
    answers = {name: value for name, value in given.items() if value is not None}
    for name in missing:
        answers[name] = click.prompt(_QUESTIONS[name], defaults[name]) if ask else defaults[name]
    return answers


def _own_state(env: Mapping[str, str]) -> Path:
    """Where a daemon of this user keeps its state."""
    if os.geteuid() == 0:
        return _SYSTEM_STATE
    return Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "logwatch"


def pattern(logs: str) -> str:
    """A pattern of whole paths; of a folder, or what looks like one, its *.log at any depth."""
    path = _whole(logs)
    if path.is_dir():
        return f"{glob.escape(str(path))}/**/*.log"
    return str(path) if glob.has_magic(logs) or path.suffix else f"{path}/**/*.log"


def configuration(logs: str, slack_file: Path | None, state_dir: Path) -> str:
    """The text of a configuration file."""
    parts = [
        "# Written by `logwatch init`. docs/configuration.md explains each key, `logwatch check` finds\n"
        "# mistakes.\n",
        f"state_dir: {_quoted(state_dir)}\n",
        "# Labels that stand in paths, as job and rank, can be read off them: see `path_labels`.\n"
        f"sources:\n  - name: logs\n    paths: [{_quoted(logs)}]\n",
    ]
    if state_dir != _SYSTEM_STATE:
        parts.append(f"events:\n  path: {_quoted(state_dir / 'events.jsonl')}\n")
    if slack_file is not None:
        parts.append(
            "notify:\n  - type: slack\n    name: oncall\n"
            f"    webhook_url_file: {_quoted(slack_file)}\n"
            "    min_severity: error    # info, warning, error, critical\n"
        )
    return "\n".join(parts)


def _quoted(text: str | Path) -> str:
    """As a scalar of YAML, which takes strings of JSON, with the dollar signs that the loader takes away."""
    return json.dumps(str(text).replace("$", "$$"), ensure_ascii=False)


def _whole(path: str) -> Path:
    return Path(path).expanduser().absolute()


def _next_steps(path: Path, slack_file: Path | None) -> str:
    there = shlex.quote(str(path))
    steps = [f"logwatch check -c {there}", f"logwatch run -c {there} --dry-run --once"]
    if slack_file is not None:
        secret = shlex.quote(str(path.absolute().parent / slack_file))
        steps.insert(0, f"install -D -m 600 /dev/null {secret} && cat > {secret}")
        steps[0] += "\n      (paste the address that Slack gives out, then Enter and Ctrl-D)"
    return f"{path} is written. Next:\n" + "".join(f"  {step}\n" for step in steps).rstrip("\n")


def _cannot_write(path: Path, what: str, remedy: str) -> InputError:
    return InputError([Problem(str(path), what, remedy)])
