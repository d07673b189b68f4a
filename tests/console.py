"""The commands that documentation shows, run as a reader would run them."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from logwatch.cli.main import logwatch


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output that is shown below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def shown(output: str) -> "re.Pattern[str]":
    """What is shown, where `…` alone on a line stands for any lines, and at its end for the rest of it."""
    lines = re.split(r"^…$", output, flags=re.MULTILINE)
    rests = [re.split(r" …$", piece, flags=re.MULTILINE) for piece in lines]
    return re.compile(r"[^\0]*?".join(r" [^\n]*".join(map(re.escape, rest)) for rest in rests))


def run(command: str, folder: Path, *programs: Path) -> str:
    """What `command` says in `folder`; `programs` are folders of further commands."""
    places = [*map(str, programs), str(Path(sys.executable).parent), os.environ["PATH"]]
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": os.pathsep.join(places)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.stdout.decode()


def parses(arguments: Sequence[str]) -> bool:
    """Whether `logwatch` takes these arguments; nothing is run."""
    command: click.Command = logwatch
    rest = list(arguments)
    while isinstance(command, click.Group):
        name, *rest = rest
        found = command.get_command(click.Context(command), name)
        assert found is not None, name
        command = found
    command.make_context(command.name, rest)
    return True
