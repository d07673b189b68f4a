"""Alert rules: sound to promtool, about metrics that exist, and each explained to whoever it wakes."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from export.rule_cases import CASES
from export.site import required
from logwatch.deliver.metrics import ALL
from logwatch.export.alert_rules import (
    ALERTS,
    PLACES,
    RECORDS,
    Alert,
    Fleet,
    Record,
    operator_manifest,
    rule_file,
)

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "prometheus"
RULES = [*ALERTS, *RECORDS]
# What every target has, whatever it exposes.
TARGET_LABELS = {"job", "instance", *PLACES}


def promtool(*arguments: str) -> None:
    program = required("promtool", "prometheus")
    result = subprocess.run([program, *arguments], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_promtool_finds_nothing_wrong_with_the_shipped_rules() -> None:
    promtool("check", "rules", "logwatch.rules.yml")


def test_the_shipped_rules_do_what_is_promised() -> None:
    promtool("test", "rules", "logwatch.rules.test.yml")


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_is_shown_to_fire_and_not_to_fire(alert: Alert) -> None:
    looks = [look for case in CASES if case.alert == alert.name for look in case.looks.values()]
    assert any(looks)
    assert any(not look for look in looks)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rules_ask_for_metrics_and_labels_that_exist(rule: Alert | Record) -> None:
    known = {metric.name: set(metric.labels) for metric in ALL} | {"up": set[str]()}
    asked = re.findall(r"\b(logwatch_\w+|up)\b(?:\{([^}]*)\})?", rule.expr)
    assert asked
    for metric, matchers in asked:
        assert set(re.findall(r"(\w+)(?:=~|!~|!=|=)", matchers)) <= known[metric] | TARGET_LABELS


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_every_alert_leads_to_its_own_section(alert: Alert) -> None:
    sections = re.findall(r"^#+ (\w+)$", (ROOT / "docs" / "alerting.md").read_text(), re.MULTILINE)
    assert sections.count(alert.name) == 1


def test_every_section_about_an_alert_has_its_alert() -> None:
    sections = re.findall(r"^#+ (Logwatch\w+)$", (ROOT / "docs" / "alerting.md").read_text(), re.MULTILINE)
    assert sections == [alert.name for alert in ALERTS]


def test_a_site_can_say_how_its_prometheus_knows_the_daemons(tmp_path: Path) -> None:
    fleet = Fleet(r'gpu-"logs"\d', (*PLACES, "rack"), "https://wiki.example.com/logwatch")
    text = rule_file(fleet)
    rules = {
        rule["alert"]: rule
        for group in yaml.safe_load(text)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    assert rules["LogwatchDown"]["expr"] == r'up{job=~"gpu-\"logs\"\\d"} == 0'
    assert (
        "without (instance, pod, container, endpoint, node, host, rack, source)"
        in (rules["LogwatchKnownErrorCritical"]["expr"])
    )
    runbook = rules["LogwatchStalled"]["annotations"]["runbook_url"]
    assert runbook == "https://wiki.example.com/logwatch#logwatchstalled"
    path = tmp_path / "rules.yml"
    path.write_text(text)
    promtool("check", "rules", str(path))


def test_the_operator_gets_the_same_groups_in_a_manifest() -> None:
    manifest = yaml.safe_load(operator_manifest(Fleet()))
    assert (manifest["apiVersion"], manifest["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
    assert manifest["metadata"]["name"] == "logwatch"
    assert manifest["spec"] == yaml.safe_load(rule_file(Fleet()))
