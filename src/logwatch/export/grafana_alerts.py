"""The same alerts, evaluated by Grafana: a file for its `provisioning/alerting` folder.

Format: https://grafana.com/docs/grafana/latest/alerting/set-up/provision-alerting-resources/file-provisioning/
For sites without rules in Prometheus. `keepFiringFor` needs Grafana 12; older ones pass over it.
"""

from collections.abc import Mapping
from typing import Any

from logwatch.export.alert_rules import KNOWN_ERRORS, OWN, Alert, Fleet, annotations, expression
from logwatch.export.block_yaml import block_yaml

DATASOURCE_UID = "prometheus"
# As often as Prometheus does by default.
_EVERY = "1m"
# Wanted by the format; an instant query looks at its end only.
_RANGE_S = 600

_HEADER = """\
# Alerts on known errors and on logwatch itself, evaluated by Grafana. Written by
# `logwatch export grafana alerts`. Load these or the rules for Prometheus: with both, alerts come twice.
"""


def grafana_alerts(fleet: Fleet, datasource_uid: str = DATASOURCE_UID) -> str:
    """`datasource_uid` names the Prometheus data source in Grafana."""
    groups = (("logwatch known errors", KNOWN_ERRORS), ("logwatch itself", OWN))
    return _HEADER + block_yaml(
        {
            "apiVersion": 1,
            "groups": [
                {
                    "orgId": 1,
                    "name": name,
                    "folder": "logwatch",
                    "interval": _EVERY,
                    "rules": [_rule(alert, fleet, datasource_uid) for alert in alerts],
                }
                for name, alerts in groups
            ],
        }
    )


def _rule(alert: Alert, fleet: Fleet, datasource_uid: str) -> Mapping[str, Any]:
    rule: dict[str, Any] = {
        "uid": alert.name.lower(),
        "title": alert.name,
        "condition": "B",
        "data": [_query(expression(alert, fleet), datasource_uid), _condition(alert)],
        # A query that finds nothing is how an alert does not fire.
        "noDataState": "OK",
        "execErrState": "Error",
        "for": alert.wait or "0s",
    }
    if alert.keep:
        rule["keepFiringFor"] = alert.keep
    if alert.severity:
        rule["labels"] = {"severity": alert.severity}
    told = annotations(alert, fleet)
    return {**rule, "annotations": {name: _template(text) for name, text in told.items()}}


def _query(expr: str, datasource_uid: str) -> Mapping[str, Any]:
    return {
        "refId": "A",
        "relativeTimeRange": {"from": _RANGE_S, "to": 0},
        "datasourceUid": datasource_uid,
        "model": {"refId": "A", "expr": expr, "instant": True, "range": False},
    }


def _condition(alert: Alert) -> Mapping[str, Any]:
    """Grafana fires for every value but 0. What a query returns may be 0 and a reason to fire (`up == 0`)."""
    fires = "$A * 0 + 1" if alert.over is None else f"$A > {alert.over}"
    return {
        "refId": "B",
        "relativeTimeRange": {"from": 0, "to": 0},
        "datasourceUid": "__expr__",
        "model": {
            "refId": "B",
            "type": "math",
            "expression": fires,
            "datasource": {"type": "__expr__", "uid": "__expr__"},
        },
    }


def _template(text: str) -> str:
    """The template as Grafana takes it. Without dollar signs, which provisioning may take for variables."""
    return text.replace("$labels.", ".Labels.").replace("$value", ".Values.A.Value")
