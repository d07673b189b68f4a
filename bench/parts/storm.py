"""Very many errors at once: counted exactly, as fast as they can be written, in memory that does not grow."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.figures import Part, Row, at_most, limit
from bench.logs import storm
from bench.picture import line_chart
from bench.process import LOGWATCH, RUNS, best, best_cpu, run
from bench.setting import Setting

LINES, ERRORS = 1_000_000, 100_000
# For the picture: errors among so many lines.
_FEW_LINES = 100_000
_SHARES = (0.0, 0.001, 0.01, 0.1, 0.3)
_CONFIG = """\
state_dir: state
sources: [{{name: bench, paths: ["{log}"]}}]
events: {{path: events.jsonl}}
http: {{listen: "127.0.0.1:0"}}
"""
# MB. A tenfold storm may take so much more: buffers and what was seen of each error.
_FLAT = 20


def measure(setting: Setting) -> Part:
    part = Part("A storm")
    folder = setting.folder
    small, large = folder / "small.log", folder / "large.log"
    storm(small, LINES // 10, ERRORS // 10)
    written = storm(large, LINES, ERRORS)
    out = folder / "events.jsonl"
    scan = [*LOGWATCH, "scan", "--format", "json"]
    one = [*scan, "--jobs", "1"]
    ran = [run([*one, str(large)], cache=setting.cache, output=out) for _ in range(RUNS)]
    events = list(_events(out))
    part.rows.append(_exact("`logwatch scan`", Counter(event["error_id"] for event in events), written))
    floor = best_cpu(lambda: _write(events, folder / "written.jsonl"))
    what = f"`logwatch scan`, {LINES:,} lines, {ERRORS:,} errors"
    part.rows.append(
        at_most(f"{what}, one process", min(r.cpu for r in ran), floor, "writing the events as JSON", 3, "s")
    )
    both = best(lambda: run([*scan, str(large)], cache=setting.cache, output=out))
    part.rows.append(at_most(f"{what}, all cores", both, floor, "writing the events as JSON", 3, "s"))
    ran_small = run([*one, str(small)], cache=setting.cache, output=out)
    part.rows.append(_flat("`logwatch scan`", [ran_small.peak_mb, max(r.peak_mb for r in ran)]))
    followed = [_daemon(folder / f"run-{log.stem}", log, setting.cache) for log in (small, large)]
    counted = Counter(event["error_id"] for event in _events(folder / "run-large" / "events.jsonl"))
    part.rows.append(_exact("`logwatch run --once`", counted, written))
    part.rows.append(
        Row("`logwatch run --once`, the same", f"{followed[1][0]:.1f} s", "each remembered in SQLite")
    )
    part.rows.append(_flat("`logwatch run --once`", [peak for _, peak in followed]))
    part.pictures["cost-by-matches.svg"] = _by_share(setting)
    part.method = [
        f"{LINES:,} lines, {ERRORS:,} of them real lines of errors, each with its time and a rank in front: 60 in"
        " 100 the same, the others of 49 more kinds, evenly among healthy lines. Counted exactly means: by error,"
        " what was found is what was written.",
        "*Writing the events as JSON* is the floor: the same events as dictionaries, with Python's `json.dumps`,"
        " into a file; neither reading the log nor finding anything is in it. One process is measured by its"
        " processor time, as the floor is; all cores by the clock. Each is the best of three.",
        f"Memory is the peak of the resident set, compared with a storm of a tenth of the size; flat is at most"
        f" {_FLAT} MB more.",
    ]
    return part


def _events(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _write(events: list[dict[str, Any]], path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for event in events:
            file.write(json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n")


def _exact(what: str, found: Mapping[str, int], written: Mapping[str, int]) -> Row:
    wrong = sum(abs(found.get(name, 0) - written.get(name, 0)) for name in {*found, *written})
    ours = f"{sum(found.values()):,} events"
    return Row(f"{what} counts", ours, f"{sum(written.values()):,} written", "", "exactly", wrong == 0)


def _flat(what: str, peaks: list[float]) -> Row:
    less, more = peaks
    return limit(
        f"{what}, peak of memory", more, round(less) + _FLAT, "MB", f"a tenth of the lines {less:,.0f} MB"
    )


def _daemon(folder: Path, log: Path, cache: Path) -> tuple[float, float]:
    folder.mkdir()
    (folder / "logwatch.yaml").write_text(_CONFIG.format(log=log))
    ran = run([*LOGWATCH, "run", "--once", "-c", str(folder / "logwatch.yaml")], cache=cache)
    return ran.seconds, ran.peak_mb


def _by_share(setting: Setting) -> str:
    ours: list[tuple[float, float]] = []
    floor: list[tuple[float, float]] = []
    events: list[dict[str, Any]] = []
    out = setting.folder / "share.jsonl"
    for share in _SHARES:
        log = setting.folder / "share.log"
        storm(log, _FEW_LINES, int(_FEW_LINES * share))
        arguments = [*LOGWATCH, "scan", "--format", "json", "--jobs", "1", str(log)]
        took = run(arguments, cache=setting.cache, output=out).cpu
        events[:] = _events(out)
        ours.append((share * 100, took))
        floor.append((share * 100, best_cpu(lambda: _write(events, setting.folder / "floor.jsonl"))))
    return line_chart(
        f"Time to scan {_FEW_LINES:,} lines, by share of errors",
        "errors in 100 lines",
        "seconds of processor time",
        {"logwatch scan, with its start": ours, "writing the events as JSON": floor},
        log_x=False,
    )
