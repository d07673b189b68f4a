"""Two dashboards: sound as JSON, and with a real Prometheus behind them no panel is empty."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from export.site import (
    CLUSTER,
    Daemon,
    Prometheus,
    daemon,
    prometheus,
    receiver,
    until,
    unused_address,
)
from logwatch.deliver.metrics import ALL
from logwatch.export.alert_rules import ALERTS, JOB, Fleet, rule_file
from logwatch.export.dashboard import COLUMNS
from logwatch.export.known_errors_dashboard import known_errors_dashboard
from logwatch.export.own_dashboard import own_dashboard

BOARDS = {"known-errors": known_errors_dashboard(), "logwatch": own_dashboard()}
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]
# What Grafana fills in.
CHOSEN = {
    "$__rate_interval": "30s",
    "$__range": "1h",
    "$cluster": CLUSTER,
    "$job": JOB,
    "$instance": ".*",
    "$severity": ".*",
    "$error_id": ".*",
}
SHOWN_S = 120
# Not to be had here: a disk that cannot be written, a file that is read more slowly than scraped, a lost
# journal. They have a value, but it is 0.
MAY_BE_ZERO = {
    "State not written, 24 h",
    "Lag",
    "gaps in the journal or the kernel's log",
    "sources that hang",
}

GPU_LOST, SLOW = "site/gpu-lost", "site/slow"
ENTRIES = [
    {"id": GPU_LOST, "signature": "GPU is lost", "regex": "GPU is lost", "severity": "critical"},
    {"id": "site/disk-full", "signature": "disk full", "regex": "disk full", "severity": "error"},
    # Fifty letters and no end: more ways to divide them than there is time to try.
    {"id": SLOW, "signature": "slow a!", "regex": r"slow (?:a|aa)+!"},
]
SLOW_LINE = "slow " + "a" * 50 + "\n"


@dataclass
class Site:
    prometheus: Prometheus
    logwatch: Daemon


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A daemon to which everything happens that a dashboard can show."""
    folder = tmp_path_factory.mktemp("site")
    logs, config = folder / "logs", folder / "logwatch.yaml"
    for name in ("train", "old"):
        (logs / name).mkdir(parents=True)
    (logs / "old" / "a.log").write_text("said before logwatch was there\n")
    (folder / "entries").mkdir()
    for i, entry in enumerate(ENTRIES):
        (folder / "entries" / f"{i}.json").write_text(json.dumps(entry))
    with receiver() as willing, receiver(status=503) as failing:
        body = {
            "state_dir": "state",
            "catalogue": {"shipped": False, "paths": ["entries"]},
            "sources": [
                {"name": "train", "paths": ["logs/train/*.log"]},
                {"name": "old", "paths": ["logs/old/*.log"], "start_at": "end"},
            ],
            "events": {"path": "events.jsonl"},
            "notify": [
                {"type": "webhook", "name": "willing", "url": willing.address},
                {"type": "webhook", "name": "failing", "url": failing.address},
            ],
            "shadow": ["site/disk-full"],
            "limits": {"max_record_bytes": 1024, "pattern_timeout_s": 0.001},
        }
        with (
            daemon(config, body) as logwatch,
            prometheus(
                folder, {"logwatch": [logwatch.address, unused_address()]}, rules=rule_file(Fleet())
            ) as metrics,
        ):
            metrics.until("up == 1")
            happenings(logs / "train", logwatch, metrics)
            config.write_text("sauces: []")
            logwatch.reload()
            yield Site(metrics, logwatch)


def happenings(logs: Path, logwatch: Daemon, metrics: Prometheus) -> None:
    """Errors, a slow pattern, a truncated file, an overlong line that has no end, a file gone too soon."""
    (logs / "a.log").write_text("GPU is lost\ndisk full\n" + SLOW_LINE * 6)
    metrics.until('logwatch_read_bytes_total{source="train"} > 0')
    (logs / "a.log").write_text("GPU is lost\n")
    (logs / "b.log").write_text("x" * 5000)
    with logwatch.frozen():
        (logs / "c.log").write_text("nobody will know")
        (logs / "c.log").unlink()


def shown(prometheus: Prometheus, target: Mapping[str, Any]) -> list[float]:
    """The values that a reader of the panel sees."""
    expression = filled_in(target["expr"])
    if target["instant"]:
        return [float(series["value"][1]) for series in prometheus.query(expression)]
    found = prometheus.query_range(expression, SHOWN_S)
    return [float(value) for series in found for _, value in series["values"]]


def filled_in(expression: str) -> str:
    for name, value in CHOSEN.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_shows_what_happens(site: Site, panel: Mapping[str, Any]) -> None:
    for target in panel["targets"]:
        values = until(lambda target=target: values_of_note(site, panel, target), target["expr"])
        assert values


def values_of_note(site: Site, panel: Mapping[str, Any], target: Mapping[str, Any]) -> Sequence[float]:
    values = shown(site.prometheus, target)
    is_calm = not MAY_BE_ZERO.isdisjoint({panel["title"], target["legendFormat"]})
    return values if is_calm or any(value > 0 for value in values) else []


@pytest.mark.parametrize("name", BOARDS)
def test_each_choice_has_something_to_choose_from(site: Site, name: str) -> None:
    for variable in BOARDS[name]["templating"]["list"]:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"])
            assert found is not None
            assert site.prometheus.until(f"group by ({found[2]}) ({filled_in(found[1])})")[0]["metric"]


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_numbers_of_their_own_and_do_not_overlap(name: str) -> None:
    panels = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= COLUMNS
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_means_and_leaves_the_data_source_to_the_reader(
    panel: Mapping[str, Any],
) -> None:
    assert panel["description"].endswith(".")
    assert {json.dumps(one["datasource"]) for one in [panel, *panel["targets"]]} == {
        '{"type": "prometheus", "uid": "${datasource}"}'
    }


def test_every_metric_is_shown_or_alerted_on_and_none_is_made_up() -> None:
    expressions = [
        target["expr"]
        for board in BOARDS.values()
        for p in board["panels"]
        for target in p.get("targets", [])
    ]
    used = set(re.findall(r"\blogwatch_\w+", " ".join(expressions + [alert.expr for alert in ALERTS])))
    assert used == {metric.name for metric in ALL}
