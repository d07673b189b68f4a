"""One event, one line, safe to print."""

import json
import unicodedata
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from logwatch.incident.event import Advice, Event, Origin, Statement
from logwatch.render.jsonl import event_line

STATEMENT = Statement(
    error_id="cuda/out-of-memory",
    severity="error",
    domain="cuda",
    category="memory",
    signature="CUDA out of memory",
    workaround=Advice("Halve the batch size", 0.9),
    dead_ends=[Advice("Empty the cache", 0.8, "nothing is cached at this point")],
    decision="restart",
    catalogue_version="2026.1",
)
ORIGIN = Origin(
    source="train",
    path="/logs/llama/rank3.log",
    generation=1,
    generation_key="k",
    labels={"job": "llama"},
    host="gpu-0412",
)
EVENT = Event(
    statement=STATEMENT,
    origin=ORIGIN,
    event_id="0123456789abcdef",
    time="2026-01-02T03:04:05.678Z",
    offset=4096,
    line="torch.cuda.OutOfMemoryError: CUDA out of memory. 显存不足",
    line_number=17,
    captures={"gpu": "0"},
    labels={"job": "llama", "rank": "3"},
    also=["cuda/generic"],
)


def at(path: str) -> Event:
    return EVENT._replace(origin=replace(ORIGIN, path=path))


def test_the_line_is_the_published_event() -> None:
    assert json.loads(event_line(EVENT)) == EVENT.published()
    assert json.loads(event_line(EVENT, "i1")) == EVENT.published("i1")


def test_what_a_reload_changes_is_written_from_then_on() -> None:
    event_line(EVENT)
    changed = EVENT._replace(statement=replace(STATEMENT, severity="critical", catalogue_version="2026.2"))
    assert json.loads(event_line(changed)) == changed.published()


def test_each_event_is_written_with_its_own_file() -> None:
    elsewhere = EVENT._replace(origin=replace(ORIGIN, path="/logs/rank4.log", generation=2, host="gpu-2"))
    assert [json.loads(event_line(event)) for event in (EVENT, elsewhere, EVENT)] == [
        event.published() for event in (EVENT, elsewhere, EVENT)
    ]


def test_the_keys_stand_in_the_order_of_the_contract() -> None:
    assert list(json.loads(event_line(EVENT))) == [
        *("schema", "event_id", "error_id", "time", "severity", "domain", "category", "signature", "source"),
        *("path", "generation", "offset", "line", "line_number", "captures", "labels", "host", "workaround"),
        *("dead_ends", "decision", "also", "catalogue_version", "incident_id"),
    ]


def test_letters_of_every_language_stay_readable() -> None:
    assert "显存不足" in event_line(EVENT).decode()


def test_a_path_that_is_not_utf_8_does_not_spoil_the_line() -> None:
    line = event_line(at(b"/logs/\xff.log".decode("utf-8", "surrogateescape")))
    assert json.loads(line)["path"] == "/logs/�.log"


@given(st.text(st.characters()), st.text(st.characters()))
def test_no_text_can_end_the_line_or_steer_a_terminal(line: str, path: str) -> None:
    written = event_line(at(path)._replace(line=line))
    text = written.decode()
    assert text.endswith("}\n")
    assert len(text.splitlines()) == 1
    assert all(unicodedata.category(character) != "Cc" for character in text[:-1])
    assert json.loads(text)["line"] == "".join("�" if "\ud800" <= c <= "\udfff" else c for c in line)
