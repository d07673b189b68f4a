"""When to wake somebody, as Prometheus rules.

Alerts about known errors speak for a whole fleet: five hundred nodes that see one error make one alert, and
the dashboard says which nodes. Alerts about logwatch itself do the same, but for a daemon that is down.
docs/alerting.md has a section for each.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from logwatch.export.block_yaml import block_yaml
from logwatch.incident.fold import QUIET_AFTER_S

# What tells the daemons of one fleet apart: labels of the target, as Prometheus and its operator set them.
PLACES = ("instance", "pod", "container", "endpoint", "node", "host")
# A PodMonitor puts its namespace in front.
JOB = "(.+/)?logwatch"
RUNBOOKS = "docs/alerting.md"

_HEADER = """\
# Alerts on known errors and on logwatch itself. Written by `logwatch export prometheus-rules`;
# docs/alerting.md says what each means and what to do. Needs Prometheus 2.42 or newer.
#
# The first occurrence of an error alerts, too: logwatch shows every new counter series to a scraper at 0
# first, so that increase() sees it rise. Windows of 5 minutes are right for scrape intervals up to two.
"""


@dataclass(frozen=True, slots=True)
class Fleet:
    """How a site's Prometheus knows its daemons.

    `job` is a regular expression (RE2) for the label `job` of their targets. `places` are the labels that
    tell daemons of one fleet apart; alerts do not have them. `runbooks` is where docs/alerting.md stands.
    """

    job: str = JOB
    places: Sequence[str] = PLACES
    runbooks: str = RUNBOOKS


@dataclass(frozen=True, slots=True)
class Alert:
    """One alerting rule. `wait` is its `for`, `keep` its `keep_firing_for`.

    It fires where the value of `expr` is more than `over`, or, without `over`, where there is any. In `expr`,
    PLACES stands for the labels of a place and JOB for the expression of the job. Without a `severity` the
    alert has that of the error. Texts are templates of Prometheus.
    """

    name: str
    expr: str
    summary: str
    description: str
    over: int | None = None
    severity: Literal["warning", "critical"] | None = None
    wait: str = ""
    keep: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One recording rule; `expr` as for an alert."""

    name: str
    expr: str


# By error, over all places and sources: what a federation or a remote store needs of a fleet.
RECORDS = (
    Record(
        "error_id:logwatch_matches:increase5m",
        """\
sum without (PLACES, source) (
  increase(logwatch_matches_total[5m])
)""",
    ),
    Record(
        "error_id:logwatch_places:count10m",
        """\
count without (PLACES) (
  sum without (source) (increase(logwatch_matches_total[10m])) > 0
)""",
    ),
)

# Counts are "about" so many: increase() extrapolates from its samples to the ends of the window.
_CONCERNED = 'Daemons concerned: {{ printf "%.0f" $value }}.'
_EXPLAIN = (
    "`logwatch explain {{ $labels.error_id }}` tells the cause, what to try first and what not to; the"
    " dashboard Known errors tells where."
)
# As long as the daemon itself takes an incident for open, unless `limits.quiet_after_s` says otherwise.
_QUIET_AFTER = f"{QUIET_AFTER_S / 60:.0f}m"

KNOWN_ERRORS = (
    Alert(
        "LogwatchKnownErrorCritical",
        """\
sum without (PLACES, source) (
  increase(logwatch_matches_total{severity="critical"}[5m])
)""",
        over=0,
        summary="{{ $labels.error_id }} was found in the logs",
        description=_EXPLAIN,
        keep=_QUIET_AFTER,
    ),
    # The eight ranks of one node print the error they die of once each; more is a larger job, or a loop.
    Alert(
        "LogwatchKnownErrorBurst",
        """\
sum without (PLACES, source) (
  increase(logwatch_matches_total{severity="error"}[10m])
)""",
        over=10,
        summary="{{ $labels.error_id }} is found again and again",
        description='Found about {{ printf "%.0f" $value }} times in 10 minutes. ' + _EXPLAIN,
        keep=_QUIET_AFTER,
    ),
    Alert(
        "LogwatchErrorSpreading",
        """\
(
  count without (PLACES) (
    sum without (source) (increase(logwatch_matches_total{severity=~"error|critical"}[10m])) > 0
  ) >= 3
)
unless
(
  count without (PLACES) (
    sum without (source) (increase(logwatch_matches_total{severity=~"error|critical"}[10m] offset 10m)) > 0
  )
  >=
  count without (PLACES) (
    sum without (source) (increase(logwatch_matches_total{severity=~"error|critical"}[10m])) > 0
  )
)""",
        summary="{{ $labels.error_id }} is spreading",
        description='Found in {{ printf "%.0f" $value }} places within 10 minutes, and in fewer in the 10'
        " minutes before. " + _EXPLAIN,
        keep=_QUIET_AFTER,
    ),
)

