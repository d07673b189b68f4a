"""The dashboard for on-call: what breaks, how often, where."""

from typing import Any

from logwatch.export.dashboard import Panel, Query, Row, Variable, dashboard, stat, timeseries

UID = "logwatch-known-errors"
# What the reader has chosen at the head of the dashboard.
_CHOSEN = 'cluster=~"$cluster", job=~"$job", severity=~"$severity", error_id=~"$error_id"'
_FLEET = 'cluster=~"$cluster", job=~"$job"'

_VARIABLES = (
    Variable("cluster", "cluster", "logwatch_build_info"),
    Variable("job", "job", 'logwatch_build_info{cluster=~"$cluster"}', all_value=None),
    Variable("severity", "severity", f"logwatch_matches_total{{{_FLEET}}}"),
    Variable("error_id", "error_id", f'logwatch_matches_total{{{_FLEET}, severity=~"$severity"}}'),
)


def known_errors_dashboard() -> dict[str, Any]:
    return dashboard(
        uid=UID,
        title="Known errors",
        description="Known errors in the logs of training and GPU jobs, as logwatch finds them.",
        variables=_VARIABLES,
        since="now-6h",
        rows=[
            Row("Now", 4, _now()),
            Row("What", 10, [_by_error(), _by_severity()]),
            Row("Each error", 12, [_errors()]),
            Row("When and where", 10, [_over_time(), _places()]),
            Row("Alerts", 8, [_alerts()]),
        ],
    )


def _now() -> list[Panel]:
    return [
        stat(
            "Critical, last hour",
            f'sum(increase(logwatch_matches_total{{{_FLEET}, severity="critical"}}[1h])) or vector(0)',
            "Matches of entries whose severity is critical, in the last hour.",
            alarm_at=1,
        ),
        stat(
            "Errors, last hour",
            f"sum(increase(logwatch_matches_total{{{_CHOSEN}}}[1h])) or vector(0)",
            "Matches of all that is chosen above, in the last hour.",
        ),
        stat(
            "Different errors, last hour",
            f"count(sum by (error_id) (increase(logwatch_matches_total{{{_CHOSEN}}}[1h])) > 0) or vector(0)",
            "How many entries matched in the last hour.",
        ),
        stat(
            "Places, last hour",
            f"count(sum by (instance) (increase(logwatch_matches_total{{{_CHOSEN}}}[1h])) > 0) or vector(0)",
            "Daemons that found something in the last hour: nodes, or pods with a sidecar.",
        ),
        stat(
            "Open incidents",
            f"sum(logwatch_incidents_open{{{_FLEET}}})",
            "Incidents that are not quiet yet, over all daemons. A job on ten nodes has ten.",
        ),
        stat(
            "Daemons that do not answer",
            f"sum(up{{{_FLEET}}} == bool 0)",
            "From these places nothing is heard. The dashboard of logwatch itself says more.",
            alarm_at=1,
        ),
    ]


def _by_error() -> Panel:
    expr = (
        f"topk(10, sum by (error_id) (increase(logwatch_matches_total{{{_CHOSEN}}}[$__rate_interval])) > 0)"
    )
    return timeseries(
        "Matches by error",
        Query(expr, "{{error_id}}"),
        "The ten most frequent at each moment.",
        style="bars",
        width=16,
    )


def _by_severity() -> Panel:
    expr = f"sum by (severity) (increase(logwatch_matches_total{{{_CHOSEN}}}[$__rate_interval]))"
    return timeseries(
        "Matches by severity", Query(expr, "{{severity}}"), "As the catalogue has it.", style="bars"
    )


def _errors() -> Panel:
    """One row for each error. The queries share the label `error_id` only, by which they are joined."""
    matches = f"logwatch_matches_total{{{_CHOSEN}}}"
    seen = (
        f"max by (error_id) (logwatch_last_match_timestamp_seconds"
        f'{{{_FLEET}, error_id=~"$error_id"}}) * 1000 and on (error_id) {matches}'
    )
    queries = [
        Query(f"max by (error_id, severity, domain, category) ({matches})", as_table=True),
        Query(f"sum by (error_id) (increase({matches}[1h]))", as_table=True),
        Query(f"sum by (error_id) (increase({matches}[24h]))", as_table=True),
        Query(f"count by (error_id) (count by (error_id, instance) ({matches}))", as_table=True),
        Query(seen, as_table=True),
    ]
    columns = {
        "error_id": "error",
        "severity": "severity",
        "domain": "domain",
        "category": "category",
        "Value #B": "last hour",
        "Value #C": "last 24 hours",
        "Value #D": "places ever",
        "Value #E": "last seen",
    }
    hidden = ["Time", *(f"Time {i}" for i in range(1, len(queries) + 1)), "Value #A"]
    return Panel(
        "Errors",
        "table",
        queries,
        "`logwatch explain ERROR` tells the cause, what to try first and what not to.",
        width=24,
        options={"sortBy": [{"displayName": "last seen", "desc": True}]},
        defaults={"decimals": 0},
        extra={
            "transformations": [
                {"id": "joinByField", "options": {"byField": "error_id", "mode": "outer"}},
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": dict.fromkeys(hidden, True),
                        "indexByName": {name: i for i, name in enumerate(columns)},
                        "renameByName": columns,
                    },
                },
            ],
            "fieldConfig": {
                "defaults": {"unit": "short", "decimals": 0},
                "overrides": [
                    _override("last seen", [{"id": "unit", "value": "dateTimeFromNow"}]),
                    _override("error", [{"id": "links", "value": [_ONLY_THIS_ERROR]}]),
                ],
            },
        },
    )


_ONLY_THIS_ERROR = {
    "title": "Only this error",
    "url": f"/d/{UID}?${{__url_time_range}}&${{datasource:queryparam}}&var-error_id=${{__value.raw}}",
}


def _override(column: str, properties: list[dict[str, Any]]) -> dict[str, Any]:
    return {"matcher": {"id": "byName", "options": column}, "properties": properties}


def _over_time() -> Panel:
    return Panel(
        "Errors over time",
        "status-history",
        [
            Query(
                f"sum by (error_id) (increase(logwatch_matches_total{{{_CHOSEN}}}[$__rate_interval])) > 0",
                "{{error_id}}",
            )
        ],
        "What came together, and what came first.",
        width=14,
        options={"showValue": "never", "rowHeight": 0.9},
        defaults={"color": {"mode": "continuous-YlRd"}},
        # A cell is at least a minute, or there would be more cells than pixels.
        extra={"interval": "1m", "maxDataPoints": 120},
    )


def _places() -> Panel:
    expr = f"topk(20, sum by (instance) (increase(logwatch_matches_total{{{_CHOSEN}}}[$__range])) > 0)"
    return Panel(
        "Places with most matches",
        "bargauge",
        [Query(expr, "{{instance}}", as_table=True)],
        "Choose one error above to see where it comes from.",
        width=10,
        options={
            "orientation": "horizontal",
            "displayMode": "basic",
            "reduceOptions": {"values": True, "calcs": ["lastNotNull"]},
        },
        defaults={"decimals": 0},
    )


def _alerts() -> Panel:
    return Panel(
        "Alerts that fire",
        "state-timeline",
        [
            Query(
                'max by (alertname, error_id) (ALERTS{alertname=~"Logwatch.*", alertstate="firing"})',
                "{{alertname}} {{error_id}}",
            )
        ],
        "Those that Prometheus evaluates. Empty while nothing fires.",
        width=24,
        options={"showValue": "never", "mergeValues": True},
        defaults={"color": {"mode": "fixed", "fixedColor": "red"}},
    )
