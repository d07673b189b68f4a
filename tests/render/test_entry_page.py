"""An entry as a person would want it."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.entry import Entry, Language
from logwatch.render.columns import width_of
from logwatch.render.entry_page import entry_page
from logwatch.render.look import Look, coloured

from .incidents import HOSTILE, HUGE, SEED

GOLDEN = Path(__file__).parent / "golden"
OURS = re.compile(r"\x1b\[[0-9;]+m")
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def entry(**changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "id": "nccl/watchdog-timeout",
        "signature": "Watchdog caught collective operation timeout",
        "signature_zh": "集合通信超时",
        "regex": r"Watchdog caught  collective operation timeout(?: of (?P<ms>\d+) ms)?",
        "root_cause": "One rank did not join.",
        "root_cause_zh": "某个 rank 没有参与。",
        "workarounds": [
            {"action": "Second.", "success_rate": 0.3},
            {"action": "First.", "success_rate": 0.7, "how": "Like this.", "condition": "torch>=2.2"},
        ],
        "dead_ends": [{"action": "Wait.", "why_fails": "It never comes.", "fail_rate": 0.9}],
        "versions": [
            {"version": "torch>=1.10", "status": "active"},
            {"version": "nccl<2.20", "removed": "2.20", "behavior_change": "says it in other words"},
        ],
        "os_specific": {"linux": "see dmesg"},
        "transition_graph": {
            "leads_to": [{"error_id": "nvidia/xid-79", "probability": 0.25}],
            "preceded_by": ["slurm/oom-kill"],
            "frequently_confused_with": [{"error_id": "nccl/watchdog-stuck", "distinction": "no collective"}],
        },
        "official_doc_url": "https://pytorch.org/docs/",
        "verification_tier": "source_verified",
        "confidence": 0.95,
        "evidence_count": 9,
        "last_confirmed": "2026-11-22",
        "resolvable": "partial",
        "aliases": ["nccl/timeout"],
        "severity": "critical",
        "decision": "restart",
        "sources": ["training", "slurm"],
        "clears": "all is well",
        "examples": {
            "match": [{"text": "Watchdog caught  collective", "product": "torch", "version": "2.5"}],
            "no_match": [{"text": "watchdog started", "note": "harmless"}],
        },
    }
    return Entry.model_validate({**fields, **changes})


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["full", "seed"])
def test_a_page_looks_as_it_did(name: str, language: Language) -> None:
    shown = entry() if name == "full" else Entry.model_validate_json(SEED.read_text(encoding="utf-8"))
    now = entry_page(shown, "seeds/of/it.json", Look(width=90, language=language))
    path = GOLDEN / f"entry.{name}.{language}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        path.write_text(now, encoding="utf-8")
    assert now == path.read_text(encoding="utf-8")


def test_what_helps_most_comes_first() -> None:
    page = entry_page(entry(), "", Look())
    assert page.index("First.") < page.index("Second.")


def test_a_pattern_is_shown_in_one_piece() -> None:
    regex = "a  b " * 60 + "c"
    assert f"\n    {regex}\n" in entry_page(entry(regex=regex), "", Look(width=80))


def test_what_is_not_known_is_not_mentioned() -> None:
    bare = Entry.model_validate({"id": "a/b", "signature": "boom", "regex": "boom"})
    page = entry_page(bare, "", Look())
    assert re.findall(r"^  (\w[^:\n]*)$", page, re.MULTILINE) == ["Pattern"]
    assert "\n\n\n" not in page


def test_prose_fits_the_page() -> None:
    long = "a long sentence of many words " * 40
    page = entry_page(entry(root_cause=long, regex="x", dead_ends=[{"action": long}]), "", Look(width=80))
    assert max(map(width_of, page.splitlines())) <= 80


@pytest.mark.parametrize("line", HOSTILE + HUGE, ids=range(len(HOSTILE + HUGE)))
def test_hostile_text_is_inert(line: str) -> None:
    hostile = entry(
        signature=line,
        root_cause=line,
        workarounds=[{"action": line, "how": f"{line}!", "condition": line}],
        dead_ends=[{"action": line, "why_fails": line}],
        versions=[{"version": line, "behavior_change": line}],
        os_specific={line: line},
        transition_graph={"leads_to": [{"error_id": line, "distinction": line}]},
        official_doc_url=line,
        verification_tier=line,
        last_confirmed=line,
        examples={"match": [{"text": line, "where": line, "note": line}]},
        aliases=[line],
    )
    page = entry_page(hostile, line, Look())
    assert not ACTING.search(page)
    assert OURS.sub("", entry_page(hostile, line, Look(paint=coloured))) == page
