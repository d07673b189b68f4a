"""`${NAME}` in the configuration's text."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.config.document import UnusableError
from logwatch.config.interpolate import interpolate

ENV: Mapping[str, str] = {"NAME": "eu1", "EMPTY": "", "TRICK": "${NAME}$$"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("${NAME}", "eu1"),
        ("/logs/${NAME}/${NAME}.log", "/logs/eu1/eu1.log"),
        ("${NAME:-other}", "eu1"),
        ("${UNSET:-other}", "other"),
        ("${EMPTY:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${EMPTY}", ""),
        ("${UNSET:-http://host:1/a-b}", "http://host:1/a-b"),
        ("$$", "$"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$eu1"),
        ("$NAME 5$ $", "$NAME 5$ $"),
        ("${TRICK}", "${NAME}$$"),
    ],
)
def test_variables_are_filled_in(text: str, result: str) -> None:
    assert interpolate(text, ENV) == result


def test_all_variables_that_are_not_set_are_named() -> None:
    with pytest.raises(UnusableError, match=r"^A, B are not set in the environment$") as caught:
        interpolate("${A} ${NAME} ${B} ${A}", ENV)
    assert "${A:-default}" in caught.value.remedy


@pytest.mark.parametrize(
    "text", ["${", "${}", "${NAME", "${1}", "${a b}", "${NAME-x}", "${NAME:x}", "${A:-{}}"]
)
def test_half_a_variable_is_a_mistake(text: str) -> None:
    with pytest.raises(UnusableError, match="does not begin the name of a variable") as caught:
        interpolate(text, ENV)
    assert "$$" in caught.value.remedy


@given(st.text())
def test_text_with_its_dollars_doubled_is_taken_as_it_is(text: str) -> None:
    assert interpolate(text.replace("$", "$$"), {}) == text
