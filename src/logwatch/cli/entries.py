"""The options by which a verb is told which errors to know, and in which language to speak."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from logwatch.catalogue.load import Catalogue, load, shipped_folder

_OPTIONS = (
    click.option(
        "--catalogue",
        "folders",
        metavar="DIR",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A folder of entries of your own; one with the id of a shipped entry replaces it. Repeatable.",
    ),
    click.option("--no-shipped", is_flag=True, help="Leave out the entries that come with logwatch."),
    click.option(
        "--language",
        type=click.Choice(["en", "zh"]),
        default="en",
        show_default=True,
        help="What is said, where the entry has it.",
    ),
)


def catalogue_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `folders`, `no_shipped` and `language` to the parameters of `command`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def load_entries(folders: Sequence[Path], *, no_shipped: bool) -> Catalogue:
    """The catalogue in force.

    Raises:
        CatalogueError: with every mistake in it.
        UsageError: there is no folder at all.
    """
    if no_shipped and not folders:
        raise click.UsageError("`--no-shipped` leaves no entries: name a folder with `--catalogue DIR`.")
    shipped = shipped_folder()
    # The tests try the shipped patterns; waiting for it again would double the time until the first answer.
    return load([*([] if no_shipped else [shipped]), *folders], proven=[shipped])
