"""What a daemon is doing, for a person at a terminal: the report of `/status.json` as lines."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from logwatch.render.inert import inert_line
from logwatch.render.look import BOLD, COLOURS, DIM, Paint

Report = Mapping[str, Any]
# Incidents beyond the newest stand in `--json`.
MAX_INCIDENTS = 20
_GOOD, _BAD, _SO_SO = "32", COLOURS["error"], COLOURS["warning"]


def status_lines(report: Report, paint: Paint, spoken_until: Callable[[str], str]) -> Iterator[str]:
    """The report as lines. `spoken_until` says how far off a time (RFC 3339) is, as `1h 20m`."""
    yield from _head(report, paint)
    yield from _part("Sources", report["sources"], _source, paint)
    yield from _incidents(report, paint)
    yield from _part("Receivers", report["receivers"], _receiver, paint)
    running = [silence for silence in report["silences"] if silence["active"]]
    yield from _part("Silences", running, lambda s, p: _silence(s, p, spoken_until), paint)


def _head(report: Report, paint: Paint) -> Iterator[str]:
    state, catalogue = report["state"], report["catalogue"]
    is_running = report["running"]
    yield f"logwatch {paint(_GOOD, 'is running') if is_running else paint(_BAD, 'is not running')}"
    if report.get("note"):
        yield f"  {_plain(report['note'])}"
    yield f"  catalogue {_plain(catalogue['version'])}, {catalogue['entries']} entries"
    where = "on disk" if state["on_disk"] else paint(_BAD, "in memory: the disk cannot be written")
    yield f"  state {where}, {_plain(state['folder'])}"


def _part(
    title: str, items: list[Report], told: Callable[[Report, Paint], Iterator[str]], paint: Paint
) -> Iterator[str]:
    yield from ["", paint(BOLD, title)]
    if not items:
        yield f"  {paint(DIM, 'none')}"
    for item in items:
        yield from (f"  {line}" for line in told(item, paint))


def _source(source: Report, paint: Paint) -> Iterator[str]:
    lag = source["lag_bytes"]
    if lag:
        told = paint(_SO_SO, f"{_bytes(lag)} behind")
    elif source["unreadable"]:
        told = paint(_SO_SO, "up to date with what can be read")
    else:
        told = paint(_GOOD, "up to date")
    yield f"{_plain(source['name'])}  {told}{_skipped(source['skipped_bytes'])}"
    for file in source["worst"]:
        behind = f"{_bytes(file['lag_bytes'])} behind" if file["lag_bytes"] else "read"
        yield f"  {_plain(file['path'])}  {behind}{_skipped(file['skipped_bytes'])}"
    for path, why in source["unreadable"].items():
        yield f"  {_plain(path)}  {paint(_BAD, 'cannot be read')}: {_plain(why)}"


def _incidents(report: Report, paint: Paint) -> Iterator[str]:
    shown = list(report["incidents"])[-MAX_INCIDENTS:]
    yield from _part("Open incidents", shown, _incident, paint)
    if left := report["open_incidents"] - len(shown):
        yield f"  {paint(DIM, f'and {left} older ones')}"


def _incident(incident: Report, paint: Paint) -> Iterator[str]:
    where = f"job {incident['job']}" if incident["job"] else incident["host"]
    severity = paint(COLOURS.get(incident["severity"], BOLD), str(incident["severity"]).upper())
    facts = [incident["error_id"], where, f"{incident['count']}×", f"since {incident['first_seen']}"]
    told = "  ".join(map(_plain, facts))
    yield f"{severity}  {told}  {paint(DIM, _plain(incident['incident_id'][:8]))}"


def _receiver(receiver: Report, paint: Paint) -> Iterator[str]:
    facts = []
    if receiver["disabled"]:
        facts.append(
            paint(_BAD, "disabled until it is configured anew") + f": {_plain(receiver['disabled'])}"
        )
    if receiver["waiting"]:
        facts.append(paint(_SO_SO, f"waiting: {receiver['waiting']}"))
    if receiver["last_error"] and not receiver["disabled"]:
        facts.append(f"last error: {_plain(receiver['last_error'])}")
    if receiver["muted_by"]:
        facts.append(f"muted by the time interval {_plain(receiver['muted_by'])}")
    if receiver["held_back"]:
        facts.append(f"incidents not told: {receiver['held_back']}")
    yield f"{_plain(receiver['name'])}  {' · '.join(facts) or paint(_GOOD, 'nothing waits')}"


def _silence(silence: Report, paint: Paint, spoken_until: Callable[[str], str]) -> Iterator[str]:
    about = [silence["error"], *([f"job={silence['job']}"] if silence["job"] else [])]
    about += [f"{name}={value}" for name, value in silence["labels"].items()]
    told = f"{spoken_until(silence['ends'])} left, held back {silence['hits']}, {silence['owner']}"
    yield f"{_plain(silence['id'])}  {_plain(' '.join(about))}  {paint(DIM, _plain(told))}"


def _skipped(skipped: Mapping[str, int]) -> str:
    told = ", ".join(f"{_bytes(size)} {reason}" for reason, size in sorted(skipped.items()) if size)
    return f" · never scanned: {_plain(told)}" if told else ""


def _bytes(size: int) -> str:
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= factor:
            return f"{size / factor:,.1f} {unit}"
    return f"{size} B"


def _plain(value: Any) -> str:
    return inert_line(str(value))
