"""The options by which a verb is told which errors to know, and in which language to speak."""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from logwatch.catalogue.cache import cache_folder
from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.folders import shipped_folder
from logwatch.catalogue.kept import Known
from logwatch.catalogue.recall import recall

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
    """The catalogue in force; raises as `load_known`."""
    return load_known(folders, no_shipped=no_shipped).catalogue


def load_known(folders: Sequence[Path], *, no_shipped: bool) -> Known:
    """The catalogue in force, with the index of its rules.

    Raises:
        CatalogueError: with every mistake in it.
        UsageError: there is no folder at all.
    """
    if no_shipped and not folders:
        raise click.UsageError("`--no-shipped` leaves no entries: name a folder with `--catalogue DIR`.")
    shipped = shipped_folder()
    return recall(
        [*([] if no_shipped else [shipped]), *folders],
        # The tests try the shipped patterns; waiting for it again would double the time of a first start.
        proven=[shipped],
        cache=cache_folder(os.environ),
        now=time.time(),
    )
