"""What a rule demands spares its search, and never hides a match."""

from collections.abc import Sequence
from unittest import mock

import pytest

from logwatch.scan import engine as engines
from logwatch.scan.demands import MANY, Demands, Pointed
from logwatch.scan.literals import Literal, Way

REQUIRED = (
    Way(also=((Literal(b"out of memory"),), (Literal(b"on device"), Literal(b"on rank 0")))),
    Way(also=((Literal(b"collective mismatch", caseless=True),),)),
    Way(),
)
OUT_OF_MEMORY = b"RuntimeError: 3 GiB asked, out of memory on device 0"
MISMATCH = b"RuntimeError: COLLECTIVE Mismatch on rank 1"
OTHER = b"RuntimeError: no such key"


def promising(records: Sequence[bytes], demands: Demands | None = None) -> list[list[int]]:
    demands = demands or Demands(REQUIRED)
    every = Pointed(range(len(REQUIRED)))
    return [list(rules) for rules in demands.promising([(record, every) for record in records])]


@pytest.mark.parametrize("times", [1, MANY])
@pytest.mark.parametrize("engine", engines.available())
def test_a_rule_is_kept_for_a_record_that_has_all_it_demands(engine: str, times: int) -> None:
    kept = promising([OUT_OF_MEMORY, MISMATCH, OTHER] * times, Demands(REQUIRED, engine))
    assert kept == [[0, 2], [1, 2], [2]] * times


def test_what_stands_in_the_next_record_is_no_help() -> None:
    apart = [b"out of memory", b"on device 0", b"collective ", b"mismatch"]
    assert promising(apart * MANY) == [[2]] * len(apart) * MANY


def test_of_many_records_each_literal_is_not_asked_for_by_name() -> None:
    with mock.patch("logwatch.scan.demands.has_all") as has_all:
        promising([OTHER] * MANY)
    has_all.assert_not_called()


def test_few_records_need_no_engine() -> None:
    with mock.patch.object(engines, "build") as build:
        promising([OUT_OF_MEMORY] * (MANY - 1))
    build.assert_not_called()


def test_tables_build_the_same_engine_again() -> None:
    tables = Demands(REQUIRED).tables
    again = Demands(REQUIRED, tables=tables)
    records = [OUT_OF_MEMORY, MISMATCH, OTHER] * MANY
    assert promising(records, again) == promising(records)
    assert again.tables == tables


def test_of_what_many_ways_demand_only_the_long_is_looked_for_at_once_and_the_short_is_asked_for_then() -> (
    None
):
    short = (Way(also=((Literal(b"Rank"),), (Literal(b"out of memory"),))), *REQUIRED)
    every = Pointed(range(len(short)))
    for there, kept in ((b"Rank 3: out of memory", [0, 3]), (b"rank 3: out of memory", [3])):
        told = Demands(short).promising([(there, every)] * MANY)
        assert [list(ways) for ways in told] == [kept] * MANY


def test_what_points_at_few_ways_needs_no_engine() -> None:
    few = Pointed([0, 1])
    with mock.patch.object(engines, "build") as build:
        kept = list(Demands(REQUIRED).promising([(OUT_OF_MEMORY, few)] * MANY))
    build.assert_not_called()
    assert kept == [[0]] * MANY
