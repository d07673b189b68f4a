"""What is derived from rules can be kept, and what was kept can be trusted or is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch.scan.engine import available
from logwatch.scan.index import FORMAT, Index, Rule
from logwatch.scan.scanner import Scanner

RULES = [
    Rule("cuda/oom", r"(?i)(?:CUDA|HIP) out of memory\. Tried to allocate (?P<size>\S+)", severity=2),
    Rule("nvidia/xid-79", r"Xid \([^)]*\): 79,", frozenset({"kernel"}), 3),
    Rule("any/number", r"\d{9}", general=True),
    Rule("zh/full", r"显存不足：\d+ 字节"),
    Rule("zh/full", r"显存已释放", clears=True),
]
LINES = (
    "cuda OUT of memory. Tried to allocate 2GiB\nNVRM: Xid (PCI:0): 79, gone\nx 123456789\n显存不足：7 字节\n"
)


@pytest.mark.parametrize("engine", available())
def test_a_thawed_scanner_finds_what_the_frozen_one_found(engine: str) -> None:
    first = Scanner(RULES, engine=engine)
    second = Scanner(Index.thaw(first.index.freeze()), engine=engine)
    assert first.scan(LINES.encode()) == second.scan(LINES.encode())
    assert len(second.scan(LINES.encode()).matches) == 4
    assert len(second.scan("显存已释放".encode()).cleared) == 1


def test_tables_of_another_machine_are_made_anew() -> None:
    """The engine's tables depend on the library and the processor; the rest of the index does not."""
    index = replace(
        Scanner(RULES).index, tables=b"tables of a machine that nobody knows", demand_tables=b"as these"
    )
    assert len(Scanner(index).scan(LINES.encode()).matches) == 4


@given(st.binary(max_size=200))
def test_what_is_no_index_is_refused(data: bytes) -> None:
    for kept in (data, FORMAT + data, FORMAT + len(data).to_bytes(8, "little") + data):
        try:
            rules = Index.thaw(kept).rules
        except ValueError:
            continue
        assert not rules


def test_an_index_that_was_cut_short_is_refused() -> None:
    kept = Index.of(RULES).freeze()
    with pytest.raises(ValueError, match="not a whole index"):
        Index.thaw(kept[:-20])


def test_the_more_specific_rule_stands_first() -> None:
    assert Index.of(RULES).rules[0].rule.id == "cuda/oom"
