"""What is derived from a pattern must stand in everything the pattern finds."""

import re
import warnings

import pytest
import regex
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from logwatch.scan.demands import meets
from logwatch.scan.literals import (
    MAX_ALTERNATIVES,
    MAX_LENGTH,
    MIN_LENGTH,
    Literal,
    Required,
    Way,
    derive,
    ways,
)

from .patterns import Drawn, drawn_patterns

# A pattern of the strategy can be slow on purpose of nobody; such draws are left out.
FUSE_S = 2.0


def compiled(pattern: str) -> "regex.Pattern[str]":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return regex.compile(pattern, regex.ASCII)
        except (regex.error, ValueError):
            assume(False)
            raise


def stands_in(literals: tuple[Literal, ...], record: bytes) -> bool:
    return any(one.data in (record.lower() if one.caseless else record) for one in literals)


def check_soundness(pattern: str, record: bytes) -> None:
    required = derive(pattern)
    try:
        match = compiled(pattern).search(record.decode("utf-8", "replace"), timeout=FUSE_S)
    except TimeoutError:
        assume(False)
        raise
    event(f"matches: {match is not None}, literals: {bool(required.any_of)}")
    if match is None:
        return
    for demand in (required.any_of, *required.also):
        assert not demand or stands_in(demand, record)
    assert any(meets(record, way) for way in ways(pattern))
    assert required.weight <= len(match.group()) or "{e" in pattern or "{i" in pattern


@st.composite
def records_near(draw: st.DrawFn, drawn: Drawn) -> bytes:
    """The drawn text among others, its bytes at times damaged, as one record without invisible bytes."""
    before = draw(st.sampled_from(("", "", "[rank0]: ", "é", "\ufffd", "x" * 80)))
    after = draw(st.sampled_from(("", "", " at 0x7f", "中", drawn.text)))
    record = bytearray((before + drawn.text + after).encode())
    if record and draw(st.integers(0, 9)) == 0:
        record[draw(st.integers(0, len(record) - 1))] = draw(st.integers(0, 255))
    return bytes(b for b in record.replace(b"\xef\xbb\xbf", b"") if b not in b"\n\r\x00\x1b")


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_what_an_exception_says_is_found_by_one_of_its_ways(data: st.DataObject) -> None:
    said = data.draw(st.lists(drawn_patterns(), min_size=1, max_size=8))
    one = data.draw(st.sampled_from(said))
    raised = data.draw(st.sampled_from(("ValueError: ", "torch.cuda.CudaError: ", "Exception: ")))
    pattern = rf"(?:Value|Cuda|Runtime)Error: (?:{'|'.join(f'(?:{option.pattern})' for option in said)})"
    whole = data.draw(st.sampled_from((pattern, f"{pattern}|{one.pattern}|Exception: ", f"(?i){pattern}")))
    compiled(whole)
    record = data.draw(records_near(Drawn(whole, raised + one.text)))
    check_soundness(whole, record)


def test_what_is_looked_for_around_a_match_is_demanded_too() -> None:
    required = derive(r"max_num_seqs(?<=Error: [^\n]{0,80})(?!\.py)")
    assert (required.any_of, required.also) == (literals("max_num_seqs"), (literals("Error: "),))


def test_alternatives_demand_their_own_where_much_would_point_at_them() -> None:
    said = ("moe_router", "tp_size", "too (?:few|many) stages", "lr_warmup", "expert_bias")
    pattern = (
        rf"(?:Value|Runtime)Error: [^\n]{{0,80}}?(?:{'|'.join(said)}) must be set|CUDA error: |Exception: "
    )
    apart = ways(pattern)
    assert not any(meets(b"ValueError: it must be set", way) for way in apart)
    assert any(meets(b"ValueError: too few stages must be set", way) for way in apart)
    assert ways("torn|worn") == (derive("torn|worn").way,)


def test_an_alternative_that_has_more_to_demand_demands_it_for_itself() -> None:
    apart = ways(r"collective mismatch|Class \w{1,40} was not registered|bad magic number")
    assert apart == (
        Way(literals("collective mismatch", "bad magic number")),
        Way(literals(" was not registered"), (literals("Class "),)),
    )


def test_a_literal_that_healthy_logs_have_in_capitals_only_seldom_is_looked_for_in_capitals() -> None:
    required = derive(r"ERROR [\d-]{5} [\d:]{8} \[(?:launcher|api_server|config)\.py:")
    assert required.any_of == literals("ERROR ")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_every_match_contains_a_literal_of_every_demand(data: st.DataObject) -> None:
    drawn = data.draw(drawn_patterns())
    check_soundness(drawn.pattern, data.draw(records_near(drawn)))


@pytest.mark.parametrize(
    "pattern",
    [
        r"You cannot set both.*device_map.*device.*when using the.*accelerate.*launcher with multiple GPUs",
        r"NVRM: Xid \((?P<device>[^)]*)\): (?P<code>\d{1,3}), (?:pid='?(?P<pid>\d+)'?, )?",
        r"(?i)cuda (?:error: )?out of memory\b(?: on device (?P<device>\d))?",
        r"(?:Timeout|timed out) (?:after|at) (?P<ms>\d+) ?m?s(?:ec)?",
        r"(?P<rank>\d+)-(?P=rank) (?:left|(?i:gone)) (?:ab|abc|abcd)+z{3,5}",
        r"(?>watchdog|Watchdog) [cC]aught collective.{0,20}?timeout",
    ],
)
@given(st.data())
@settings(deadline=None, max_examples=60)
def test_generated_matches_of_patterns_as_people_write_them_contain_their_literals(
    pattern: str, data: st.DataObject
) -> None:
    assert derive(pattern).any_of
    text = data.draw(st.from_regex(re.compile(pattern, re.ASCII)))
    record = re.sub("[\n\r\x00\x1b\ufeff]", "", text).encode("utf-8", "replace")
    check_soundness(pattern, record)


