"""`docs/cascades.md` shows what the cascades came to when they were last played.

`UPDATE_GOLDEN=1 pytest tests/cascades` writes it anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from logwatch.incident.incident import Incident, Remark

from .stage import Cascade, cascades, catalogue, lived, replayed
from .test_recorded import expected, in_short

DOCUMENT = Path(__file__).parents[2] / "docs" / "cascades.md"
PARTS = {
    "gpu": "Inside a GPU and its driver",
    "ranks": "One rank fails, the others follow",
    "launchers": "Launchers and schedulers",
    "rest": "Memory, data, storage, numbers, serving",
    "several": "Several at once, late, without times, benign",
}


def document() -> str:
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    played = [(cascade, *_play(cascade)) for cascade in cascades()]
    right = sum(is_right for _, _, _, is_right in played)
    yield "# Recorded cascades"
    yield ""
    yield from _introduction(len(played), right)
    for part, title in PARTS.items():
        yield from ["", f"## {title}", ""]
        yield "| case | what happens | incidents: root, and what follows from it | told live | right |"
        yield "|---|---|---|---|---|"
        for cascade, incidents, messages, is_right in played:
            if cascade.expected["part"] == part:
                yield _row(cascade, incidents, messages, is_right)


def _introduction(played: int, right: int) -> Iterator[str]:
    yield "<!-- Written by tests/cascades/test_table.py: `UPDATE_GOLDEN=1 pytest tests/cascades`. -->"
    yield ""
    yield (
        f"{played} failures, each a folder of log files under `tests/cascades/`; {right} of them come to the "
        "expected incidents. The lines that are recognised are those of real logs, as the catalogue has them; "
        "hosts, ranks, pids and times were set so that the lines of one folder tell one story, and what stands "
        "between them only carries the time. What is expected was written down from the story. Each is played "
        "twice: read "
        "afterwards, as `logwatch scan --incidents` does it, and live, line by line at the lines' own times. "
        "It is right when both come to exactly the expected roots, counts and echoes, and when live every "
        "incident is opened once. So the table shows that the rules tell known stories rightly; how often "
        "which story happens, it does not show."
    )
    yield ""
    yield (
        f"What follows from what is written in `seeds/_edges.json` ({len(catalogue().edges.edges)} edges) and "
        "`seeds/_classes.json`; the rules are told in `src/logwatch/incident/kinship.py` and `fold.py`."
    )
    yield ""
    yield "To look at one yourself:"
    yield ""
    yield "```console"
    yield "$ logwatch scan --incidents --path-labels '**/{job}/rank{rank}.log' tests/cascades/link-down"
    yield "```"


def _play(cascade: Cascade) -> tuple[list[Incident], list[str], bool]:
    incidents = replayed(cascade.events())
    live = lived(cascade.events(), cascade.expected.get("late_s", {}))
    wanted = sorted((expected(w) for w in cascade.expected["incidents"]), key=repr)
    both = (incidents, live.incidents)
    are_right = [sorted((in_short(i) for i in some), key=repr) == wanted for some in both]
    opened = [notice for notice in live.notices if notice.kind == "opened"]
    messages = [f"{notice.kind} `{notice.incident.error_id}`" for notice in live.notices]
    return incidents, messages, all(are_right) and len(opened) == len(wanted)


def _row(cascade: Cascade, incidents: list[Incident], messages: list[str], is_right: bool) -> str:
    told = "<br>".join(_told(incident) for incident in incidents)
    cells = [cascade.name, cascade.expected["story"], told, _runs(messages), "yes" if is_right else "**no**"]
    return f"| {' | '.join(cells)} |"


def _told(incident: Incident) -> str:
    echoes = ", ".join(f"`{echo.error_id}` {echo.count}×" for echo in incident.echoes)
    why = ", ".join(dict.fromkeys(_why(reason) for reason in incident.reasons))
    told = f"**`{incident.error_id}`** {incident.count}×"
    return told + (f" ← {echoes}" if echoes else "") + (f" ({why})" if why else "")


def _why(reason: Remark) -> str:
    """An edge by its name, a pointer by what it points to."""
    values = reason.values
    if "edge" in values:
        return values["edge"]
    named = next((values[name] for name in ("xid", "pid", "rank", "peer") if name in values), "")
    return f"{reason.kind.replace('_', ' ')} {named}".strip()


def _runs(messages: list[str]) -> str:
    """Equal messages that follow one another, once with their number."""
    runs: list[tuple[str, int]] = []
    for message in messages:
        if runs and runs[-1][0] == message:
            runs[-1] = (message, runs[-1][1] + 1)
        else:
            runs.append((message, 1))
    return "<br>".join(f"{message} {times}×" if times > 1 else message for message, times in runs)


def test_the_document_shows_what_came_out() -> None:
    now = document()
    if "UPDATE_GOLDEN" in os.environ:
        DOCUMENT.write_text(now, encoding="utf-8")
    assert now == DOCUMENT.read_text(encoding="utf-8")
