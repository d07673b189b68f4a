"""`logwatch outcome`: somebody says what became of a workaround; advice is ordered by it from then on."""

import getpass
import os
import time
from dataclasses import asdict
from pathlib import Path

import click

from logwatch import notes
from logwatch.cli.operated import config_option, settings_at
from logwatch.glimpse import Glimpse, Told
from logwatch.incident.outcomes import FILE_NAME, Report
from logwatch.render.inert import inert_line

# Shorter beginnings of an id are typed by mistake.
SHORTEST_ID = 4


@click.command(short_help="Say whether a workaround worked.")
@click.argument("incident")
@click.argument("result", type=click.Choice(["worked", "failed"]))
@click.option(
    "--workaround",
    "number",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Which one, as the message numbers them in its order: 1 is what to do first.",
)
@config_option
def outcome(path: Path, incident: str, result: str, number: int) -> None:
    """Say whether a workaround worked. INCIDENT is its id, or the beginning of it, as messages show it.

    \b
    logwatch outcome 7c01ab93e2f4 worked
    logwatch outcome 7c01ab93e2f4 failed --workaround 2

    The message then tells both, what the catalogue claims and what was seen here, and what helped here is
    advised first. To correct yourself, say it again: for one incident and workaround the last word counts.
    """
    settings = settings_at(path)
    with Glimpse(settings.state_dir) as state:
        told = _the_one(state.told(incident) if len(incident) >= SHORTEST_ID else [], incident)
    if number > len(told.workarounds):
        there = f"{len(told.workarounds)} are known" if told.workarounds else "none is known"
        raise click.UsageError(f"There is no workaround {number} for {told.error_id}: {there}.")
    report = Report(
        incident_id=told.incident_id,
        error_id=told.error_id,
        action=told.workarounds[number - 1],
        worked=result == "worked",
        at=time.time(),
        by=_login_name(),
    )
    with notes.changing(settings.state_dir / FILE_NAME) as written:
        written[:] = [body for body in written if not _is_same(Report.from_dict(body), report)]
        written.append(asdict(report))
        known = [r for r in map(Report.from_dict, written) if _about(r) == _about(report)]
    worked = sum(r.worked for r in known)
    click.echo(f"Noted. Here it helped {worked} of {len(known)} times: {inert_line(report.action)}")


def _the_one(found: list[Told], incident: str) -> Told:
    if not found:
        raise click.UsageError(
            f"No incident {inert_line(incident)} was told of. `logwatch status` shows those that are open."
        )
    if len(found) > 1:
        names = ", ".join(told.incident_id[:16] for told in found[:5])
        raise click.UsageError(f"Several incidents begin with {inert_line(incident)}: {names}.")
    return found[0]


def _is_same(one: Report, other: Report) -> bool:
    return one.incident_id == other.incident_id and one.action == other.action


def _about(report: Report) -> tuple[str, str]:
    return report.error_id, report.action


def _login_name() -> str:
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return ""
