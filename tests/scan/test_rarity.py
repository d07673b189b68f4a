"""How often a literal is to be expected in a healthy log, as far as that was measured."""

from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.common_text import RUN
from logwatch.scan.rarity import SHORT_PER_MB, rate

COMMON = st.sampled_from([b"INFO ", b"(EngineCore", b"step ", b"ERROR ", b"gpu_model_runner.py:", b"memory"])


def test_what_servers_print_at_their_start_is_common() -> None:
    assert rate(b"gpu_model_runner.py:") > 0
    assert rate(b"Transport endpoint is not connected") == 0


def test_words_in_capitals_are_rarer_than_in_small_letters() -> None:
    assert rate(b"INFO ") > 0
    assert rate(b"error ") > rate(b"ERROR ")


def test_in_either_case_a_literal_is_as_common_as_in_both_together() -> None:
    assert rate(b"warning", caseless=True) >= rate(b"warning") + rate(b"Warning") + rate(b"WARNING")


def test_what_is_too_short_to_be_looked_up_is_everywhere() -> None:
    assert rate(b"q" * (RUN - 1)) == SHORT_PER_MB
    assert rate(b"q" * RUN) == 0


@given(COMMON, st.binary(max_size=4), st.booleans())
def test_more_text_is_never_more_common(text: bytes, more: bytes, caseless: bool) -> None:
    longer = text + more.lower()
    if caseless:
        text, longer = text.lower(), longer.lower()
    assert rate(longer, caseless=caseless) <= rate(text, caseless=caseless)