OWN = (
    Alert(
        "LogwatchDown",
        "up{job=~JOB} == 0",
        summary="logwatch on {{ $labels.instance }} does not answer",
        description="Errors on {{ $labels.instance }} are neither counted nor told.",
        severity="warning",
        wait="5m",
    ),
    Alert(
        "LogwatchAbsent",
        "absent(up{job=~JOB})",
        summary="no logwatch is scraped at all",
        description="No target has a job that fits JOB. Either it was taken out of the scrape configuration,"
        " or its job has another name: then export these rules with --job.",
        severity="critical",
        wait="5m",
    ),
    Alert(
        "LogwatchStalled",
        """\
count without (PLACES, state) (
  logwatch_files{state="behind"} > 0
  unless ignoring (state)
  increase(logwatch_read_bytes_total[10m]) > 0
)""",
        summary="source {{ $labels.source }} is not read any more",
        description="Its files have something new in them, and nothing of it is read. Look for a mount that"
        f" hangs and for files that cannot be opened. {_CONCERNED}",
        severity="warning",
        wait="5m",
    ),
    # A source is looked at once a minute at the least; what has ended has no such time. Clocks that differ by
    # ten minutes have other alerts.
    Alert(
        "LogwatchNotLooking",
        """\
count without (PLACES) (
  time() - logwatch_last_look_timestamp_seconds > 600
)""",
        summary="source {{ $labels.source }} is not looked at any more",
        description="For ten minutes no look at it came to an end: a mount hangs, or a search of a very large"
        f" tree takes that long. What is written there goes unseen. {_CONCERNED}",
        severity="warning",
    ),
    Alert(
        "LogwatchUnreadable",
        """\
sum without (PLACES, state) (
  logwatch_files{state="unreadable"}
)""",
        over=0,
        summary="files of source {{ $labels.source }} cannot be read",
        description='{{ printf "%.0f" $value }} paths cannot be opened or looked into. `logwatch check`, run'
        " as the daemon's user, names the obstacle.",
        severity="warning",
        wait="15m",
    ),
    # Not what was skipped on purpose (start_at_end, copy), what holds no text (hole), and the ends of
    # lines over the limit, whose beginnings are scanned.
    Alert(
        "LogwatchDropping",
        """\
sum without (PLACES) (
  increase(logwatch_skipped_bytes_total{reason!~"copy|hole|overlong|start_at_end"}[15m])
)""",
        over=0,
        summary="bytes of source {{ $labels.source }} were lost before they were read",
        description="About {{ $value | humanize1024 }}B in 15 minutes, reason {{ $labels.reason }}: an error"
        " that stood in them was not seen.",
        severity="warning",
    ),
    Alert(
        "LogwatchFilesMissed",
        """\
sum without (PLACES) (
  increase(logwatch_files_missed_total[15m])
)""",
        over=0,
        summary="files of source {{ $labels.source }} came and went unread",
        description='About {{ printf "%.0f" $value }} in 15 minutes were gone before they could be opened. An'
        " error that stood in them was not seen.",
        severity="warning",
    ),
    Alert(
        "LogwatchGaps",
        """\
sum without (PLACES) (
  increase(logwatch_gaps_total[15m])
)""",
        over=0,
        summary="records of source {{ $labels.source }} were dropped before they could be read",
        description='About {{ printf "%.0f" $value }} times in 15 minutes, reason {{ $labels.reason }}: an'
        " error that stood in them was not seen.",
        severity="warning",
    ),
    # The first half waits for what is late, the second hears of what was given up.
    Alert(
        "LogwatchNotificationsFailing",
        """\
count without (PLACES) (
  (
    logwatch_outbox_messages > 0
    unless
    sum without (outcome) (increase(logwatch_notifications_total{outcome="ok"}[15m])) > 0
  )
  or
  sum without (outcome) (increase(logwatch_notifications_total{outcome="dropped"}[30m])) > 0
)""",
        summary="messages to {{ $labels.receiver }} do not arrive",
        description="They wait or were given up; `logwatch notify test {{ $labels.receiver }} -c FILE` says"
        f" why. {_CONCERNED}",
        severity="warning",
        wait="10m",
    ),
    Alert(
        "LogwatchPatternSetAside",
        """\
count without (PLACES) (
  logwatch_pattern_set_aside == 1
)""",
        summary="{{ $labels.error_id }} is not looked for any more",
        description="Its pattern took too long too often. Until it is mended and the daemon started anew,"
        f" this error goes unseen. {_CONCERNED}",
        severity="warning",
    ),
    # A roll-out may take an hour.
    Alert(
        "LogwatchCatalogueDrift",
        """\
count without (version, sha256) (
  count without (PLACES) (logwatch_catalogue_info)
)""",
        over=1,
        summary="the daemons of {{ $labels.job }} have different catalogues",
        description='{{ printf "%.0f" $value }} versions have been in force for an hour: some nodes do not'
        " know the newest errors.",
        severity="warning",
        wait="1h",
    ),
    # A disk that is full for a moment is nothing to be woken for.
    Alert(
        "LogwatchStateInMemory",
        """\
count without (PLACES) (
  logwatch_state_in_memory == 1
)""",
        summary="the state of logwatch cannot be written",
        description="It goes on in memory: a restart now loses positions and unsent messages. Look at the"
        f" space and the mount of the state directory. {_CONCERNED}",
        severity="warning",
        wait="2m",
    ),
    Alert(
        "LogwatchReloadFailed",
        """\
count without (PLACES) (
  logwatch_config_last_reload_successful == 0
)""",
        summary="logwatch goes on with an old configuration",
        description="The configuration or the catalogue that was to be loaded has mistakes. `logwatch check`"
        f" names them. {_CONCERNED}",
        severity="warning",
        wait="5m",
    ),
)

