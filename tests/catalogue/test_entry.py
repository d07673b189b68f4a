"""What a record says about itself: to whom it applies, what is recommended, in which language."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from logwatch.catalogue.entry import (
    Entry,
    Fit,
    LogKind,
    Severity,
    fit_of,
    ranked_dead_ends,
    ranked_workarounds,
)
from logwatch.catalogue.load import shipped_folder

from .records import good_record


def entry(**changes: Any) -> Entry:
    return Entry.model_validate(good_record(**changes))


def test_the_record_of_the_original_format_loads_as_it_is() -> None:
    path = shipped_folder() / "huggingface" / "accelerate-multi-gpu-device-map-conflict.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    known = Entry.model_validate(record)
    assert known.unknown_fields == ()
    assert known.resolvable == "true"
    assert known.subcategory == ""
    assert len(known.dead_ends) == 3
    assert known.severity is Severity.ERROR


def test_severities_are_ordered() -> None:
    assert [severity.rank for severity in Severity] == sorted(severity.rank for severity in Severity)
    assert Severity.INFO.rank < Severity.CRITICAL.rank


@pytest.mark.parametrize(
    ("written", "read"), [(True, "true"), (False, "false"), ("partial", "partial"), (None, ValidationError)]
)
def test_resolvable_is_one_of_three_words(written: object, read: object) -> None:
    record = {**good_record(), "resolvable": written}
    if read is ValidationError:
        with pytest.raises(ValidationError):
            Entry.model_validate(record)
    else:
        assert Entry.model_validate(record).resolvable == read


def test_a_transition_is_an_id_or_more_than_an_id() -> None:
    graph = {"leads_to": ["a/b", {"error_id": "c/d", "probability": 0.5}], "preceded_by": None}
    known = entry(transition_graph=graph).transition_graph
    assert [(one.error_id, one.probability) for one in known.leads_to] == [("a/b", None), ("c/d", 0.5)]
    assert known.preceded_by == ()


def test_the_domain_is_what_is_written_or_the_first_part_of_the_id() -> None:
    assert entry(domain="cuda").home == "cuda"
    assert entry(domain="").home == "nvidia"


def test_a_missing_translation_falls_back_to_english() -> None:
    known = entry(signature_zh="", root_cause_zh="因为。")
    assert known.title("zh") == known.signature
    assert known.cause("zh") == "因为。"
    assert known.cause() == known.root_cause


@pytest.mark.parametrize(
    ("sources", "kind", "stands"),
    [
        (["kernel"], LogKind.KERNEL, True),
        (["kernel"], LogKind.TRAINING, False),
        (["kernel"], LogKind.ANY, True),
        (["any"], LogKind.SERVING, True),
    ],
)
def test_an_entry_stands_in_the_logs_that_it_names(sources: list[str], kind: LogKind, stands: bool) -> None:
    assert entry(sources=sources).stands_in(kind) is stands


@pytest.mark.parametrize(
    ("known", "unlikely"),
    [
        ({}, False),
        ({"torch": "2.5.1"}, False),
        ({"torch": "1.13"}, True),
        ({"torch": "2.9.0.dev1+cu128"}, False),
        ({"torch": "a nightly"}, False),
        ({"vllm": "0.1"}, False),
        ({"torch": "2.5.1", "nvidia-nccl-cu12": "2.10"}, True),
    ],
)
def test_an_entry_is_unlikely_where_a_product_is_known_to_be_another_version(
    known: dict[str, str], unlikely: bool
) -> None:
    versions = [
        {"version": "torch>=2.0,<2.4"},
        {"version": "torch>=2.4"},
        {"version": "nvidia_nccl_cu12>=2.18"},
    ]
    note = entry(versions=[*versions, {"version": "no requirement"}]).is_unlikely_for(known)
    assert (note is not None) is unlikely


@pytest.mark.parametrize(
    ("condition", "fit"),
    [
        ("", Fit.SURE),
        ("torch>=2.5", Fit.SURE),
        ("torch<2.5", Fit.NO),
        ("torch>=2.5, nccl<2.20", Fit.NO),
        ("torch>=2.5, vllm>=0.9", Fit.OPEN),
        ("only on two nodes", Fit.OPEN),
        ("vllm>=0.9", Fit.OPEN),
        ("linux", Fit.SURE),
        ("Windows only", Fit.NO),
    ],
)
def test_a_condition_is_judged_by_what_is_known(condition: str, fit: Fit) -> None:
    assert fit_of(condition, {"torch": "2.6.0", "nccl": "2.21.5"}, "linux") is fit


def test_the_most_successful_workaround_that_can_apply_is_recommended() -> None:
    workarounds = [
        {"action": "old", "success_rate": 0.9, "condition": "torch<2.0"},
        {"action": "good", "success_rate": 0.5},
        {"action": "better", "success_rate": 0.8},
        {"action": "", "success_rate": 1.0},
        {"action": "unrated"},
    ]
    known = entry(workarounds=workarounds, workarounds_zh=["旧", "好", "更好"])
    assert [w.action for w in ranked_workarounds(known, {"torch": "2.5"})] == ["better", "good", "unrated"]
    assert [w.action for w in ranked_workarounds(known, {"torch": "1.9"}, "zh")] == [
        "旧",
        "更好",
        "好",
        "unrated",
    ]


def test_advice_that_may_not_apply_has_to_promise_more_to_come_first() -> None:
    sure = {"action": "sure", "success_rate": 0.6}
    for promised, first in ((0.7, "sure"), (0.9, "open")):
        open_ = {"action": "open", "success_rate": promised, "condition": "where IOMMU is on"}
        assert ranked_workarounds(entry(workarounds=[open_, sure]))[0].action == first


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"versions": "torch>=2.5"}, True),
        ({"versions": ["torch<2.0"]}, False),
        ({"versions": ["torch<2.0", "torch>=2.6"]}, True),
        ({"versions": None}, True),
        ({"os_specific": "Linux"}, True),
        ({"os_specific": ["windows", "macos"]}, False),
    ],
)
def test_a_workaround_is_offered_where_its_versions_and_systems_admit_it(
    changes: dict[str, Any], offered: bool
) -> None:
    known = entry(workarounds=[{"action": "do it", **changes}])
    assert bool(ranked_workarounds(known, {"torch": "2.6.0"})) is offered


def test_the_surest_failure_comes_first_and_an_empty_one_is_left_out() -> None:
    dead_ends = [
        {"action": "seldom", "fail_rate": 0.2},
        {"action": "", "why_fails": "only a reason", "fail_rate": 0.9},
        {"action": "", "why_fails": ""},
    ]
    ranked = ranked_dead_ends(entry(dead_ends=dead_ends))
    assert [(d.action, d.why_fails) for d in ranked] == [("", "only a reason"), ("seldom", "")]
