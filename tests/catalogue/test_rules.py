"""Entries become rules: the scanner knows no more of them than it needs."""

from logwatch.catalogue.entry import Entry, Severity
from logwatch.catalogue.rules import rule_of, rules_of

from .records import ID, good_record


def entry(**changes: object) -> Entry:
    return Entry.model_validate(good_record(**changes))


def test_a_rule_has_the_entrys_name_and_pattern() -> None:
    rule = rule_of(entry())
    assert (rule.id, rule.pattern) == (ID, good_record()["regex"])


def test_a_rule_is_bound_to_the_kinds_of_log_unless_it_can_stand_in_any() -> None:
    bound, free, mixed = rules_of(
        [entry(sources=["kernel", "slurm"]), entry(sources=["any"]), entry(sources=["kernel", "any"])]
    )
    assert bound.kinds == {"kernel", "slurm"}
    assert free.kinds == mixed.kinds == frozenset()


def test_the_worse_an_error_the_higher_its_rank() -> None:
    ranks = [rule_of(entry(severity=severity)).severity for severity in Severity]
    assert ranks == sorted(set(ranks))


def test_the_line_that_says_that_it_is_over_has_a_rule_of_its_own() -> None:
    error, over = rules_of([entry(clears="all is well", sources=["kernel"], severity="critical")])
    assert (over.id, over.pattern, over.kinds) == (error.id, "all is well", error.kinds)
    assert (error.clears, over.clears) == (False, True)
