"""The numbers that alerts stand on."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from logwatch.deliver.first_seen import SETTLED_AFTER_S
from logwatch.deliver.metrics import ALL, CATALOGUE_INFO, MATCHES, OUTBOX, Labels, Metric, Metrics

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
OPENMETRICS = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"

Match = tuple[str, str, str, str, str]
OOM: Match = ("cuda/out-of-memory", "cuda", "memory", "error", "train")
XID: Match = ("gpu/xid-79", "gpu", "hardware", "critical", "kernel")


def samples(body: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parse(body.decode())
        for sample in family.samples
    }


def series_of(metric: Metric, body: bytes) -> dict[Labels, float]:
    """Values by labels, these in the order of the metric."""
    return {
        tuple(dict(labels)[name] for name in metric.labels): value
        for (name, labels), value in samples(body).items()
        if name == metric.name
    }


def matches(body: bytes) -> dict[Labels, float]:
    return series_of(MATCHES, body)


def overflow(severity: str) -> Labels:
    return ("_overflow", "_overflow", "_overflow", severity, "_overflow")


def everything_counted() -> Metrics:
    metrics = Metrics()
    metrics.matched(*OOM)
    metrics.last_match(OOM[0], 1_700_000_000.25)
    metrics.events_written(3)
    metrics.set_incidents_open(1)
    metrics.delivered("oncall", "ok")
    metrics.set_outbox("oncall", 2)
    metrics.silenced("oncall", "silence")
    metrics.read_bytes("train", 4096)
    metrics.skipped("train", "gone", 17)
    metrics.set_lag("train", 5)
    metrics.last_read("train", 1_700_000_000)
    metrics.last_look("train", 1_700_000_001)
    metrics.set_files("train", "open", 8)
    metrics.record_truncated("train")
    metrics.file_truncated("train")
    metrics.files_missed("train", 1)
    metrics.gap("kernel", "overrun")
    metrics.set_stalled("train", False)
    metrics.generation_began("train")
    metrics.pattern_timeout("x/slow", 2)
    metrics.set_patterns_aside(["x/slow"])
    metrics.set_catalogue("2026.1", "abc", 312)
    metrics.config_reloaded(True, 1_700_000_000)
    metrics.state_error()
    metrics.set_state_in_memory(False)
    metrics.set_build("0.1.0", "hyperscan", "3.11.7")
    return metrics


def test_every_metric_can_be_counted_and_is_exposed_under_its_documented_labels() -> None:
    exposed = {
        (name, tuple(label for label, _value in labels))
        for name, labels in samples(everything_counted().render(None, 0))
    }
    assert exposed == {(metric.name, tuple(sorted(metric.labels))) for metric in ALL}


def test_the_documentation_lists_exactly_the_metrics_that_there_are() -> None:
    rows = [line for line in DOCS.read_text().splitlines() if line.startswith("| `logwatch_")]
    assert rows == [
        f"| `{m.name}` | {m.kind} | {', '.join(f'`{label}`' for label in m.labels)} | {m.help} |" for m in ALL
    ]


def test_names_follow_the_conventions() -> None:
    assert len({metric.name for metric in ALL}) == len(ALL)
    for metric in ALL:
        assert re.fullmatch(r"logwatch_[a-z0-9_]+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_object() -> None:
    body = everything_counted().render(None, 0)
    lint = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, check=False)
    assert (lint.returncode, lint.stderr.decode()) == (0, "")


def test_openmetrics_is_spoken_to_whoever_prefers_it() -> None:
    body, content_type = everything_counted().snapshot(None, 0).encode(OPENMETRICS)
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    names = {sample.name for family in parse_openmetrics(body.decode()) for sample in family.samples}
    assert names == {metric.name for metric in ALL}


def test_there_are_no_created_series() -> None:
    for accept in ("", OPENMETRICS):
        assert b"_created" not in everything_counted().render("p", 0, accept)


def test_a_person_sees_the_first_occurrence_at_once() -> None:
    metrics = Metrics()
    metrics.matched(*OOM)
    assert matches(metrics.render(None, 0)) == {OOM: 1}


def test_a_scraper_sees_zero_first_and_then_all_that_happened() -> None:
    metrics = Metrics()
    metrics.matched(*OOM, 3)
    assert matches(metrics.render("p", 0)) == {OOM: 0}
    metrics.matched(*OOM)
    assert matches(metrics.render("p", 15)) == {OOM: 4}


def test_every_counter_with_labels_begins_at_zero_for_a_scraper_and_no_gauge_does() -> None:
    metrics = everything_counted()
    first = samples(metrics.render("p", 0))
    second = samples(metrics.render("p", 15))
    truth = samples(metrics.render(None, 15))
    begin_at_zero = {metric.name for metric in ALL if metric.kind == "counter" and metric.labels}
    assert first == {series: 0 if series[0] in begin_at_zero else value for series, value in truth.items()}
    assert second == truth


def test_an_answer_that_did_not_arrive_is_given_again() -> None:
    metrics = Metrics()
    metrics.matched(*OOM)
    lost = metrics.snapshot("p", 0)
    assert matches(lost.encode()[0]) == {OOM: 0}
    assert matches(metrics.render("p", 15)) == {OOM: 0}
    assert matches(metrics.render("p", 30)) == {OOM: 1}


def test_a_snapshot_does_not_change_while_it_is_encoded() -> None:
    metrics = everything_counted()
    snapshot = metrics.snapshot(None, 0)
    before = snapshot.encode()
    metrics.matched(*OOM)
    metrics.set_catalogue("2", "b", 1)
    metrics.set_patterns_aside([])
    metrics.retain([], [])
    assert snapshot.encode() == before


def test_counters_go_on_over_a_restart_and_what_was_exposed_is_not_new_again() -> None:
    before = Metrics()
    before.matched(*OOM, 5)
    before.render("p", 0)
    before.matched(*XID)
    after = Metrics()
    exposed = before.exposed_series()
    after.restore([(OOM, 5, OOM in exposed), (XID, 1, XID in exposed)])
    assert matches(after.render("p", 30)) == {OOM: 5, XID: 0}
    after.matched(*OOM)
    assert matches(after.render("p", 45)) == {OOM: 6, XID: 1}


def test_a_new_prometheus_does_not_take_old_errors_for_new_ones() -> None:
    metrics = Metrics()
    metrics.matched(*OOM)
    metrics.render("p", 0)
    metrics.matched(*XID)
    assert matches(metrics.render("new", SETTLED_AFTER_S + 1)) == {OOM: 1, XID: 0}


def test_a_series_is_exposed_once_a_scraper_has_seen_it() -> None:
    metrics = Metrics()
    metrics.matched(*OOM)
    metrics.render(None, 0)
    assert metrics.exposed_series() == frozenset()
    metrics.render("p", 0)
    metrics.matched(*XID)
    assert metrics.exposed_series() == {OOM}


def test_what_goes_over_the_limit_is_counted_together_and_still_pages_by_severity() -> None:
    metrics = Metrics(max_series=2)
    for n in range(5):
        metrics.matched(f"x/{n}", "x", "c", "critical" if n == 4 else "error", "train")
    metrics.matched("x/0", "x", "c", "error", "train")
    assert matches(metrics.render(None, 0)) == {
        ("x/0", "x", "c", "error", "train"): 2,
        ("x/1", "x", "c", "error", "train"): 1,
        overflow("error"): 2,
        overflow("critical"): 1,
    }


def test_what_is_restored_into_the_overflow_does_not_count_as_new() -> None:
    metrics = Metrics(max_series=1)
    metrics.restore([(OOM, 5, True), (XID, 7, False)])
    assert matches(metrics.render("p", 0)) == {OOM: 5, overflow("critical"): 7}


errors = st.tuples(st.integers(0, 30), st.sampled_from(["error", "critical"]), st.integers(1, 5))


@given(st.lists(errors), st.integers(1, 10))
def test_no_match_goes_uncounted_however_small_the_limit(
    found: list[tuple[int, str, int]], max_series: int
) -> None:
    metrics = Metrics(max_series=max_series)
    for number, severity, n in found:
        metrics.matched(f"x/{number}", "x", "c", severity, "train", n)
    counted = matches(metrics.render(None, 0))
    assert sum(counted.values()) == sum(n for _number, _severity, n in found)
    assert len(counted) <= max_series + len(["error", "critical"])


ESCAPED = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


@given(st.text())
def test_a_label_value_cannot_leave_its_quotes(odd: str) -> None:
    metrics = Metrics()
    metrics.set_outbox(odd, 7)
    # The library's own parser splits at every line end that Python knows; the format has only one.
    (line,) = [x for x in metrics.render(None, 0).decode().split("\n") if x.startswith(f"{OUTBOX.name}{{")]
    quoted = re.fullmatch(r'\w+\{receiver="((?:[^"\\]|\\.)*)"\} 7\.0', line)
    assert quoted is not None
    assert re.sub(r"\\.", lambda found: ESCAPED[found[0]], quoted[1]) == odd


def test_a_new_catalogue_replaces_the_old_one() -> None:
    metrics = Metrics()
    metrics.set_catalogue("1", "a", 10)
    metrics.set_catalogue("2", "b", 12)
    assert series_of(CATALOGUE_INFO, metrics.render(None, 0)) == {("2", "b"): 1}


def test_patterns_that_are_used_again_are_not_set_aside_any_more() -> None:
    metrics = Metrics()
    metrics.set_patterns_aside(["a/a", "b/b"])
    metrics.set_patterns_aside(["b/b"])
    body = metrics.render(None, 0)
    assert b'pattern_set_aside{error_id="b/b"} 1.0' in body
    assert b"a/a" not in body


def test_a_bad_configuration_leaves_the_time_of_the_last_good_one() -> None:
    metrics = Metrics()
    metrics.config_reloaded(True, 100)
    metrics.config_reloaded(False, 200)
    body = metrics.render(None, 0)
    assert b"logwatch_config_last_reload_successful 0.0" in body
    assert b"logwatch_config_last_reload_success_timestamp_seconds 100.0" in body


def test_gauges_of_what_is_no_longer_configured_disappear_and_counters_stay() -> None:
    metrics = everything_counted()
    metrics.retain(sources=["other"], receivers=["other"])
    left = {name for name, _labels in samples(metrics.render(None, 0))}
    assert {metric.name for metric in ALL} - left == {
        "logwatch_lag_bytes",
        "logwatch_last_read_timestamp_seconds",
        "logwatch_last_look_timestamp_seconds",
        "logwatch_files",
        "logwatch_source_stalled",
        "logwatch_outbox_messages",
    }
