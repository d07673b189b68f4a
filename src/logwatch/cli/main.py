"""`logwatch VERB …`: finds the verb and tells people what went wrong.

A verb's module is imported when the verb is used and not before: `scan` starts without the daemon's half
of the world.
"""

import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import click

from logwatch import __version__
from logwatch.errors import LogwatchError

_TROUBLE = 2
# As a shell reports a process that ended by SIGINT or SIGPIPE.
_INTERRUPTED, _PIPE_CLOSED = 130, 141


@dataclass(frozen=True, slots=True)
class _Verb:
    module: str
    help: str


VERBS: Mapping[str, _Verb] = {
    "scan": _Verb("logwatch.cli.scan", "Find known errors in files or a pipe."),
    "explain": _Verb("logwatch.cli.explain", "Tell all about an error, or what a line matches."),
    "catalogue": _Verb("logwatch.cli.catalogue", "List, search, test, lint and write entries."),
    "init": _Verb("logwatch.cli.init", "Write a first configuration."),
    "run": _Verb("logwatch.cli.run", "Follow logs as a daemon."),
    "check": _Verb("logwatch.cli.check", "Check configuration, catalogue, files and receivers."),
    "status": _Verb("logwatch.cli.status", "Tell what the daemon is doing."),
    "silence": _Verb("logwatch.cli.silence", "Mute errors for a while."),
    "outcome": _Verb("logwatch.cli.outcome", "Say whether a workaround worked."),
    "notify": _Verb("logwatch.cli.notify", "Try out destinations, and see their messages."),
    "export": _Verb("logwatch.cli.export", "Print rules, dashboards, schemas and units for other tools."),
    "demo": _Verb("logwatch.cli.demo", "See it work on a failing training run."),
}


class _Verbs(click.Group):
    """Verbs by name; each is the object of its own name in its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        verb = VERBS.get(cmd_name)
        if verb is None:
            return None
        command = getattr(importlib.import_module(verb.module), cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        # The shell asks for completions of what is not finished; nobody is to be corrected yet.
        if name not in VERBS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches  # noqa: PLC0415 - few people misspell a verb

            close = get_close_matches(name, VERBS, n=1, cutoff=0.5)
            meant = f"Did you mean `logwatch {close[0]}`?" if close else f"There are: {', '.join(VERBS)}."
            raise click.UsageError(f"There is no verb `{name}`. {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs with what they are for, without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.help) for name, verb in VERBS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except OSError as error:
            if error.errno != errno.EPIPE:
                raise
            _drop_output()
            sys.exit(_PIPE_CLOSED)
        return result


def _drop_output() -> None:
    """Nobody reads any more: what is still buffered goes nowhere, without a word."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, sys.stdout.fileno())


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.version_option(__version__, "-V", "--version", prog_name="logwatch")
def logwatch() -> None:
    """\b
    logwatch scan train.log                  what broke in this log, and what to do first
    kubectl logs job/llm | logwatch scan     the same for a pipe
    logwatch explain nccl/watchdog-timeout   all that is known about one error
    logwatch check -c logwatch.yaml          would the daemon work?
    logwatch run -c logwatch.yaml            follow logs, count and notify

    Tells you, from the logs of training and GPU jobs, what broke, why, and what to do first.
    `logwatch VERB --help` has examples for each verb.
    """


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process: 2 on trouble, 130 when interrupted."""
    try:
        status = logwatch.main(args=args, prog_name="logwatch", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(_TROUBLE)
    except LogwatchError as error:
        click.echo(f"logwatch: {error}", err=True)
        sys.exit(_TROUBLE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    sys.exit(status if isinstance(status, int) else 0)
