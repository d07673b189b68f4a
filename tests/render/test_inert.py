"""Text that acts is shown instead."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.render.inert import inert, inert_line

from .incidents import HOSTILE, HUGE


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\x9bb\x00", "a\\x9bb\\x00"),
        ("\u202ecod.exe", "\\u202ecod.exe"),
        ("path-\udcff.log", "path-\\udcff.log"),
        ("a\tb", "a    b"),
        ("one\r\ntwo", "one\ntwo"),
        ("10%\r20%", "10%\\x0d20%"),
        ("重启 🔥 café", "重启 🔥 café"),
    ],
)
def test_characters_that_act_are_written_out(text: str, shown: str) -> None:
    assert inert(text) == shown


@given(st.one_of(st.text(st.characters()), st.sampled_from(HOSTILE + HUGE)))
def test_nothing_that_acts_is_left(text: str) -> None:
    left = {c for c in inert(text) if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}}
    assert left <= {"\n"}
    inert(text).encode()


@given(st.text(st.characters()))
def test_a_line_stays_one_line(text: str) -> None:
    assert "\n" not in inert_line(text)
    assert inert_line(text) == inert_line(inert_line(text))
