"""From the first occurrence of an error to whom it wakes, with the rules as they are shipped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export.site import Receiver, alertmanager, daemon, prometheus, receiver, until
from logwatch.catalogue.load import load, shipped_folder
from logwatch.export.alert_rules import Fleet, rule_file

ERROR = "nvidia/gpu-fallen-off-bus"


def a_line_of(error_id: str) -> str:
    entry = load([shipped_folder()], proven=[shipped_folder()]).entries[error_id]
    assert entry.severity == "critical"
    assert entry.examples is not None
    return entry.examples.match[0].text


def page(taken: Receiver) -> Mapping[str, Any] | None:
    """The first alert about a known error that arrived."""
    alerts = [alert for body in taken.bodies for alert in body["alerts"]]
    return next((a for a in alerts if a["labels"]["alertname"] == "LogwatchKnownErrorCritical"), None)


def test_the_first_occurrence_of_a_critical_error_reaches_whoever_is_on_call(tmp_path: Path) -> None:
    line = a_line_of(ERROR)
    logs = tmp_path / "logs"
    logs.mkdir()
    body = {
        "state_dir": "state",
        "sources": [{"name": "kernel", "paths": ["logs/*.log"], "kind": "kernel"}],
        "events": {"path": "events.jsonl"},
    }
    with (
        receiver() as on_call,
        alertmanager(tmp_path, on_call.address) as alerting,
        daemon(tmp_path / "logwatch.yaml", body) as logwatch,
        prometheus(
            tmp_path,
            {"logwatch": [logwatch.address]},
            rules=rule_file(Fleet()),
            alertmanager=alerting,
        ) as metrics,
    ):
        metrics.until('up{job="logwatch"} == 1')
        assert metrics.query("logwatch_matches_total") == []
        (logs / "kern.log").write_text(line + "\n")
        alert = until(lambda: page(on_call), "the page")

    assert alert["status"] == "firing"
    assert alert["labels"].items() >= {"error_id": ERROR, "severity": "critical", "job": "logwatch"}.items()
    assert "instance" not in alert["labels"]
    assert alert["annotations"]["summary"] == f"{ERROR} was found in the logs"
    assert f"`logwatch explain {ERROR}`" in alert["annotations"]["description"]
    assert alert["annotations"]["runbook_url"] == "docs/alerting.md#logwatchknownerrorcritical"
