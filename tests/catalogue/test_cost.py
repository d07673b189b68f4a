"""What an entry costs on healthy logs is counted record by record; what is found costs nothing in vain."""

from itertools import count

from logwatch.catalogue.cost import Bill, Cost, bill
from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner

SCANNER = Scanner(
    [
        Rule("step/overflow", r"gradient overflow: loss scale 0(?![.\d])"),
        Rule("disk/full", r"(?i)no space left: (?P<path>/\S+)"),
    ]
)


def cost_of(text: bytes) -> Bill:
    clock = count()
    return bill(SCANNER, [text], lambda: float(next(clock)))


def test_a_record_that_only_looks_like_an_error_costs_its_entry() -> None:
    cost = cost_of(b"gradient overflow: loss scale 0.5\nstep 1\n" * 3).by_id["step/overflow"]
    assert (cost.pointed_at, cost.searched, cost.found, cost.in_vain) == (3, 3, 0, 3)
    # The clock ticks once a call: one second passes in each search.
    assert cost.seconds == 3.0
    assert cost.literals == {b"gradient overflow: loss scale 0": 3}


def test_what_is_found_is_no_cost() -> None:
    total = cost_of(b"gradient overflow: loss scale 0\n")
    assert total.by_id["step/overflow"].in_vain == 0
    assert total.by_id["step/overflow"].seconds == 0
    assert list(total.costliest()) == []


def test_a_literal_in_either_case_is_named() -> None:
    assert cost_of(b"No Space Left: / is full\n").by_id["disk/full"].literals == {b"no space left: /": 1}


def test_the_costliest_comes_first_and_is_called_high() -> None:
    slow, often = Cost(5, 5, 0, 0.5), Cost(40, 0, 0, 0.0)
    total = Bill(1_000_000, {"a/often": often, "b/slow": slow, "c/seldom": Cost(3, 0, 0, 0.0)})
    assert [name for name, _ in total.costliest()] == ["b/slow", "a/often", "c/seldom"]
    assert [total.is_high(cost) for _, cost in total.costliest()] == [True, True, False]


def test_two_records_of_a_short_log_are_chance() -> None:
    assert not Bill(1000, {}).is_high(Cost(2, 2, 0, 1.0))
