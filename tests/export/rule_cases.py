"""When each alert fires and when it does not: series of samples, one a minute, and what is expected."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logwatch.export.alert_rules import ALERTS, Fleet, annotations
from logwatch.export.block_yaml import block_yaml

HEADER = """\
# What the rules beside this file promise: promtool test rules logwatch.rules.test.yml
# Samples are a minute apart; `_` is a scrape before the series was there.
"""
JOB = "logwatch"
XID = {
    "error_id": "nvidia/xid-79",
    "domain": "nvidia",
    "category": "hardware",
    "severity": "critical",
}
TIMEOUT = {
    "error_id": "nccl/watchdog-timeout",
    "domain": "nccl",
    "category": "timeout",
    "severity": "error",
}


@dataclass(frozen=True)
class Firing:
    """One alert that is expected; `value` is how its texts give the value."""

    labels: Mapping[str, str]
    value: str = ""


@dataclass(frozen=True)
class Case:
    """`looks` are minutes and what fires then, of this alert."""

    name: str
    alert: str
    series: Mapping[str, str]
    looks: Mapping[int, Sequence[Firing]] = field(default_factory=dict)


def series(metric: str, instance: str = "node1:9477", job: str = JOB, **labels: str) -> str:
    told = {"job": job, "instance": instance, **labels}
    return metric + "{" + ", ".join(f'{name}="{value}"' for name, value in told.items()) + "}"


def matches(error: Mapping[str, str], instance: str = "node1:9477", source: str = "train") -> str:
    return series("logwatch_matches_total", instance, source=source, **error)


def error_cases() -> list[Case]:
    critical, burst, spreading = (
        "LogwatchKnownErrorCritical",
        "LogwatchKnownErrorBurst",
        "LogwatchErrorSpreading",
    )
    xid, timeout = {"job": JOB, **XID}, {"job": JOB, **TIMEOUT}
    places = [f"node{i}:9477" for i in range(1, 4)]
    return [
        Case(
            "the first occurrence ever, shown at 0 first; over when 40 minutes were quiet",
            critical,
            {matches(XID): "_ _ _ 0 1x100"},
            {3: [], 4: [Firing(xid, "1")], 47: [Firing(xid, "1")], 50: []},
        ),
        Case(
            "two nodes and two sources make one alert",
            critical,
            {
                matches(XID): "0 1x20",
                matches(XID, source="kernel"): "0 1x20",
                matches(XID, "node2:9477"): "0 1x20",
            },
            {3: [Firing(xid, "3")]},
        ),
        Case("old news of a series that was there before", critical, {matches(XID): "7x20"}, {10: []}),
        Case("less than critical", critical, {matches(TIMEOUT): "0 50x20"}, {5: []}),
        Case(
            "more than the ranks of a node",
            burst,
            {matches(TIMEOUT): "0 16x20"},
            {3: [Firing(timeout, "16")]},
        ),
        Case("the ranks of a node", burst, {matches(TIMEOUT): "0 8x20"}, {3: [], 10: []}),
        Case(
            "three places where there was none",
            spreading,
            {matches(TIMEOUT, place): "0 1x100" for place in places},
            {3: [Firing(timeout, "3")], 80: []},
        ),
        Case(
            "two places",
            spreading,
            {matches(TIMEOUT, place): "0 1x20" for place in places[:2]},
            {3: [], 10: []},
        ),
        Case(
            "three places, and no more of them for an hour",
            spreading,
            {matches(TIMEOUT, place): "0+1x100" for place in places},
            {60: []},
        ),
    ]


def own_cases() -> list[Case]:
    warning = {"job": JOB, "severity": "warning"}
    node1 = {**warning, "instance": "node1:9477"}
    return [
        Case(
            "a daemon does not answer for five minutes",
            "LogwatchDown",
            {series("up"): "1 1 0x20", series("up", "node2:9477"): "1x20"},
            {5: [], 8: [Firing(node1)]},
        ),
        Case(
            "a daemon whose target the Prometheus operator found",
            "LogwatchDown",
            {series("up", job="monitoring/logwatch"): "0x20"},
            {6: [Firing({**node1, "job": "monitoring/logwatch"})]},
        ),
        Case("something else is down", "LogwatchDown", {series("up", job="node"): "0x20"}, {10: []}),
        Case(
            "nothing is scraped that is called logwatch",
            "LogwatchAbsent",
            {series("up", job="log-watcher"): "1x20"},
            {3: [], 6: [Firing({"severity": "critical"})]},
        ),
        Case(
            "a daemon that is down is a target all the same",
            "LogwatchAbsent",
            {series("up"): "0x20"},
            {10: []},
        ),
        Case(
            "files have something new, and nothing is read",
            "LogwatchStalled",
            {
                series("logwatch_files", source="train", state="behind"): "0 0 2x30",
                series("logwatch_read_bytes_total", source="train"): "4096x30",
                series("logwatch_files", "node2:9477", source="train", state="behind"): "1x30",
            },
            {4: [], 8: [Firing({**warning, "source": "train"}, "2")]},
        ),
        Case(
            "behind, and reading",
            "LogwatchStalled",
            {
                series("logwatch_files", source="train", state="behind"): "1x30",
                series("logwatch_read_bytes_total", source="train"): "0+4096x30",
            },
            {20: []},
        ),
        Case(
            "idle, with a last line that has no end yet",
            "LogwatchStalled",
            {
                series("logwatch_files", source="train", state="behind"): "0x30",
                series("logwatch_lag_bytes", source="train"): "17x30",
                series("logwatch_read_bytes_total", source="train"): "4096x30",
            },
            {20: []},
        ),
        Case(
            "a mount hangs, on one node of two",
            "LogwatchNotLooking",
            {
                series("logwatch_last_look_timestamp_seconds", source="train"): "0+60x5 300x30",
                series("logwatch_last_look_timestamp_seconds", "node2:9477", source="train"): "0+60x40",
            },
            {14: [], 16: [Firing({**warning, "source": "train"}, "1")]},
        ),
        Case(
            "a source that has ended is not looked at, and has no time of a look",
            "LogwatchNotLooking",
            {series("logwatch_last_look_timestamp_seconds", source="piped"): "0+60x5 _x30"},
            {20: []},
        ),
        Case(
            "two files that cannot be opened, for a quarter of an hour",
            "LogwatchUnreadable",
            {series("logwatch_files", source="train", state="unreadable"): "0 2x30"},
            {10: [], 17: [Firing({**warning, "source": "train"}, "2")]},
        ),
        Case(
            "all files can be opened",
            "LogwatchUnreadable",
            {
                series("logwatch_files", source="train", state="unreadable"): "0x30",
                series("logwatch_files", source="train", state="current"): "9x30",
            },
            {20: []},
        ),
        Case(
            "a file was deleted before it was read",
            "LogwatchDropping",
            {
                series(
                    "logwatch_skipped_bytes_total", source="train", reason="deleted_before_read"
                ): "_ 0 600x30",
            },
            {
                2: [Firing({**warning, "source": "train", "reason": "deleted_before_read"}, "600")],
                20: [],
            },
        ),
        Case(
            "what is skipped on purpose",
            "LogwatchDropping",
            {
                series("logwatch_skipped_bytes_total", source="train", reason=reason): "0 600x30"
                for reason in ("start_at_end", "copy", "hole", "overlong")
            },
            {2: [], 10: []},
        ),
        Case(
            "two files were gone before they could be opened",
            "LogwatchFilesMissed",
            {series("logwatch_files_missed_total", source="train"): "_ 0 2x30"},
            {1: [], 2: [Firing({**warning, "source": "train"}, "2")], 20: []},
        ),
        Case(
            "the kernel's ring was overrun",
            "LogwatchGaps",
            {series("logwatch_gaps_total", source="kernel", reason="overrun"): "_ 0 3x30"},
            {1: [], 2: [Firing({**warning, "source": "kernel", "reason": "overrun"}, "3")], 20: []},
        ),
        Case(
            "messages wait and none arrives",
            "LogwatchNotificationsFailing",
            {
                series("logwatch_outbox_messages", receiver="oncall"): "0 3x60",
                series("logwatch_notifications_total", receiver="oncall", outcome="server_error"): "0+1x60",
            },
            {10: [], 12: [Firing({**warning, "receiver": "oncall"}, "1")]},
        ),
        Case(
            "a message was given up",
            "LogwatchNotificationsFailing",
            {
                series("logwatch_outbox_messages", receiver="oncall"): "0x60",
                series("logwatch_notifications_total", receiver="oncall", outcome="dropped"): "0 1x60",
            },
            {12: [Firing({**warning, "receiver": "oncall"}, "1")], 50: []},
        ),
        Case(
            "messages wait because there are many",
            "LogwatchNotificationsFailing",
            {
                series("logwatch_outbox_messages", receiver="oncall"): "300x60",
                series("logwatch_notifications_total", receiver="oncall", outcome="ok"): "0+60x60",
                series("logwatch_notifications_total", receiver="oncall", outcome="rate_limited"): "0+5x60",
            },
            {30: []},
        ),
        Case(
            "a pattern is not used any more",
            "LogwatchPatternSetAside",
            {series("logwatch_pattern_set_aside", error_id="acme/slow"): "1x20"},
            {1: [Firing({**warning, "error_id": "acme/slow"}, "1")]},
        ),
        Case(
            "all patterns are used",
            "LogwatchPatternSetAside",
            {series("logwatch_catalogue_entries"): "600x20"},
            {1: []},
        ),
        Case(
            "two catalogues for longer than a roll-out takes",
            "LogwatchCatalogueDrift",
            {
                series("logwatch_catalogue_info", version="aaa", sha256="aaa0"): "1x120",
                series("logwatch_catalogue_info", "node2:9477", version="bbb", sha256="bbb0"): "1x120",
                series("logwatch_catalogue_info", "node3:9477", version="bbb", sha256="bbb0"): "1x120",
            },
            {30: [], 61: [Firing(warning, "2")]},
        ),
        Case(
            "one catalogue",
            "LogwatchCatalogueDrift",
            {
                series("logwatch_catalogue_info", f"node{i}:9477", version="aaa", sha256="aaa0"): "1x120"
                for i in range(1, 4)
            },
            {100: []},
        ),
        Case(
            "the disk is full, and has room again",
            "LogwatchStateInMemory",
            {
                series("logwatch_state_in_memory"): "0 1x20 0x20",
                series("logwatch_state_in_memory", "node2:9477"): "0x60",
            },
            {2: [], 4: [Firing(warning, "1")], 30: []},
        ),
        Case(
            "a reload was refused",
            "LogwatchReloadFailed",
            {series("logwatch_config_last_reload_successful"): "1 0x30"},
            {4: [], 7: [Firing(warning, "1")]},
        ),
        Case(
            "a reload was refused and mended",
            "LogwatchReloadFailed",
            {series("logwatch_config_last_reload_successful"): "1 0 0 1x30"},
            {7: [], 20: []},
        ),
    ]


CASES = [*error_cases(), *own_cases()]


def rule_tests(fleet: Fleet) -> str:
    """The file for `promtool test rules`."""
    tests = [_test(case, fleet) for case in CASES]
    return HEADER + block_yaml(
        {
            "rule_files": ["logwatch.rules.yml"],
            "evaluation_interval": "1m",
            "tests": [*tests, _records_test()],
        }
    )


def _test(case: Case, fleet: Fleet) -> dict[str, Any]:
    return {
        "name": f"{case.alert}: {case.name}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{minute}m",
                "alertname": case.alert,
                "exp_alerts": [_expected(case.alert, firing, fleet) for firing in firings],
            }
            for minute, firings in case.looks.items()
        ],
    }


def _expected(name: str, firing: Firing, fleet: Fleet) -> dict[str, Any]:
    alert = next(alert for alert in ALERTS if alert.name == name)
    texts = annotations(alert, fleet)
    return {
        "exp_labels": dict(firing.labels),
        "exp_annotations": {key: _filled_in(text, firing) for key, text in texts.items()},
    }


def _filled_in(template: str, firing: Firing) -> str:
    labelled = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: firing.labels[found[1]], template)
    return re.sub(r"\{\{[^}]*\$value[^}]*\}\}", firing.value, labelled)


def _records_test() -> dict[str, Any]:
    labels = ", ".join(f'{name}="{value}"' for name, value in {"job": JOB, **TIMEOUT}.items())
    at = 3

    def recorded(name: str, value: float) -> dict[str, Any]:
        return {
            "expr": name,
            "eval_time": f"{at}m",
            "exp_samples": [{"labels": f"{name}{{{labels}}}", "value": value}],
        }

    return {
        "name": "recording rules have no place and no source",
        "interval": "1m",
        "input_series": [
            {"series": matches(TIMEOUT, "node1:9477"), "values": "0 4x20"},
            {"series": matches(TIMEOUT, "node1:9477", source="other"), "values": "0 1x20"},
            {"series": matches(TIMEOUT, "node2:9477"), "values": "0 2x20"},
            {"series": matches(TIMEOUT, "node3:9477"), "values": "9x20"},
        ],
        "promql_expr_test": [
            recorded("error_id:logwatch_matches:increase5m", 7),
            recorded("error_id:logwatch_places:count10m", 2),
        ],
    }
