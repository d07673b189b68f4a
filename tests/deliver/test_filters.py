"""A receiver hears only of what it asked for."""

import pytest

from logwatch.catalogue.entry import Severity
from logwatch.deliver.filters import ReceiverFilter
from render.incidents import incident


def test_without_conditions_everything_is_wanted() -> None:
    assert ReceiverFilter().accepts(incident(severity="info", confidence=0.0))


@pytest.mark.parametrize(
    ("severity", "wanted"), [("info", False), ("warning", False), ("error", True), ("critical", True)]
)
def test_severity_is_a_lower_bound(severity: str, wanted: bool) -> None:
    assert ReceiverFilter(min_severity=Severity.ERROR).accepts(incident(severity=severity)) is wanted


def test_confidence_is_a_lower_bound() -> None:
    only = ReceiverFilter(min_confidence=0.8)
    assert only.accepts(incident(confidence=0.8))
    assert not only.accepts(incident(confidence=0.79))


def test_domains_and_tiers_are_lists_of_what_is_wanted() -> None:
    only = ReceiverFilter(domains=frozenset({"nccl", "cuda"}), tiers=frozenset({"source_verified"}))
    assert only.accepts(incident(domain="nccl", verification_tier="source_verified"))
    assert not only.accepts(incident(domain="vllm", verification_tier="source_verified"))
    assert not only.accepts(incident(domain="nccl", verification_tier="ai_generated"))


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        ({"job": "llm-70b", "cluster": "eu1"}, True),
        ({"job": "llm-7b", "cluster": "eu1"}, True),
        ({"job": "vision", "cluster": "eu1"}, False),
        ({"job": "llm-70b"}, False),
        ({}, False),
    ],
)
def test_labels_are_shell_patterns_and_all_must_fit(labels: dict[str, str], wanted: bool) -> None:
    only = ReceiverFilter(labels={"job": "llm-*", "cluster": "eu1"})
    assert only.accepts(incident(labels=labels)) is wanted
