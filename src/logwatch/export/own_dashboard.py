"""The dashboard for those who run logwatch: does it read everything, know enough, deliver what it says?"""

from typing import Any

from logwatch.export.dashboard import Panel, Query, Row, Variable, dashboard, stat, timeseries

UID = "logwatch-itself"
_CHOSEN = 'cluster=~"$cluster", job=~"$job", instance=~"$instance"'

_VARIABLES = (
    Variable("cluster", "cluster", "logwatch_build_info"),
    Variable("job", "job", 'logwatch_build_info{cluster=~"$cluster"}', all_value=None),
    Variable("instance", "instance", 'logwatch_build_info{cluster=~"$cluster", job=~"$job"}'),
)


def own_dashboard() -> dict[str, Any]:
    return dashboard(
        uid=UID,
        title="logwatch itself",
        description="Whether logwatch reads everything, knows enough and delivers what it says.",
        variables=_VARIABLES,
        since="now-6h",
        rows=[
            Row("Now", 4, _now()),
            Row("Reading", 9, _reading()),
            Row("Recognising", 9, _recognising()),
            Row("Telling", 9, _telling()),
            Row("Versions", 9, _versions()),
        ],
    )


def _now() -> list[Panel]:
    return [
        stat("Daemons that answer", f"sum(up{{{_CHOSEN}}})", "Targets that could be scraped."),
        stat(
            "Daemons that do not",
            f"sum(up{{{_CHOSEN}}} == bool 0)",
            "Their errors are neither counted nor told.",
            alarm_at=1,
        ),
        stat(
            "Catalogues in force",
            f"count(count by (sha256) (logwatch_catalogue_info{{{_CHOSEN}}}))",
            "More than one for longer than a roll-out takes: some nodes do not know the newest errors.",
            alarm_at=2,
        ),
        stat(
            "On an old configuration",
            f"sum(logwatch_config_last_reload_successful{{{_CHOSEN}}} == bool 0)",
            "Daemons that refused to load what they were given last; `logwatch check` says why.",
            alarm_at=1,
        ),
        stat(
            "Patterns set aside",
            f"count(logwatch_pattern_set_aside{{{_CHOSEN}}} == 1) or vector(0)",
            "They took too long too often and are not looked for any more.",
            alarm_at=1,
        ),
        stat(
            "State not written, 24 h",
            f"sum(increase(logwatch_state_errors_total{{{_CHOSEN}}}[24h]))",
            "Times that a daemon had to go on in memory.",
            alarm_at=1,
        ),
    ]


def _reading() -> list[Panel]:
    def per_hour(name: str, legend: str) -> Query:
        return Query(f"sum(increase(logwatch_{name}_total{{{_CHOSEN}}}[1h])) or vector(0)", legend)

    return [
        timeseries(
            "Bytes scanned",
            Query(
                f"sum by (source) (rate(logwatch_read_bytes_total{{{_CHOSEN}}}[$__rate_interval]))",
                "{{source}}",
            ),
            "By source.",
            unit="Bps",
        ),
        timeseries(
            "Lag",
            Query(f"sum by (source) (logwatch_lag_bytes{{{_CHOSEN}}})", "{{source}}"),
            "Bytes that stand in files and are not scanned yet.",
            unit="bytes",
        ),
        timeseries(
            "Bytes skipped",
            Query(
                f"sum by (source, reason)"
                f" (increase(logwatch_skipped_bytes_total{{{_CHOSEN}}}[$__rate_interval]))",
                "{{source}} {{reason}}",
            ),
            "What was not scanned, and why. docs/alerting.md explains the reasons.",
            unit="bytes",
            style="bars",
        ),
        timeseries(
            "Files",
            [
                Query(f"sum by (state) (logwatch_files{{{_CHOSEN}}})", "{{state}}"),
                Query(f"sum(logwatch_source_stalled{{{_CHOSEN}}})", "sources that hang"),
            ],
            "current: read to the end. unfinished: all but a line without an end. behind: there is more."
            " nameless: deleted or renamed, and read on. unreadable: paths that cannot be opened.",
        ),
        timeseries(
            "Time since the last new bytes",
            Query(
                f"time() - max by (source) (logwatch_last_read_timestamp_seconds{{{_CHOSEN}}})", "{{source}}"
            ),
            "A source that should be busy and is not.",
            unit="s",
        ),
        timeseries(
            "Lives of files, per hour",
            [
                per_hour("generations", "began"),
                per_hour("truncations", "truncated"),
                per_hour("records_truncated", "lines over the limit"),
                per_hour("files_missed", "came and went unread"),
                per_hour("gaps", "gaps in the journal or the kernel's log"),
            ],
            "Rotation and restarts show here; many lines over the limit ask for a larger one.",
        ),
    ]


