"""Parts of a Grafana dashboard, in its Classic JSON model, which every version since 9 loads.

https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
No panel names a data source: all use the variable `datasource`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 39
# Grafana's grid.
COLUMNS = 24
_HEADING_HEIGHT = 1

_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL expression. `legend` may hold `{{label}}`; `as_table` asks for the value of now only."""

    expr: str
    legend: str = ""
    as_table: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel, `width` of 24 columns wide. `unit` is one of Grafana's; `extra` are further keys of JSON.

    `custom` goes into the defaults of all fields, as `{"drawStyle": "bars"}` for a time series.
    """

    title: str
    kind: str
    queries: Sequence[Query]
    description: str
    width: int
    unit: str = "short"
    options: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """A heading and the panels below it, side by side, all of one height."""

    title: str
    height: int
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the head of the dashboard: the values of `label` over the series of `metric`.

    `all_value` is what stands for all of them; None: each by its name, where other programs have more.
    """

    name: str
    label: str
    metric: str
    # Series without the label are among them: not every site has clusters.
    all_value: str | None = ".*"


def dashboard(
    *, uid: str, title: str, description: str, variables: Sequence[Variable], rows: Sequence[Row], since: str
) -> dict[str, Any]:
    """A dashboard that shows the time from `since` to now."""
    return {
        "uid": uid,
        "title": title,
        "description": description,
        "tags": ["logwatch"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": since, "to": "now"},
        "refresh": "1m",
        "templating": {"list": [_DATASOURCE_VARIABLE, *map(_variable, variables)]},
        "links": [
            {
                "type": "dashboards",
                "title": "logwatch",
                "tags": ["logwatch"],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
            }
        ],
        "annotations": {"list": []},
        "panels": list(_laid_out(rows)),
    }


def dashboard_text(board: Mapping[str, Any]) -> str:
    """The dashboard as a file to import or to provision."""
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"


def stat(title: str, expr: str, description: str, *, alarm_at: int | None = None, width: int = 4) -> Panel:
    """One large number; red from `alarm_at` on."""
    steps: list[dict[str, Any]] = [{"color": "green" if alarm_at else "blue", "value": None}]
    if alarm_at:
        steps.append({"color": "red", "value": alarm_at})
    return Panel(
        title,
        "stat",
        [Query(expr, as_table=True)],
        description,
        width,
        options={"colorMode": "value", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}},
        defaults={"decimals": 0, "thresholds": {"mode": "absolute", "steps": steps}},
    )


def timeseries(
    title: str,
    queries: Query | Sequence[Query],
    description: str,
    *,
    unit: str = "short",
    style: Literal["lines", "bars"] = "lines",
    width: int = 8,
) -> Panel:
    """Values over time; bars are stacked."""
    custom: dict[str, Any] = {"drawStyle": style, "fillOpacity": 10, "showPoints": "never"}
    if style == "bars":
        custom |= {"fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal"}}
    return Panel(
        title,
        "timeseries",
        [queries] if isinstance(queries, Query) else queries,
        description,
        width,
        unit,
        options={"legend": {"displayMode": "table", "placement": "bottom", "calcs": ["max", "lastNotNull"]}},
        custom=custom,
        defaults={"min": 0},
    )


_DATASOURCE_VARIABLE = {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus",
    "refresh": 1,
}


def _variable(variable: Variable) -> dict[str, Any]:
    query = f"label_values({variable.metric}, {variable.label})"
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _DATASOURCE,
        "query": {"query": query, "refId": variable.name},
        "definition": query,
        "refresh": 2,  # whenever the time range changes
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": variable.all_value,
        "current": {"text": "All", "value": "$__all"},
    }


def _laid_out(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    number, y = 0, 0
    for row in rows:
        number += 1
        place = {"x": 0, "y": y, "w": COLUMNS, "h": _HEADING_HEIGHT}
        yield {"id": number, "type": "row", "title": row.title, "gridPos": place, "panels": []}
        y += _HEADING_HEIGHT
        x = 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + row.height
            number += 1
            place = {"x": x, "y": y, "w": panel.width, "h": row.height}
            yield {"id": number, **_panel(panel), "gridPos": place}
            x += panel.width
        y += row.height


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "targets": [_target(query, chr(ord("A") + i)) for i, query in enumerate(panel.queries)],
        "options": dict(panel.options),
        "fieldConfig": {
            "defaults": {"unit": panel.unit, **panel.defaults, "custom": dict(panel.custom)},
            "overrides": [],
        },
        **panel.extra,
    }


def _target(query: Query, ref_id: str) -> dict[str, Any]:
    return {
        "refId": ref_id,
        "datasource": _DATASOURCE,
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "instant": query.as_table,
        "range": not query.as_table,
        "format": "table" if query.as_table else "time_series",
    }
