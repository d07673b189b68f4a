"""A Slack message fits, wakes nobody by accident, and shows log text letter by letter."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, SectionBlock

from logwatch.catalogue.entry import Language
from logwatch.incident.event import Advice
from logwatch.incident.incident import Evidence, Notice, Place
from logwatch.render.message import Detail
from logwatch.render.phrases import phrases
from logwatch.render.slack import (
    MAX_BLOCKS,
    MAX_HEADER_CHARACTERS,
    MAX_TEXT,
    MAX_TOTAL,
    body,
    escaped,
    fitted,
)

from .incidents import (
    HOSTILE,
    HUGE,
    hostile_incident,
    hostile_remarks,
    incident,
    languages,
    notice,
    notices,
    seed_incident,
)

# The angle brackets that are ours: a date in the reader's time zone, and links to plain addresses.
DATE = re.compile(r"<!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[-0-9T:.]+Z>")
LINK = re.compile(r"<https?://[^<>|\s\"'`]+\|[^<>|]+>")
BROADCAST = re.compile(r"@(here|channel|everyone|all|group)\b", re.IGNORECASE)
EN = phrases("en")
DETAILS: Sequence[Detail] = ("usual", "whole", "news")


def texts(message: dict[str, Any]) -> Iterator[str]:
    """Every text of the message, the fallback first."""
    yield message["text"]
    for block in message["blocks"]:
        for thing in (block.get("text"), *block.get("fields", []), *block.get("elements", [])):
            if thing is not None:
                yield thing["text"]


def section(message: dict[str, Any], title: str) -> str:
    return next(text for text in texts(message) if text.startswith(title))


def assert_sound(message: dict[str, Any]) -> None:
    assert len(message["blocks"]) <= MAX_BLOCKS
    assert message["text"].strip()
    for text in texts(message):
        assert text.strip()
        assert len(text.encode()) <= MAX_TEXT
        rest = LINK.sub("", DATE.sub("", text))
        assert not set("<>") & set(rest)
        assert not BROADCAST.search(rest)
        assert not re.search(r"&(?!amp;|lt;|gt;)", rest)
    assert sum(len(text.encode()) for text in texts(message)) <= MAX_TOTAL
    # `msg_blocks_too_long` was seen from about here.
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) < 13_000
    assert len(message["blocks"][0]["text"]["text"]) <= MAX_HEADER_CHARACTERS
    for block in message["blocks"]:
        kind = {"header": HeaderBlock, "section": SectionBlock, "context": ContextBlock}[block["type"]]
        parsed = Block.parse(block)
        assert isinstance(parsed, kind)
        parsed.validate_json()
        for thing in (block.get("text"), *block.get("fields", []), *block.get("elements", [])):
            assert thing is None or thing["type"] == "plain_text" or thing["verbatim"] is True


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(notices, languages)
def test_any_message_fits_and_mentions_nobody(odd: Notice, language: Language) -> None:
    assert_sound(body(odd, language, status_url="https://a.example/status"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("text", HOSTILE + HUGE, ids=range(len(HOSTILE + HUGE)))
def test_hostile_text_fits_and_mentions_nobody(text: str, language: Language) -> None:
    for kind in ("opened", "updated", "quiet"):
        of = notice(kind, hostile_incident(text), what_changed=hostile_remarks(text))
        for detail in DETAILS:
            assert_sound(body(of, language, detail=detail))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_ten_thousand_places_fit(language: Language) -> None:
    places = [Place(f"/logs/llm/rank{n}.log", {"rank": str(n), "pod": f"llm-{n}"}, 9) for n in range(20)]
    for kind in ("opened", "updated", "quiet"):
        for detail in DETAILS:
            of = notice(kind, incident(places=places, place_count=10_000, count=10**9))
            assert_sound(body(of, language, status_url="https://a.example/status", detail=detail))


def test_the_largest_message_stays_within_the_budget() -> None:
    lines = "\n".join(["长" * 90] * 30)
    of = hostile_incident(lines)
    assert_sound(body(notice(of=of), "zh", status_url="https://a.example/" + "a" * 230))


def test_log_text_stands_only_between_fences() -> None:
    mark = "LOGTEXT"
    of = incident(evidence=Evidence(f"{mark} <!here>", "/a.log", 1, [mark, mark]))
    holding = [text for text in texts(body(notice(of=of))) if mark in text]
    assert holding == [
        f"```\n/a.log:1\n  {mark}\n  {mark}\n→ {mark} &lt;!here&gt;\n```",
    ]


@pytest.mark.parametrize("text", HOSTILE + HUGE, ids=range(len(HOSTILE + HUGE)))
def test_log_text_cannot_end_its_block(text: str) -> None:
    of = incident(evidence=Evidence(f"{text}`", f"{text}`", 1, [f"{text}```"] * 3))
    fenced = section(body(notice(of=of)), "```")
    assert fenced.startswith("```\n")
    assert fenced.endswith("\n```")
    assert "`" not in fenced[3:-3]


def test_the_line_itself_is_kept_when_its_context_does_not_fit() -> None:
    context = [f"{i} {'x' * 400}" for i in range(40)]
    of = incident(evidence=Evidence("the line", "/a.log", 1, [*context, "the line", "after"]))
    fenced = section(body(notice(of=of)), "```")
    assert "\n→ the line\n  after\n" in fenced
    assert "  39 xxx" in fenced
    assert re.search(r"\n… lines left out: 3\d\n```$", fenced)


def test_a_long_line_keeps_its_head_and_its_tail() -> None:
    of = incident(evidence=Evidence("HEAD" + "x" * 4000 + "TAIL", "/a.log", 1))
    fenced = section(body(notice(of=of)), "```")
    assert "→ HEADxxx" in fenced
    assert "xxxTAIL\n```" in fenced


def test_times_are_shown_in_the_readers_zone() -> None:
    assert (
        "*First seen*\n<!date^1795326000^{date_short_pretty} {time_secs}|2026-11-22T05:40:00.000Z>"
        in texts(body(notice()))
    )


def test_the_header_tells_how_bad_and_whether_it_is_over() -> None:
    def header(of: Notice) -> str:
        return str(body(of)["blocks"][0]["text"]["text"])

    assert header(notice()) == "🔴 Watchdog caught collective operation timeout"
    assert header(notice("updated")).startswith("🔴 Update: Watchdog")
    assert header(notice("quiet")).startswith("⚪ Quiet: Watchdog")


def test_a_dead_end_without_an_action_is_not_an_empty_bullet() -> None:
    wont_help = section(body(notice(of=seed_incident("en"))), "*Won't help*")
    assert wont_help.splitlines()[1].startswith("• The error is raised explicitly;")
    assert not re.search(r"^•\s*$", wont_help, re.MULTILINE)


def test_a_code_span_that_was_cut_is_closed() -> None:
    of = incident(workarounds=[Advice("`" + "x" * 3000, 0.5)])
    text = section(body(notice(of=of)), "*Do this first*")
    assert text.count("`") % 2 == 0


def test_nothing_is_fetched_for_a_preview() -> None:
    message = body(notice())
    assert (message["unfurl_links"], message["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("job", ["`reboot`", "@here", "&" * 100])
def test_a_command_that_cannot_be_shown_exactly_is_left_out(job: str) -> None:
    told = list(texts(body(notice(of=incident(labels={"job": job})))))
    assert not any("silence add" in text for text in told)


def test_the_command_stands_in_a_code_span() -> None:
    assert (
        "`logwatch silence add --error nccl/watchdog-timeout --job llm-70b --for 2h`"
        in list(texts(body(notice())))[-1]
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("@here, root@host", "@\u2060here, root@host"),
        ("@Channel", "@\u2060Channel"),
        ("@hereafter", "@hereafter"),
    ],
)
def test_escaping_changes_only_what_acts(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_a_long_text_is_cut_at_a_lines_end_and_says_how_much_is_missing() -> None:
    text = "\n".join(f"line {i:02}" for i in range(30))
    assert (
        fitted(text, 70, EN) == "line 00\nline 01\nline 02\nline 03\nline 04\nline 05\n… lines left out: 24"
    )


def test_a_text_that_fits_is_whole() -> None:
    assert fitted("a\nb", 3, EN) == "a\nb"


def test_one_long_line_is_cut_within() -> None:
    cut = fitted("a" * 500, 200, EN)
    assert len(cut.encode()) <= 200
    assert " … " in cut