ALERTS = KNOWN_ERRORS + OWN


def rule_file(fleet: Fleet) -> str:
    """A rule file for `rule_files` in prometheus.yml."""
    return _HEADER + block_yaml(_groups(fleet))


def operator_manifest(fleet: Fleet) -> str:
    """The same as a PrometheusRule, for the Prometheus operator."""
    return _HEADER + block_yaml(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "logwatch", "labels": {"app.kubernetes.io/name": "logwatch"}},
            "spec": _groups(fleet),
        }
    )


def expression(rule: Alert | Record, fleet: Fleet) -> str:
    """The PromQL of `rule`, for this fleet; without the comparison with `over`."""
    return rule.expr.replace("PLACES", ", ".join(fleet.places)).replace("JOB", _quoted(fleet.job))


def annotations(alert: Alert, fleet: Fleet) -> Mapping[str, str]:
    """What the alert says, and where to read on."""
    return {
        "summary": alert.summary,
        "description": alert.description.replace("JOB", _quoted(fleet.job)),
        "runbook_url": f"{fleet.runbooks}#{alert.name.lower()}",
    }


def _groups(fleet: Fleet) -> Mapping[str, Any]:
    return {
        "groups": [
            {"name": "logwatch.records", "rules": [_record(record, fleet) for record in RECORDS]},
            {"name": "logwatch.known-errors", "rules": [_alert(alert, fleet) for alert in KNOWN_ERRORS]},
            {"name": "logwatch.own", "rules": [_alert(alert, fleet) for alert in OWN]},
        ]
    }


def _record(record: Record, fleet: Fleet) -> Mapping[str, Any]:
    return {"record": record.name, "expr": expression(record, fleet)}


def _alert(alert: Alert, fleet: Fleet) -> Mapping[str, Any]:
    fires_above = "" if alert.over is None else f" > {alert.over}"
    rule: dict[str, Any] = {"alert": alert.name, "expr": expression(alert, fleet) + fires_above}
    if alert.wait:
        rule["for"] = alert.wait
    if alert.keep:
        rule["keep_firing_for"] = alert.keep
    if alert.severity:
        rule["labels"] = {"severity": alert.severity}
    return {**rule, "annotations": annotations(alert, fleet)}


def _quoted(text: str) -> str:
    """As a string of PromQL, whose escapes are those of Go."""
    return json.dumps(text, ensure_ascii=False)