@given(st.text(r"abAB(?:i)[]{}|*+?^$\\-&<>=!#P,012 é", max_size=24))
@settings(deadline=None, max_examples=500)
def test_any_text_that_compiles_as_a_pattern_can_be_asked_for_its_literals(pattern: str) -> None:
    compiled(pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(derive(pattern), Required)


def literals(*texts: str, caseless: bool = False) -> tuple[Literal, ...]:
    return tuple(sorted(Literal(text.encode(), caseless) for text in texts))


@pytest.mark.parametrize(
    ("pattern", "any_of"),
    [
        ("out of memory", literals("out of memory")),
        ("both.*device_map.*with multiple GPUs", literals("with multiple GPUs")),
        ("Xid (?:79|48): GPU", literals("Xid 48: GPU", "Xid 79: GPU")),
        ("(?:timed out|timeout) after", literals("timed out after", "timeout after")),
        ("(?:watchdog.*|collective )timeout after", literals("timeout after")),
        ("(?:watchdog.*|collective .*)!", literals("watchdog", "collective ")),
        ("(?i)NCCL Error", literals("nccl error", caseless=True)),
        ("(?i:nccl) WARN timeout", literals(" WARN timeout")),
        ("(?i)nccl (?-i:WARN)", literals("nccl ", caseless=True)),
        ("(?i:nccl).*|WARN", literals("nccl", "warn", caseless=True)),
        ("(?:ab){3} left", literals("ababab left")),
        ("(?:ab){5} left", literals("abababab")),
        ("(?:GPU ){2,}lost", literals("GPU GPU ")),
        ("[Cc]uda error", literals("Cuda error", "cuda error")),
        ("colou?r", literals("color", "colour")),
        ("[0-9]+ of [a-h][a-h] ranks", literals(" ranks")),
        ("(?P<n>[0-9]+) of (?P=n) ranks", literals(" ranks")),
        ("(?=ahead)real text(?<!behind)", literals("real text")),
        ("[: ]failed[:.]", literals(":failed.", ":failed:", " failed.", " failed:")),
        ("version (?P<name>[A-C]_)", literals("version A_", "version B_", "version C_")),
        ("(?P<what>(?i:nccl) )WARN timeout", literals(" WARN timeout")),
        ("quote[`']? not found", literals("quote not found", "quote' not found", "quote` not found")),
        (".[`']? not found", literals(" not found")),
        ("内存不足", literals("内存不足")),
        ("long enough\nto be cut", literals("long enough")),
        ("x" * 200, literals("x" * MAX_LENGTH)),
    ],
)
def test_the_longest_certain_text_is_chosen(pattern: str, any_of: tuple[Literal, ...]) -> None:
    assert derive(pattern).any_of == any_of


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ".*",
        "ab",
        "(?:timeout|)",
        "timeout|ab",
        "(?:timeout)*",
        "\x1b\x1b\x1b",
        "\ufffd\ufffd",
        # Read differently by `re` and `regex`: nothing is said about them.
        "(?:timeout){e<=1}",
        "[[:alpha:]]+ timeout",
        # Known to `regex` alone.
        "(?V1)timeout",
        r"\p{Lu} timeout",
        "(?<name>timeout)",
    ],
)
def test_nothing_is_claimed_where_nothing_is_certain(pattern: str) -> None:
    assert derive(pattern).any_of == ()


def test_bytes_that_are_not_utf_8_do_not_hide_a_record_from_its_pattern() -> None:
    record = b"bad byte \xff here"
    assert regex.search("byte \ufffd here", record.decode("utf-8", "replace"), regex.ASCII)
    assert stands_in(derive("byte \ufffd here").any_of, record)


def test_a_set_of_alternatives_does_not_grow_without_bounds() -> None:
    required = derive("(?:" + "|".join(f"code {n:04}" for n in range(1000)) + ") reached")
    assert len(required.any_of) <= MAX_ALTERNATIVES
    assert required.any_of == literals(" reached")


def test_many_alternatives_in_one_option_do_not_crowd_out_the_other() -> None:
    required = derive("(?:a|b) was lost by (?:c|d|e|f) and (?:g|h|i|j) and (?:k|l)|x was found")
    assert Literal(b"x was found") in required.any_of
    assert len(required.any_of) < MAX_ALTERNATIVES / 2


def test_every_literal_is_long_enough_to_be_looked_for_and_short_enough_for_the_tables() -> None:
    required = derive("ab.*cde.*" + "y" * 100)
    demands = (required.any_of, *required.also)
    assert demands == (literals("y" * MAX_LENGTH), literals("cde"))
    assert all(len(one.data) >= MIN_LENGTH for demand in demands for one in demand)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ("timeout", "timeout after"),
        ("timeout(?: after)?", "timeout after"),
        ("(?:timeout|collective timeout)", "collective timeout"),
        ("NVRM: Xid .*", r"NVRM: Xid \(.*\): 79"),
        ("(?:timeout)*", "timeout"),
    ],
)
def test_weight_counts_the_text_no_match_can_do_without(less: str, more: str) -> None:
    assert derive(less).weight < derive(more).weight
