"""`logwatch export`: what other tools are given, on standard output."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from logwatch.cli.export import export
from logwatch.errors import InputError

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(export, arguments)


def printed(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (["prometheus-rules"], "prometheus/logwatch.rules.yml"),
        (["grafana", "known-errors"], "grafana/dashboards/known-errors.json"),
        (["grafana", "logwatch"], "grafana/dashboards/logwatch.json"),
        (["grafana", "alerts"], "grafana/provisioning/alerting/logwatch.yaml"),
        (["systemd"], "systemd/logwatch.service"),
        (["systemd", "credentials.conf"], "systemd/credentials.conf"),
    ],
)
def test_what_is_printed_is_what_is_shipped(arguments: list[str], file: str) -> None:
    assert printed(*arguments) == (DEPLOY / file).read_text(encoding="utf-8")


def test_rules_can_be_made_to_fit_a_site() -> None:
    options = ["--job", "gpu-logs", "--drop", "rack", "--runbooks", "https://wiki.example.com/alerts"]
    for text in (printed("prometheus-rules", *options), printed("grafana", "alerts", *options)):
        assert 'up{job=~"gpu-logs"} == 0' in text
        assert "node, host, rack, source)" in text
        assert "runbook_url: https://wiki.example.com/alerts#logwatchdown" in text


def test_the_prometheus_operator_gets_a_manifest() -> None:
    assert yaml.safe_load(printed("prometheus-rules", "--for-operator"))["kind"] == "PrometheusRule"


def test_grafana_is_told_which_data_source_to_ask() -> None:
    assert "datasourceUid: mimir\n" in printed("grafana", "alerts", "--datasource-uid", "mimir")


def test_what_is_no_label_is_not_dropped() -> None:
    result = run("prometheus-rules", "--drop", "rack) or vector(1")
    assert result.exit_code == 2
    assert "is not the name of a label" in result.output


@pytest.mark.parametrize("what", ["entry", "config", "event"])
def test_schemas_are_schemas(what: str) -> None:
    schema = json.loads(printed("schema", what))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"].startswith("logwatch")


def test_an_unknown_file_for_systemd_lists_those_there_are() -> None:
    error = run("systemd", "../../pyproject.toml").exception
    assert isinstance(error, InputError)
    assert "name one of: " in str(error)
    assert "logwatch.service" in str(error)


def test_whoever_has_installed_it_elsewhere_is_told_what_the_unit_starts() -> None:
    told = run("systemd").stderr
    is_there = Path("/opt/logwatch/bin/logwatch").exists()
    assert ("change ExecStart" in told) != is_there
    assert run("systemd", "kmsg.conf").stderr == ""


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"{sys.executable} -m logwatch export grafana logwatch | head -n 1"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("{\n", "")
