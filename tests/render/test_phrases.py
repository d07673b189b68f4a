"""Both languages say the same things."""

import string
from dataclasses import fields

import pytest

from logwatch.catalogue.entry import Decision, Severity
from logwatch.render.phrases import Phrases, phrases


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("name", [f.name for f in fields(Phrases) if f.type == "str" or f.type is str])
def test_a_phrase_is_said_in_both_languages_with_the_same_blanks(name: str) -> None:
    english, chinese = getattr(phrases("en"), name), getattr(phrases("zh"), name)
    assert english
    assert chinese
    assert blanks(english) == blanks(chinese)


def test_every_remark_is_said_in_both_languages_with_the_same_blanks() -> None:
    english, chinese = phrases("en").remarks, phrases("zh").remarks
    assert {kind: blanks(text) for kind, text in english.items()} == {
        kind: blanks(text) for kind, text in chinese.items()
    }


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_severity_and_decision_has_a_word(language: str) -> None:
    say = phrases("zh" if language == "zh" else "en")
    assert set(say.severities) == set(Severity)
    assert set(say.decisions) == set(Decision)
    assert set(say.resolvable) == {"true", "partial", "false"}
