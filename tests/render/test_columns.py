from hypothesis import given
from hypothesis import strategies as st

from logwatch.render.columns import clipped, width_of, wrapped


def lines(text: str, width: int) -> list[str]:
    return list(wrapped(text, width))


def test_a_chinese_character_takes_two_columns_and_a_combining_one_none() -> None:
    assert width_of("abc") == 3
    assert width_of("显存") == 4
    assert width_of("e\u0301") == 1
    assert width_of("│█") == 2


def test_text_is_broken_between_words() -> None:
    assert lines("one two three", 8) == ["one two", "three"]


def test_line_breaks_stay() -> None:
    assert lines("one\n\ntwo", 8) == ["one", "", "two"]


def test_a_word_that_is_too_long_is_cut() -> None:
    assert lines("ab " + "x" * 10, 4) == ["ab", "xxxx", "xxxx", "xx"]


def test_chinese_is_broken_anywhere_but_before_punctuation() -> None:
    assert lines("显存不足，请减小", 8) == ["显存不", "足，请减", "小"]


def test_what_is_to_be_copied_stays_on_one_line() -> None:
    assert lines("run `a b c d` now", 10) == ["run", "`a b c d`", "now"]
    assert lines("run `a b c d` 现在", 10) == ["run", "`a b c d`", "现在"]


def test_a_lone_backtick_is_a_character_like_others() -> None:
    assert lines("it`s broken", 6) == ["it`s", "broken"]


def test_what_does_not_fit_is_clipped_and_it_shows() -> None:
    assert clipped("abcdef", 6) == "abcdef"
    assert clipped("abcdefg", 6) == "abcde…"
    assert clipped("显存不足了", 6) == "显存…"


TEXT = st.text(st.sampled_from("ab `，。显存e\u0301 \n-x"), max_size=60)


@given(TEXT, st.integers(4, 20))
def test_no_line_is_too_wide_and_no_character_is_lost(text: str, width: int) -> None:
    told = lines(text, width)
    assert all(width_of(line) <= width for line in told)
    assert "".join("".join(told).split()) == "".join(text.split())


@given(TEXT, st.integers(2, 20))
def test_clipped_text_fits(text: str, width: int) -> None:
    assert width_of(clipped(text, width)) <= width
