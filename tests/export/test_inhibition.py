"""Inhibition rules: what they join, what they must not join, and that no two alerts silence each other."""

from itertools import permutations

import yaml
from hypothesis import given
from hypothesis import strategies as st

from logwatch.catalogue.causality import Edge, Scope
from logwatch.catalogue.load import load, shipped_folder
from logwatch.export.inhibition import ALERT_NAME, inhibit_rules, inhibition
from logwatch.render import alertmanager


def edge(name: str, cause: str, effect: str, scope: Scope = Scope.JOB, late_s: float = 5.0) -> Edge:
    return Edge(name, frozenset(cause.split()), frozenset(effect.split()), scope, 60.0, late_s, "")


def test_a_rule_joins_alerts_of_one_job() -> None:
    [rule] = yaml.safe_load(inhibit_rules([edge("a", "cuda/oom nvidia/xid-79", "nccl/v1.2")]))[
        "inhibit_rules"
    ]
    assert rule == {
        "source_matchers": [
            f'alertname="{ALERT_NAME}"',
            'error_id=~"cuda/oom|nvidia/xid-79"',
            'job!=""',
        ],
        "target_matchers": [f'alertname="{ALERT_NAME}"', 'error_id=~"nccl/v1\\\\.2"', 'job!=""'],
        "equal": ["job"],
    }
    assert ALERT_NAME == alertmanager.ALERT_NAME


def test_what_stays_within_a_process_or_device_is_left_to_the_daemon() -> None:
    edges = [
        edge("p", "a", "b", Scope.PROCESS),
        edge("d", "c", "d", Scope.DEVICE),
        edge("n", "e", "f", Scope.NODE),
    ]
    assert [e.name for e in inhibition(edges).edges] == ["n"]


def test_of_edges_in_a_loop_the_one_that_goes_by_time_is_left_out_and_named() -> None:
    edges = [edge("by-time", "b", "a", late_s=0.0), edge("first", "a", "b")]
    found = inhibition(edges)
    assert ([e.name for e in found.edges], found.left_out) == (["first"], ["by-time"])
    assert "by-time" in inhibit_rules(edges).splitlines()[1]


NAMES = "abcdef"
edges = st.lists(
    st.builds(
        lambda n, causes, effects, late: Edge(
            str(n), frozenset(causes), frozenset(effects), Scope.JOB, 60.0, late, ""
        ),
        st.integers(),
        st.sets(st.sampled_from(NAMES), min_size=1, max_size=3),
        st.sets(st.sampled_from(NAMES), min_size=1, max_size=3),
        st.sampled_from([0.0, 5.0]),
    ),
    max_size=6,
)


def held_back(firing: set[str], kept: list[Edge]) -> set[str]:
    """As Alertmanager has it: what is both source and target of a rule is not held back by its like."""
    return {
        one
        for one in firing
        for e in kept
        for other in firing - {one}
        if other in e.causes and one in e.effects and not (one in e.causes and other in e.effects)
    }


@given(edges)
def test_whatever_fires_something_is_told(some: list[Edge]) -> None:
    kept = list(inhibition(some).edges)
    for size in (2, 3):
        for firing in permutations(NAMES, size):
            assert held_back(set(firing), kept) < set(firing)


def test_the_shipped_edges_become_rules_of_which_none_is_empty() -> None:
    shipped = shipped_folder()
    found = yaml.safe_load(inhibit_rules(load([shipped], proven=[shipped]).edges.edges.values()))
    assert len(found["inhibit_rules"]) > 50
    assert all(rule["equal"] in (["job"], ["node"]) for rule in found["inhibit_rules"])
