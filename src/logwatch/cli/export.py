"""`logwatch export`: what other tools need to know of logwatch, on standard output."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from logwatch.catalogue.schema import entry_schema
from logwatch.cli.export_alertmanager import alertmanager
from logwatch.config.schema import config_schema
from logwatch.errors import InputError, Problem
from logwatch.export.alert_rules import JOB, PLACES, RUNBOOKS, Fleet, operator_manifest, rule_file
from logwatch.export.dashboard import dashboard_text
from logwatch.export.event_schema import event_schema
from logwatch.export.grafana_alerts import DATASOURCE_UID, grafana_alerts
from logwatch.export.known_errors_dashboard import known_errors_dashboard
from logwatch.export.own_dashboard import own_dashboard

_DASHBOARDS = {"known-errors": known_errors_dashboard, "logwatch": own_dashboard}
_SCHEMAS = {"entry": entry_schema, "config": config_schema, "event": event_schema}
_UNIT = "logwatch.service"
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_PACKAGE = Path(__file__).resolve().parent.parent
# In the wheel the units lie inside the package, in a checkout beside src/.
_UNITS = (_PACKAGE / "deploy" / "systemd", _PACKAGE.parent.parent / "deploy" / "systemd")


@click.group()
def export() -> None:
    """\b
    logwatch export prometheus-rules > /etc/prometheus/rules/logwatch.yml
    logwatch export alertmanager > inhibit.yml
    logwatch export grafana known-errors > known-errors.json
    logwatch export schema config > logwatch.schema.json
    logwatch export systemd > /etc/systemd/system/logwatch.service

    Print what other tools need: alert rules, dashboards, schemas, the systemd unit.
    """


def _labels(_context: click.Context, _parameter: click.Parameter, names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if not _LABEL.fullmatch(name):
            raise click.BadParameter(f"{name!r} is not the name of a label.")
    return names


_FLEET_OPTIONS = (
    click.option(
        "--job",
        metavar="REGEX",
        default=JOB,
        show_default=True,
        help="What the label `job` of the daemons looks like in your Prometheus.",
    ),
    click.option(
        "--drop",
        metavar="LABEL",
        multiple=True,
        callback=_labels,
        help="A further label that tells daemons of one fleet apart, as `rack`: alerts are to be without it. "
        f"Repeatable. Always dropped: {', '.join(PLACES)}.",
    ),
    click.option(
        "--runbooks",
        metavar="URL",
        default=RUNBOOKS,
        show_default=True,
        help="Where your people read docs/alerting.md; each alert links to its section.",
    ),
)


def _fleet_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_FLEET_OPTIONS):
        command = option(command)
    return command


@export.command("prometheus-rules")
@_fleet_options
@click.option("--for-operator", is_flag=True, help="As a PrometheusRule, for the Prometheus operator.")
def prometheus_rules(job: str, drop: Sequence[str], runbooks: str, for_operator: bool) -> None:
    """Print alerting and recording rules. docs/alerting.md explains each."""
    fleet = Fleet(job, (*PLACES, *drop), runbooks)
    click.echo(operator_manifest(fleet) if for_operator else rule_file(fleet), nl=False)


@export.command()
@click.argument("what", type=click.Choice([*_DASHBOARDS, "alerts"]))
@_fleet_options
@click.option(
    "--datasource-uid",
    metavar="UID",
    default=DATASOURCE_UID,
    show_default=True,
    help="The data source that the alerts ask. Dashboards let their readers choose.",
)
def grafana(what: str, job: str, drop: Sequence[str], runbooks: str, datasource_uid: str) -> None:
    """Print a dashboard (JSON), or the alerts for Grafana to evaluate (YAML). Options are for the alerts.

    \b
    known-errors   what breaks, how often, where
    logwatch       whether logwatch itself reads, recognises and delivers
    alerts         the same as `prometheus-rules`, where Prometheus has no rules of its own
    """
    if what in _DASHBOARDS:
        click.echo(dashboard_text(_DASHBOARDS[what]()), nl=False)
    else:
        click.echo(grafana_alerts(Fleet(job, (*PLACES, *drop), runbooks), datasource_uid), nl=False)


@export.command()
@click.argument("what", type=click.Choice(list(_SCHEMAS)))
def schema(what: str) -> None:
    """Print a JSON schema.

    \b
    entry    a record of the catalogue
    config   the configuration file
    event    a line of the event file and of `logwatch scan --format json`
    """
    click.echo(json.dumps(_SCHEMAS[what](), indent=2, ensure_ascii=False))


@export.command()
@click.argument("name", default=_UNIT)
def systemd(name: str) -> None:
    """Print the systemd unit, or the file NAME that goes with it. An unknown NAME lists all."""
    folder = next((folder for folder in _UNITS if folder.is_dir()), _UNITS[-1])
    files = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if name not in files:
        there = "name one of: " + ", ".join(files) if files else f"put the files of the release into {folder}"
        raise InputError([Problem(name, "there is no such file for systemd", there)])
    text = files[name].read_text(encoding="utf-8")
    click.echo(text, nl=False)
    program = re.search(r"^ExecStart=(\S+)", text, re.MULTILINE)
    if program is not None and not Path(program[1]).exists():
        click.echo(
            f"logwatch: the unit starts {program[1]}, which is not there yet: install logwatch into a virtual"
            " environment in that place, or change ExecStart",
            err=True,
        )


export.add_command(alertmanager)
