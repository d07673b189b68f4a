"""`logwatch export alertmanager`: inhibition rules, made of what is known of cause and effect."""

from collections.abc import Sequence
from pathlib import Path

import click

from logwatch.cli.entries import catalogue_options, load_entries
from logwatch.export.inhibition import inhibit_rules


@click.command()
@catalogue_options
def alertmanager(folders: Sequence[Path], no_shipped: bool, language: str) -> None:
    """Print inhibition rules: a cause on one node silences its echoes on the others of its job.

    \b
    logwatch export alertmanager > inhibit.yml

    Put them into alertmanager.yml beside `route` and `receivers`. They go by the labels of the alerts that
    logwatch sends: `error_id`, `job` and `node`.
    """
    del language
    catalogue = load_entries(folders, no_shipped=no_shipped)
    click.echo(inhibit_rules(catalogue.edges.edges.values()), nl=False)
