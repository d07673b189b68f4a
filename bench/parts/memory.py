"""Resident memory over time, while a thousand files are written to and errors are found."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Part, Row, limit
from bench.logs import bad_night, tree
from bench.parts.follow import FILES, LINES_PER_S, writing
from bench.picture import line_chart
from bench.process import Server, daemon
from bench.setting import Setting

_MOST_MB = 120
# MB. What the allocator of C keeps for itself comes and goes by so much.
_GROWTH_MB = 5
_SAMPLES = 120
# An error a second, of fifty kinds by turns: incidents open and close.
_ERROR_EVERY_S = 1.0


def measure(setting: Setting) -> Part:
    minutes = setting.wanted.memory_minutes
    logs = list(tree(setting.folder / "logs", FILES, 100))
    with (
        writing(logs, LINES_PER_S),
        daemon(setting.folder / "run", setting.cache, f"{setting.folder}/logs/*/*.log") as server,
    ):
        over = threading.Event()
        errors = threading.Thread(target=_make_errors, args=(logs, over))
        errors.start()
        try:
            seen = _watched(server, minutes * 60)
        finally:
            over.set()
            errors.join()
    half = seen[len(seen) // 2 :]
    growth = half[-1][1] - half[0][1]
    part = Part("Memory")
    what = f"{FILES:,} files × {LINES_PER_S} lines/s, resident after {minutes:g} minutes"
    part.rows.append(limit(what, seen[-1][1], _MOST_MB, "MB"))
    part.rows.append(Row("at its greatest", f"{max(mb for _, mb in seen):,.0f} MB"))
    part.rows.append(
        Row(
            "growth in the second half",
            f"{growth:+.1f} MB",
            f"from {half[0][1]:,.0f} MB",
            "",
            f"< {_GROWTH_MB} MB",
            growth < _GROWTH_MB,
        )
    )
    part.pictures["memory.svg"] = line_chart(
        "Resident memory", "minutes", "MB", {"logwatch run": _every(seen, 10)}, log_x=False
    )
    part.method = [
        f"Watched for {minutes:g} minutes; `--memory-minutes 60` watches for an hour. All files are written to, and"
        " once a second one of them gets a known error, of fifty kinds by turns."
    ]
    return part


def _watched(server: Server, during_s: float) -> list[tuple[float, float]]:
    """Minutes, and MB then."""
    seen = []
    for sample in range(_SAMPLES + 1):
        seen.append((round(sample / _SAMPLES * during_s / 60, 2), server.resident_mb()))
        time.sleep(during_s / _SAMPLES)
    return seen


def _every(seen: Sequence[tuple[float, float]], step: int) -> list[tuple[float, float]]:
    return list(seen[::step])


def _make_errors(logs: Sequence[Path], over: threading.Event) -> None:
    lines = list(bad_night().values())
    number = 0
    while not over.wait(_ERROR_EVERY_S):
        with logs[number % len(logs)].open("a", encoding="utf-8") as file:
            file.write(lines[number % len(lines)] + "\n")
        number += 1
