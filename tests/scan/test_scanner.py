"""A scanner says what a plain loop over all records and all rules would say, only sooner."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from unittest import mock

import pytest
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from logwatch.scan import demands
from logwatch.scan import scanner as scanner_module
from logwatch.scan.clean import visible
from logwatch.scan.engine import available
from logwatch.scan.index import Rule
from logwatch.scan.literals import derive
from logwatch.scan.records import records
from logwatch.scan.scanner import ANY_KIND, MAX_CAPTURE, Match, Scanner

from .patterns import drawn_patterns

ENGINES = available()
KINDS = ("kernel", "training")

# Real lines, one of each sort that differs in how it is written; three of them are errors.
LINES = (
    b"NVRM: Xid (PCI:0000:05:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
    b"[rank3]: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
    b"[default0]:\x1b[31mnode1:812:812 [0] NCCL\x1b[0m WARN Timeout waiting for connection\x00",
    b"step 4031 | loss 2.1345 | grad_norm 0.98 | lr 3.0e-04 | mem 61.2 GiB",
    b"Epoch 3:  52%|#####     | 1024/1968 [05:11<04:47, 3.29it/s]",
    "2026-11-22 重启 rank 3 \N{DEGREE SIGN}C".encode(),
    b"\xff\xfe not utf-8 \xc3 CUDA out of memory",
    b"",
)
RULES = (
    Rule("nvidia/xid-79", r"Xid \((?P<device>[^)]*)\): 79, .*GPU has fallen off", frozenset({"kernel"}), 3),
    Rule("nvidia/xid", r"NVRM: Xid \([^)]*\): (?P<code>\d+)", frozenset({"kernel"}), 2),
    Rule("cuda/oom", r"CUDA out of memory(?:\. Tried to allocate (?P<size>[\d.]+ [KMG]iB))?", severity=2),
    Rule("nccl/connect", r"(?i)nccl warn timeout waiting", frozenset({"training"}), 1),
    Rule("generic/timeout", r"(?i)timeout"),
)


# Where a record with a match starts, and the rules found in it, the better first.
Said = list[tuple[int, tuple[str, ...]]]


def in_order(rules: Sequence[Rule]) -> list[Rule]:
    def rank(rule: Rule) -> tuple[bool, int, int, str]:
        return rule.general, -derive(rule.pattern).weight, -rule.severity, rule.id

    return sorted(rules, key=rank)


def plain_loop(rules: Sequence[Rule], chunk: bytes, kind: str = ANY_KIND) -> Said:
    found = []
    for start, end in records(chunk):
        text = visible(chunk[start:end])
        if not text:
            continue
        hits = [
            rule
            for rule in in_order(rules)
            if (kind == ANY_KIND or not rule.kinds or kind in rule.kinds)
            and regex.search(rule.pattern, text, regex.ASCII, timeout=2)
        ]
        special = [rule for rule in hits if not rule.general]
        hits = special or hits[:1]
        if kind != ANY_KIND:
            hits.sort(key=lambda rule: kind not in rule.kinds)
        if hits:
            found.append((start, tuple(rule.id for rule in hits)))
    return found


def said(matches: Sequence[Match], shift: int = 0) -> Said:
    return [(match.start + shift, (match.rule, *match.also)) for match in matches]


def assume_compiled(rules: Sequence[Rule]) -> None:
    for rule in rules:
        try:
            regex.compile(rule.pattern, regex.ASCII)
        except regex.error:
            assume(False)


@st.composite
def rules_and_chunks(draw: st.DrawFn) -> tuple[list[Rule], bytes]:
    drawn = draw(st.lists(drawn_patterns(), min_size=1, max_size=5))
    rules = []
    for number, one in enumerate(drawn):
        kinds = draw(st.sets(st.sampled_from(KINDS), max_size=1))
        severity, general = draw(st.integers(0, 3)), draw(st.booleans())
        rules.append(Rule(f"drawn/{number}", one.pattern, frozenset(kinds), severity, general=general))
    text = st.sampled_from([one.text.encode() for one in drawn])
    hidden = st.sampled_from([b"\x1b[31m", b"\x1b[0m", b"\x00", b"\xef\xbb\xbf"])
    ends = st.sampled_from([b"\n", b"\n", b"\r", b"\r\n", b"\n\n"])
    pieces = text | text | ends | hidden | st.sampled_from(LINES) | st.binary(max_size=3)
    return rules, b"".join(draw(st.lists(pieces, max_size=24)))


@pytest.mark.parametrize("many", [1, demands.MANY], ids=["at once", "one by one"])
@pytest.mark.parametrize("engine", ENGINES)
@settings(deadline=None, max_examples=150)
@given(rules_and_chunks(), st.sampled_from((ANY_KIND, *KINDS)))
def test_it_finds_what_a_plain_loop_finds(
    engine: str, many: int, drawn: tuple[list[Rule], bytes], kind: str
) -> None:
    rules, chunk = drawn
    assume_compiled(rules)
    with mock.patch.object(demands, "MANY", many):
        scan = Scanner(rules, engine=engine, timeout_s=2).scan(chunk, kind)
    assert said(scan.matches) == plain_loop(rules, chunk, kind)


@settings(deadline=None, max_examples=100)
@given(rules_and_chunks())
def test_a_match_names_the_raw_place_of_its_record(drawn: tuple[list[Rule], bytes]) -> None:
    rules, chunk = drawn
    assume_compiled(rules)
    for match in Scanner(rules, timeout_s=2).scan(chunk).matches:
        assert visible(chunk[match.start : match.end]) == match.text
        assert match.start == 0 or chunk[match.start - 1] in b"\r\n"


LOG = st.lists(st.sampled_from(LINES), min_size=1, max_size=30)


@settings(deadline=None, max_examples=100)
@given(LOG, st.sampled_from((b"\n", b"\r", b"\r\n")), st.data())
def test_cutting_a_log_between_records_changes_nothing(
    lines: list[bytes], end: bytes, data: st.DataObject
) -> None:
    records_of_log = [line + end for line in lines]
    cuts = sorted(data.draw(st.sets(st.integers(0, len(lines)))) | {0, len(lines)})
    scanner = Scanner(RULES)
    whole = said(scanner.scan(b"".join(records_of_log)).matches)
    in_parts: Said = []
    offset = 0
    for first, last in pairwise(cuts):
        chunk = b"".join(records_of_log[first:last])
        in_parts += said(scanner.scan(chunk).matches, offset)
        offset += len(chunk)
    assert in_parts == whole


@settings(deadline=None, max_examples=50)
@given(LOG, st.binary(max_size=200))
def test_all_engines_give_the_same_matches(lines: list[bytes], noise: bytes) -> None:
    chunk = b"\n".join([*lines, noise, *lines])
    first, *others = [Scanner(RULES, engine=name).scan(chunk).matches for name in ENGINES]
    assert all(other == first for other in others)
    assert len(first) >= 2 * lines.count(LINES[0])


@given(
    st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 999), min_size=4, max_size=4)), max_size=40)
)
def test_lines_that_come_again_with_other_numbers_are_found_as_at_first(
    lines: list[tuple[int, list[int]]],
) -> None:
    templates = (
        "[rank{}]: NVRM: Xid (PCI:0000:05:00): {}, pid={}, GPU has fallen off the bus.",
        "[rank{}]: CUDA out of memory. Tried to allocate {}.{} GiB.",
        "node{}:81{}:812 [{}] NCCL WARN Timeout waiting for connection",
        "rank {}: NVRM: Xid (PCI:000{}): 7{}",
        "{} rank {} code 7{}",
    )
    rules = [
        *RULES,
        Rule("seven/code", r"code 7[2-5](?P<rest>\d*)"),
        Rule("seven/ranks", r"rank (\d+) code 7\1"),
    ]
    log = "".join(templates[which].format(*numbers) + "\n" for which, numbers in lines).encode()
    scanner = Scanner(rules)
    again = [scanner.scan(log) for _ in range(3)]
    assert [(match.start, (match.rule, *match.also)) for match in again[2].matches] == plain_loop(rules, log)
    assert again[0].matches == again[1].matches == again[2].matches


def test_a_line_that_came_before_costs_no_search() -> None:
    line = LINES[1] + b"\n"
    scanner = Scanner(RULES)
    assert [scanner.scan(line.replace(b"2.00", size)).searches for size in (b"2.00", b"3.50", b"7.25")] == [
        1,
        1,
        0,
    ]


def test_one_record_one_match_the_most_literal_text_first() -> None:
    (match,) = Scanner(RULES).scan(LINES[0]).matches
    assert (match.rule, match.also) == ("nvidia/xid-79", ("nvidia/xid",))
    assert match.captures == {"device": "PCI:0000:05:00"}


def test_among_equally_specific_rules_the_worse_comes_first_then_the_name() -> None:
    rules = [
        Rule("b", "timeout", severity=1),
        Rule("a", "timeout", severity=1),
        Rule("c", "timeout", severity=2),
    ]
    (match,) = Scanner(rules).scan(b"timeout").matches
    assert (match.rule, *match.also) == ("c", "a", "b")


def test_a_general_rule_is_looked_for_where_nothing_else_is_found() -> None:
    special = Rule("a/special", "timeout", frozenset({"training"}))
    general = Rule("a/general", "timeout after a while", general=True)
    over = Rule("a/over", "a while", clears=True)
    scanner = Scanner([general, special, over])
    (match,) = scanner.scan(b"timeout after a while").matches
    assert (match.rule, match.also) == ("a/special", ())
    (match,) = scanner.scan(b"timeout after a while", "kernel").matches
    assert (match.rule, match.also) == ("a/general", ())


def test_a_log_of_one_kind_never_sees_the_rules_of_another() -> None:
    scanner = Scanner(RULES)
    assert [m.rule for m in scanner.scan(LINES[0], "kernel").matches] == ["nvidia/xid-79"]
    assert scanner.scan(LINES[0], "training").matches == []


def test_a_rule_made_for_the_kind_of_log_comes_before_one_for_any() -> None:
    bound = Rule("training/short", "timeout", frozenset({"training"}))
    free = Rule("any/long", "timeout after a while")
    scanner = Scanner([bound, free])
    assert scanner.scan(b"timeout after a while").matches[0].rule == "any/long"
    assert scanner.scan(b"timeout after a while", "training").matches[0].rule == "training/short"


def test_captures_leave_out_what_took_no_part_and_are_cut_to_a_bound() -> None:
    scanner = Scanner([Rule("a", r"needle (?P<long>x+)(?P<absent>y+)?(?P<empty>z*)")])
    (match,) = scanner.scan(b"needle " + b"x" * 1000).matches
    assert match.captures == {"long": "x" * MAX_CAPTURE}


def test_a_rule_without_a_literal_is_named_and_still_found_beside_the_others() -> None:
    scanner = Scanner([*RULES, Rule("loose/code", r"\b[A-Z]\d{3}\b")])
    assert scanner.without_literal == ("loose/code",)
    found = scanner.scan(b"\n".join([*LINES, b"E123", b"CUDA out of memory E123"])).matches
    assert [m.rule for m in found][-2:] == ["loose/code", "cuda/oom"]
    assert found[-1].also == ("loose/code",)


def test_records_without_a_literal_cost_no_search() -> None:
    scan = Scanner(RULES).scan(b"\n".join([b"step 1 loss 2.0"] * 1000 + [b"CUDA out of memory"]))
    assert (scan.candidates, scan.searches, len(scan.matches)) == (1, 1, 1)


# Each further `ab` doubles the ways to divide the run: no time limit is ever enough.
SLOW = Rule("slow/pattern", "needle(?:a|ab|b)+#")
SLOW_RECORD = b"needle" + b"ab" * 200 + b"!#\n"


def test_a_pattern_that_runs_too_long_is_stopped_and_counted() -> None:
    scan = Scanner([SLOW, RULES[2]], timeout_s=0.05).scan(SLOW_RECORD + b"CUDA out of memory\n")
    assert dict(scan.timeouts) == {"slow/pattern": 1}
    assert [m.rule for m in scan.matches] == ["cuda/oom"]


def test_a_rule_that_is_stopped_too_often_is_set_aside() -> None:
    scanner = Scanner([SLOW], timeout_s=0.05, strikes=3)
    scans = [scanner.scan(SLOW_RECORD * 2) for _ in range(3)]
    assert [sum(scan.timeouts.values()) for scan in scans] == [2, 1, 0]
    assert [scan.searches for scan in scans] == [2, 1, 0]
    assert scanner.set_aside == ("slow/pattern",)


def test_a_rule_is_not_set_aside_before_its_last_strike() -> None:
    scanner = Scanner([SLOW], timeout_s=0.05, strikes=3)
    scanner.scan(SLOW_RECORD * 2)
    assert scanner.set_aside == ()
    assert [m.rule for m in scanner.scan(b"needleab#").matches] == ["slow/pattern"]


def test_without_rules_nothing_matches() -> None:
    scan = Scanner([]).scan(b"\n".join(LINES))
    assert (scan.matches, scan.candidates) == ([], 0)


def test_a_search_that_stood_still_for_a_moment_is_tried_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    class Interrupted:
        def search(self, text: str, timeout: float) -> "regex.Match[str] | None":
            tried.append(text)
            if len(tried) == 1:
                raise TimeoutError
            return regex.search("timeout", text, timeout=timeout)

    monkeypatch.setattr(scanner_module._Prepared, "compiled", lambda _: Interrupted())
    scan = Scanner([Rule("a", "timeout")]).scan(b"timeout")
    assert ([match.rule for match in scan.matches], dict(scan.timeouts)) == (["a"], {})
    assert tried == ["timeout", "timeout"]


def test_patterns_are_let_go_of_and_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner_module, "MANY_COMPILED", 2)
    rules = [Rule(f"a/{name}", f"the {name} was lost") for name in ("disk", "link", "rank", "node")]
    scanner = Scanner(rules)
    log = b"".join(b"the %b was lost\n" % name for name in (b"disk", b"link", b"rank", b"node")) * 3
    assert len(scanner.scan(log).matches) == 12
    assert sum(prepared.pattern is not None for prepared in scanner._rules) == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_one_scanner_serves_several_threads_at_once(engine: str) -> None:
    scanner = Scanner(RULES, engine=engine)
    chunk = b"\n".join(LINES * 200)
    alone = scanner.scan(chunk).matches
    with ThreadPoolExecutor(4) as threads:
        assert all(scan.matches == alone for scan in threads.map(scanner.scan, [chunk] * 8))


@pytest.mark.parametrize("before", [b"", b"2026-11-22T09:00:00.000000001Z stderr F "])
def test_a_report_that_stands_in_a_log_is_not_found_again(before: bytes) -> None:
    scanner = Scanner(RULES)
    error = b"NCCL WARN Timeout waiting for connection"
    assert scanner.scan(before + error).matches
    assert not scanner.scan(before + b"logwatch|   " + error).matches
    assert scanner.scan(b"x" * 64 + b"logwatch| " + error).matches


DOWN = Rule("nfs/down", r"server (?P<server>\S+) not responding", frozenset({"kernel"}))
UP = Rule("nfs/down", r"server (?P<server>\S+) OK", frozenset({"kernel"}), clears=True)


def test_a_line_that_says_that_an_error_is_over_is_no_error() -> None:
    scan = Scanner([DOWN, UP]).scan(b"server a not responding\nserver a OK\nserver b not responding\n")
    assert [(m.rule, m.captures["server"]) for m in scan.matches] == [("nfs/down", "a"), ("nfs/down", "b")]
    assert [(m.rule, m.captures["server"]) for m in scan.cleared] == [("nfs/down", "a")]
    assert [(m.start, m.clears) for m in scan.in_order()] == [(0, False), (24, True), (36, False)]


def test_an_error_is_not_over_by_its_own_line_nor_in_a_log_of_another_kind() -> None:
    scan = Scanner([DOWN, UP]).scan(b"server a not responding, server b OK\n")
    assert (len(scan.matches), scan.cleared) == (1, [])
    assert Scanner([DOWN, UP]).scan(b"server a OK\n", "training").cleared == []


def test_a_line_can_be_one_error_and_the_end_of_another() -> None:
    found = Scanner([Rule("fs/slow", "mount is slow"), UP]).scan(b"server a OK, mount is slow\n")
    assert ([m.rule for m in found.matches], [m.rule for m in found.cleared]) == (["fs/slow"], ["nfs/down"])
    assert found.matches[0].also == ()
