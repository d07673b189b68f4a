"""A report as lines: what is wrong stands out, and what stands in it from elsewhere is inert."""

from typing import Any

from logwatch.render.look import coloured, plain
from logwatch.render.status import MAX_INCIDENTS, status_lines

from .incidents import HOSTILE


def incident(number: int = 1, **changes: Any) -> dict[str, Any]:
    body = {
        "incident_id": f"{number:032x}",
        "severity": "critical",
        "error_id": "nccl/watchdog-timeout",
        "title": "Timeout",
        "job": "llm-70b",
        "host": "n1",
        "count": 14,
        "first_seen": "2026-11-22T05:40:00.000Z",
        "last_seen": "2026-11-22T05:42:00.000Z",
    }
    return {**body, **changes}


def report(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "running": True,
        "catalogue": {"version": "0123456789ab", "entries": 625},
        "state": {"folder": "/var/lib/logwatch", "on_disk": True},
        "sources": [],
        "open_incidents": 0,
        "incidents": [],
        "receivers": [],
        "silences": [],
    }
    return {**body, **changes}


def lines(told: dict[str, Any]) -> list[str]:
    return list(status_lines(told, plain, lambda _: "1h"))


def test_a_daemon_with_nothing_to_say_says_so() -> None:
    assert lines(report()) == [
        "logwatch is running",
        "  catalogue 0123456789ab, 625 entries",
        "  state on disk, /var/lib/logwatch",
        *["", "Sources", "  none", "", "Open incidents", "  none"],
        *["", "Receivers", "  none", "", "Silences", "  none"],
    ]


def test_a_source_that_is_behind_names_its_worst_files() -> None:
    file = {"path": "/logs/a.log", "lag_bytes": 1_200_000, "skipped_bytes": {"deleted_before_read": 42}}
    source = {
        "name": "train",
        "lag_bytes": 1_200_000,
        "skipped_bytes": {"overlong": 5000},
        "unreadable": {"/logs/b.log": "Permission denied"},
        "worst": [file],
    }
    told = lines(report(sources=[source]))
    at = told.index("Sources")
    assert told[at + 1 : at + 4] == [
        "  train  1.2 MB behind · never scanned: 5.0 kB overlong",
        "    /logs/a.log  1.2 MB behind · never scanned: 42 B deleted_before_read",
        "    /logs/b.log  cannot be read: Permission denied",
    ]


def test_a_source_of_which_nothing_can_be_read_is_not_simply_up_to_date() -> None:
    closed = {"/home/a/b.log": "Permission denied"}
    source = {"name": "train", "lag_bytes": 0, "skipped_bytes": {}, "unreadable": closed, "worst": []}
    told = lines(report(sources=[source]))
    at = told.index("Sources")
    assert told[at + 1 : at + 3] == [
        "  train  up to date with what can be read",
        "    /home/a/b.log  cannot be read: Permission denied",
    ]


def test_an_incident_is_one_line() -> None:
    told = lines(report(incidents=[incident(0)], open_incidents=1))
    assert told[told.index("Open incidents") + 1] == (
        "  CRITICAL  nccl/watchdog-timeout  job llm-70b  14×  since 2026-11-22T05:40:00.000Z  00000000"
    )


def test_a_receiver_says_what_waits_and_why() -> None:
    fine = {"name": "a", "waiting": 0, "last_error": "", "disabled": "", "muted_by": "", "held_back": 0}
    receivers = [
        fine,
        {**fine, "name": "b", "waiting": 3, "last_error": "answered 500"},
        {**fine, "name": "c", "disabled": "answered 410", "last_error": "answered 410"},
        {**fine, "name": "d", "muted_by": "night", "held_back": 2},
    ]
    told = lines(report(receivers=receivers))
    at = told.index("Receivers")
    assert told[at + 1 : at + 5] == [
        "  a  nothing waits",
        "  b  waiting: 3 · last error: answered 500",
        "  c  disabled until it is configured anew: answered 410",
        "  d  muted by the time interval night · incidents not told: 2",
    ]


def test_silences_that_ended_are_left_out() -> None:
    one = {"id": "3fa9c1d2", "error": "nccl/*", "job": "a", "labels": {"x": "y"}, "owner": "ada"}
    running = {**one, "ends": "", "hits": 412, "active": True}
    told = lines(report(silences=[running, {**running, "id": "old", "active": False}]))
    assert told[-1] == "  3fa9c1d2  nccl/* job=a x=y  1h left, held back 412, ada"


def test_many_incidents_are_counted() -> None:
    told = lines(report(open_incidents=300, incidents=[incident(n) for n in range(100)]))
    assert sum("nccl/watchdog-timeout" in line for line in told) == MAX_INCIDENTS
    assert f"  and {300 - MAX_INCIDENTS} older ones" in told


def test_trouble_is_red() -> None:
    bad = report(running=False, state={"folder": "/x", "on_disk": False})
    told = list(status_lines(bad, coloured, str))
    assert told[0] == "logwatch \x1b[31mis not running\x1b[0m"
    assert any("\x1b[31min memory" in line for line in told)


def test_hostile_text_stays_on_its_line_and_commands_no_terminal() -> None:
    for text in HOSTILE:
        told = lines(
            report(
                sources=[
                    {
                        "name": text,
                        "lag_bytes": 0,
                        "skipped_bytes": {text: 1},
                        "unreadable": {text: text},
                        "worst": [],
                    }
                ],
                incidents=[incident(job=text, host=text)],
                open_incidents=1,
            )
        )
        assert all(line.isprintable() for line in told)