def _recognising() -> list[Panel]:
    return [
        timeseries(
            "Matches and events",
            [
                Query(f"sum(rate(logwatch_matches_total{{{_CHOSEN}}}[$__rate_interval])) * 60", "matches"),
                Query(
                    f"sum(rate(logwatch_events_written_total{{{_CHOSEN}}}[$__rate_interval])) * 60",
                    "events written",
                ),
            ],
            "Per minute. Events behind matches: the event file cannot be written, or there is none.",
        ),
        timeseries(
            "Patterns that ran out of time",
            Query(
                "topk(10, sum by (error_id)"
                f" (increase(logwatch_pattern_timeouts_total{{{_CHOSEN}}}[$__rate_interval])))",
                "{{error_id}}",
            ),
            "The ten slowest. `logwatch catalogue lint` finds out why.",
            style="bars",
        ),
        Panel(
            "Patterns set aside",
            "table",
            [Query(f"count by (error_id) (logwatch_pattern_set_aside{{{_CHOSEN}}} == 1)", as_table=True)],
            "By how many daemons. Empty is good.",
            width=8,
            extra={
                "transformations": [
                    {
                        "id": "organize",
                        "options": {
                            "excludeByName": {"Time": True},
                            "renameByName": {"error_id": "error", "Value": "daemons"},
                        },
                    }
                ]
            },
        ),
    ]


def _telling() -> list[Panel]:
    return [
        timeseries(
            "Tries to deliver, by outcome",
            Query(
                "sum by (receiver, outcome)"
                f" (increase(logwatch_notifications_total{{{_CHOSEN}}}[$__rate_interval]))",
                "{{receiver}} {{outcome}}",
            ),
            "dropped: given up for good. rate_limited: the receiver asked for patience.",
            style="bars",
        ),
        timeseries(
            "Messages that wait",
            Query(f"sum by (receiver) (logwatch_outbox_messages{{{_CHOSEN}}})", "{{receiver}}"),
            "They are kept over restarts and sent when the receiver takes messages again.",
        ),
        timeseries(
            "Notices held back",
            Query(
                "sum by (receiver, reason)"
                f" (increase(logwatch_silenced_total{{{_CHOSEN}}}[$__rate_interval]))",
                "{{receiver}} {{reason}}",
            ),
            "By a silence, by a time interval, as one of a crowd, over the budget, or as only counted.",
            style="bars",
        ),
    ]


def _versions() -> list[Panel]:
    return [
        timeseries(
            "Catalogues",
            Query(f"count by (version) (logwatch_catalogue_info{{{_CHOSEN}}})", "{{version}}"),
            "Daemons by the catalogue in force.",
        ),
        timeseries(
            "Entries in force",
            [
                Query(f"max(logwatch_catalogue_entries{{{_CHOSEN}}})", "most"),
                Query(f"min(logwatch_catalogue_entries{{{_CHOSEN}}})", "fewest"),
            ],
            "Over all daemons.",
        ),
        Panel(
            "Builds",
            "table",
            [
                Query(
                    f"count by (version, engine, python) (logwatch_build_info{{{_CHOSEN}}})", as_table=True
                ),
                Query(
                    "min by (version, engine, python) (logwatch_config_last_reload_success_timestamp_seconds"
                    f"{{{_CHOSEN}}} * on (instance, job) group_left (version, engine, python)"
                    f" logwatch_build_info{{{_CHOSEN}}}) * 1000",
                    as_table=True,
                ),
            ],
            "Daemons by version, engine and Python, and when the first of them last loaded a configuration.",
            width=8,
            extra={
                "transformations": [
                    {"id": "merge", "options": {}},
                    {
                        "id": "organize",
                        "options": {
                            "excludeByName": {"Time": True},
                            "renameByName": {"Value #A": "daemons", "Value #B": "oldest configuration"},
                        },
                    },
                ],
                "fieldConfig": {
                    "defaults": {"unit": "short"},
                    "overrides": [
                        {
                            "matcher": {"id": "byName", "options": "oldest configuration"},
                            "properties": [{"id": "unit", "value": "dateTimeFromNow"}],
                        }
                    ],
                },
            },
        ),
    ]
