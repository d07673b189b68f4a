"""What lies under deploy/ is what `logwatch export` prints.

After a change, `python -m export.test_shipped_files` in the folder `tests` writes them anew.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest

from export.rule_cases import rule_tests
from logwatch.export.alert_rules import Fleet, rule_file
from logwatch.export.dashboard import dashboard_text
from logwatch.export.grafana_alerts import grafana_alerts
from logwatch.export.known_errors_dashboard import known_errors_dashboard
from logwatch.export.own_dashboard import own_dashboard

ROOT = Path(__file__).parents[2]
SHIPPED: Mapping[str, str] = {
    "prometheus/logwatch.rules.yml": rule_file(Fleet()),
    "prometheus/logwatch.rules.test.yml": rule_tests(Fleet()),
    "grafana/dashboards/known-errors.json": dashboard_text(known_errors_dashboard()),
    "grafana/dashboards/logwatch.json": dashboard_text(own_dashboard()),
    "grafana/provisioning/alerting/logwatch.yaml": grafana_alerts(Fleet()),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_file_is_what_is_exported(name: str) -> None:
    assert (ROOT / "deploy" / name).read_text(encoding="utf-8") == SHIPPED[name]


if __name__ == "__main__":
    for name, text in SHIPPED.items():
        (ROOT / "deploy" / name).write_text(text, encoding="utf-8")
