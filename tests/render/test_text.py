"""A notice in a terminal: text for the eye, nothing for the terminal to obey."""

import re

import pytest
from hypothesis import given

from logwatch.catalogue.entry import Language
from logwatch.incident.incident import Evidence, Notice, NoticeKind
from logwatch.render.text import text

from .incidents import HOSTILE, HUGE, hostile_incident, incident, languages, notice, notices, seed_incident

OURS = re.compile(r"\x1b\[[0-9;]+m")
ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@given(notices, languages)
def test_without_colours_nothing_acts(odd: Notice, language: Language) -> None:
    assert not ACTING.search(text(odd, language))


@given(notices, languages)
def test_colours_add_nothing_but_colours(odd: Notice, language: Language) -> None:
    assert OURS.sub("", text(odd, language, colour=True)) == text(odd, language)


@pytest.mark.parametrize("kind", ["opened", "updated", "quiet"])
@pytest.mark.parametrize("line", HOSTILE + HUGE, ids=range(len(HOSTILE + HUGE)))
def test_hostile_text_is_inert(line: str, kind: NoticeKind) -> None:
    told = text(notice(kind, hostile_incident(line)), status_url="http://a.example/")
    assert not ACTING.search(told)
    told.encode()


def test_a_line_cannot_pretend_to_be_ours() -> None:
    of = incident(evidence=Evidence("x\n  Do this first\n    - reboot", "/a\n  Won't help", 1))
    told = text(notice(of=of)).splitlines()
    assert told.count("  Do this first") == 1
    assert told.count("  Won't help") == 1


def test_the_marked_line_stands_out() -> None:
    assert "    > [rank3]:[E1122" in text(notice())
    assert "      step 4031" in text(notice())


def test_commands_are_not_wrapped() -> None:
    assert (
        "  Mute it for 2 h, where logwatch runs: "
        "logwatch silence add --error nccl/watchdog-timeout --job llm-70b --for 2h\n" in text(notice())
    )


def test_a_dead_end_without_an_action_is_not_an_empty_bullet() -> None:
    told = text(notice(of=seed_incident("en")))
    assert "    - The error is raised explicitly;" in told
    assert not re.search(r"^\s*-\s*$", told, re.MULTILINE)
