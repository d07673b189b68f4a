"""`logwatch catalogue figures`: how much the entries know, and how much of that is shown."""

import re
from collections.abc import Sequence
from pathlib import Path

import click

from logwatch.catalogue.lint import read_shelf
from logwatch.catalogue.load import shipped_folder
from logwatch.catalogue.tally import held_against, homes_of, read_sightings, table

_PLACE = re.compile(r"(<!-- begin: figures -->\n).*(\n<!-- end: figures -->)", re.DOTALL)


@click.command()
@click.argument("folders", nargs=-1, metavar="[DIR]...", type=click.Path(path_type=Path))
@click.option(
    "--lines",
    "sightings",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Lines of logs that are no examples, as in tests/corpus/lines.jsonl: what is found in them.",
)
@click.option(
    "--write",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A page to put the figures into, between <!-- begin: figures --> and <!-- end: figures -->.",
)
def figures(folders: Sequence[Path], sightings: Path | None, page: Path | None) -> int:
    """Count entries, wordings, near misses and sources of the entries in DIR, by domain.

    Without DIR, the shipped entries are counted.

    Exit status: 0, or 2 where the entries, the lines or the page cannot be used.
    """
    shelf = read_shelf([shipped_folder(), *folders], judged=folders)
    held = None if sightings is None else held_against(read_sightings(sightings), shelf)
    written = table(homes_of(shelf), held)
    if page is None:
        click.echo(written)
        return 0
    text = page.read_text(encoding="utf-8")
    changed, places = _PLACE.subn(lambda place: f"{place[1]}{written}{place[2]}", text)
    if places != 1:
        raise click.UsageError(
            f"{page} has {places} places for the figures: write <!-- begin: figures --> and"
            " <!-- end: figures --> around one."
        )
    page.write_text(changed, encoding="utf-8")
    return 0
