"""The daemon that a verb is about: named by its configuration."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from logwatch.catalogue.load import Catalogue, load, shipped_folder
from logwatch.config import DEFAULT_PATH, Config, examine
from logwatch.errors import ConfigError

config_option: Callable[[Callable[..., Any]], Callable[..., Any]] = click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=DEFAULT_PATH,
    show_default=True,
    help="The configuration of the daemon.",
)


def settings_at(path: Path) -> Config:
    """What the configuration says of where things are.

    Secrets that only the daemon can read, and receivers with mistakes, are no hindrance here.

    Raises:
        ConfigError: there is no configuration, or its state directory or address cannot be known.
    """
    examined = examine(path, os.environ)
    if examined.config is None or {"state_dir", "http"} & examined.broken:
        raise ConfigError(examined.problems)
    return examined.config


def catalogue_of(settings: Config) -> Catalogue:
    """The catalogue in force.

    Raises:
        CatalogueError: with every mistake in it.
    """
    shipped = shipped_folder()
    folders = [shipped] if settings.catalogue.shipped else []
    return load([*folders, *settings.catalogue.paths], proven=[shipped])
