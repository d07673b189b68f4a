"""The alerts for Grafana to evaluate: the same ones, in its own form."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from logwatch.export.alert_rules import ALERTS, Fleet, rule_file
from logwatch.export.grafana_alerts import grafana_alerts

ROOT = Path(__file__).parents[2]
OURS = {
    rule["title"]: rule
    for group in yaml.safe_load(grafana_alerts(Fleet()))["groups"]
    for rule in group["rules"]
}
THEIRS = {
    rule["alert"]: rule
    for group in yaml.safe_load(rule_file(Fleet()))["groups"]
    for rule in group["rules"]
    if "alert" in rule
}


def test_they_are_the_same_alerts() -> None:
    assert list(OURS) == [alert.name for alert in ALERTS]


@pytest.mark.parametrize("name", OURS)
def test_an_alert_asks_what_prometheus_asks_and_waits_as_long(name: str) -> None:
    ours, theirs = OURS[name], THEIRS[name]
    query, condition = ours["data"]
    assert asked(query, condition) == theirs["expr"]
    assert ours["condition"] == condition["refId"]
    assert (ours["for"], ours.get("keepFiringFor")) == (
        theirs.get("for", "0s"),
        theirs.get("keep_firing_for"),
    )
    assert ours.get("labels") == theirs.get("labels")


def asked(query: dict[str, Any], condition: dict[str, Any]) -> str:
    """Query and condition in one expression of PromQL."""
    expression = condition["model"]["expression"]
    return query["model"]["expr"] + ("" if expression == "$A * 0 + 1" else expression.removeprefix("$A"))


@pytest.mark.parametrize("name", OURS)
def test_texts_hold_no_dollar_sign_that_provisioning_could_take_for_a_variable(name: str) -> None:
    texts = [*OURS[name]["annotations"].values(), *OURS[name].get("labels", {}).values()]
    assert not any("$" in text for text in texts)
    assert set(OURS[name]["annotations"]) == set(THEIRS[name]["annotations"])


def test_ids_are_as_grafana_wants_them() -> None:
    ids = [rule["uid"] for rule in OURS.values()]
    assert len(set(ids)) == len(ids)
    assert all(len(one) <= 40 for one in ids)


def test_the_data_source_is_the_one_that_is_provisioned() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    [source] = yaml.safe_load((folder / "datasources" / "prometheus.yaml").read_text())["datasources"]
    assert {rule["data"][0]["datasourceUid"] for rule in OURS.values()} == {source["uid"]}
    other = yaml.safe_load(grafana_alerts(Fleet(), "mimir"))
    assert other["groups"][0]["rules"][0]["data"][0]["datasourceUid"] == "mimir"
