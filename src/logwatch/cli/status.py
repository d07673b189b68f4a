"""`logwatch status`: what the daemon is doing, from itself while it runs, else from what it has left."""

import contextlib
import fcntl
import json
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from heapq import nlargest
from pathlib import Path
from typing import Any

import click

from logwatch import notes
from logwatch.cli.moments import spoken
from logwatch.cli.operated import catalogue_of, config_option, settings_at
from logwatch.cli.terminal import wants_colour
from logwatch.config import Config
from logwatch.daemon.daemon import incident_report
from logwatch.deliver.silences import FILE_NAME, Silence
from logwatch.errors import StateError
from logwatch.glimpse import Glimpse
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import rfc3339
from logwatch.incident.fold import Fold
from logwatch.render.inert import inert_line
from logwatch.render.look import coloured, plain
from logwatch.render.status import status_lines
from logwatch.tail.pump import MAX_WORST

# A daemon that is busy answers between two hops.
PATIENCE_S = 5.0
# A hundred incidents and a hundred sources stay far below.
MAX_ANSWER = 16 * 1024 * 1024
_RUNNING, _NOT_RUNNING = 0, 1


@click.command(short_help="Tell what the daemon is doing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
def status(path: Path, as_json: bool) -> None:
    """Tell what the daemon is doing: sources and how far behind they are, open incidents, receivers and what
    waits for them, silences.

    A daemon that runs is asked at the address `http.listen`; of one that does not, what it has left in its
    state directory is shown.

    \b
    Exit status: 0 it is running; 1 it is not, or cannot be asked; 2 trouble.
    """
    settings = settings_at(path)
    report = asked(settings)
    if report is not None and not _is_of(report, settings):
        elsewhere = inert_line(str(report["state"]["folder"]))
        click.echo(f"logwatch: another one answers at http.listen; its state is in {elsewhere}", err=True)
        report = None
    report = report or left_behind(settings, time.time())
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        paint = coloured if sys.stdout.isatty() and wants_colour() else plain
        for line in status_lines(report, paint, _spoken_until):
            click.echo(line)
    sys.exit(_RUNNING if report["running"] else _NOT_RUNNING)


def asked(settings: Config) -> Mapping[str, Any] | None:
    """What the daemon itself says; None where nobody answers who is one."""
    if settings.http.address is None:
        return None
    host, port = settings.http.address
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  not bound
    where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    # It is asked directly: a proxy for the world outside knows nothing of it.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{where}/status.json", timeout=PATIENCE_S) as answer:
            report = json.loads(answer.read(MAX_ANSWER))
    except (OSError, ValueError):
        return None
    return report if isinstance(report, dict) and {"running", "state"} <= report.keys() else None


def _is_of(report: Mapping[str, Any], settings: Config) -> bool:
    """Whether this is the daemon of this configuration: no two have the same state."""
    return Path(report["state"]["folder"]).resolve() == settings.state_dir.resolve()


def left_behind(settings: Config, now: float) -> Mapping[str, Any]:
    """The report of a daemon that does not answer, from its state directory.

    Raises:
        StateError: there is none that can be read.
    """
    catalogue = catalogue_of(settings)
    folder = settings.state_dir
    with Glimpse(folder) as state:
        fold = Fold(Advisor(catalogue.entries, catalogue.version, settings.language), catalogue.edges)
        fold.restore(state.incidents())
        incidents = fold.current()
        sources = _sources(settings, state.generations())
        waiting, disabled, hits = state.waiting(), state.disabled(), state.hits()
    is_held = _is_held(folder / "lock")
    return {
        "running": is_held,
        "note": "It does not answer over HTTP; this is what it last wrote."
        if is_held
        else _last_sign(folder),
        "time": rfc3339(now),
        "catalogue": {"version": catalogue.version, "entries": len(catalogue.entries)},
        "state": {"folder": str(folder), "on_disk": True},
        "sources": sources,
        "open_incidents": len(incidents),
        "incidents": [incident_report(incident) for incident in incidents],
        "receivers": [
            {
                "name": receiver.name,
                "waiting": waiting.get(receiver.name, (0, ""))[0],
                "last_error": waiting.get(receiver.name, (0, ""))[1],
                "disabled": disabled.get(receiver.name, ""),
                "muted_by": "",
                "held_back": 0,
            }
            for receiver in settings.notify
        ],
        "silences": [silence.published(hits.get(silence.id, 0), now) for silence in _silences(folder)],
    }


def _sources(
    settings: Config, generations: Iterable[tuple[str, str, Mapping[str, Any]]]
) -> list[dict[str, Any]]:
    files: dict[str, list[dict[str, Any]]] = {source.name: [] for source in settings.sources}
    for source, path, body in generations:
        # Other kinds of sources have no sizes.
        lag = max(0, body.get("size", 0) - body.get("offset", 0))
        skipped = body.get("skipped", {})
        files.setdefault(source, []).append({"path": path, "lag_bytes": lag, "skipped_bytes": skipped})
    return [_source(name, of_source) for name, of_source in files.items()]


def _source(name: str, files: Iterable[dict[str, Any]]) -> dict[str, Any]:
    skipped: Counter[str] = Counter()
    for file in files:
        skipped.update(file["skipped_bytes"])
    behind = [file for file in files if file["lag_bytes"] or file["skipped_bytes"]]
    return {
        "name": name,
        "lag_bytes": sum(file["lag_bytes"] for file in files),
        "skipped_bytes": dict(skipped),
        "unreadable": {},
        "worst": nlargest(
            MAX_WORST, behind, key=lambda file: (file["lag_bytes"], sum(file["skipped_bytes"].values()))
        ),
    }


def _silences(folder: Path) -> list[Silence]:
    with contextlib.suppress(StateError, ValueError):
        return [Silence.from_dict(body) for body in notes.read(folder / FILE_NAME)]
    return []


def _is_held(lock: Path) -> bool:
    """Whether a daemon holds the state directory."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _last_sign(folder: Path) -> str:
    """When the state was last written to."""
    times = [path.stat().st_mtime for path in folder.glob("state.db*") if path.is_file()]
    return f"Its last sign of life is of {rfc3339(max(times))}." if times else ""


def _spoken_until(when: str) -> str:
    return spoken(datetime.fromisoformat(when).timestamp() - time.time())
