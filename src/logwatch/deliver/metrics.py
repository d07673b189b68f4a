"""Every metric, once: its name, its labels, its meaning and its value.

Names follow https://prometheus.io/docs/practices/naming/. No label takes its value from log text: error ids,
domains, categories and severities come from the catalogue, sources and receivers from the configuration, the
rest from closed lists in the program. `docs/metrics.md` repeats the names and meanings; a test compares them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from logwatch.deliver.first_seen import FirstSeen

Labels = tuple[str, ...]

# Ten times what a catalogue of 500 entries gives with four sources; a scrape is then a few megabytes.
MAX_SERIES = 20_000
OVERFLOW = "_overflow"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """One metric: `help` is what an operator reads beside its name."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: Labels = ()

    def overflow(self, labels: Labels) -> Labels:
        """Where series beyond the limit are counted. The severity stays: by it people are paged."""
        return tuple(
            value if name == "severity" else OVERFLOW for name, value in zip(self.labels, labels, strict=True)
        )


MATCHES = Metric(
    "logwatch_matches_total",
    "counter",
    "Known errors found in logs.",
    ("error_id", "domain", "category", "severity", "source"),
)
LAST_MATCH = Metric(
    "logwatch_last_match_timestamp_seconds",
    "gauge",
    "When an error was last found, in seconds since the epoch.",
    ("error_id",),
)
EVENTS_WRITTEN = Metric(
    "logwatch_events_written_total", "counter", "Events that were written to the event file."
)
INCIDENTS_OPEN = Metric("logwatch_incidents_open", "gauge", "Incidents that are not quiet yet.")
NOTIFICATIONS = Metric(
    "logwatch_notifications_total",
    "counter",
    "Tries to deliver a message, by how they ended: ok, rate_limited, auth_error, client_error, server_error,"
    " network_error, timeout or dropped.",
    ("receiver", "outcome"),
)
OUTBOX = Metric(
    "logwatch_outbox_messages", "gauge", "Messages that wait for delivery to a receiver.", ("receiver",)
)
SILENCED = Metric(
    "logwatch_silenced_total",
    "counter",
    "Notices that were held back from a receiver, by reason: silence, interval, crowd, budget or shadow.",
    ("receiver", "reason"),
)
READ_BYTES = Metric("logwatch_read_bytes_total", "counter", "Bytes of logs that were scanned.", ("source",))
SKIPPED_BYTES = Metric(
    "logwatch_skipped_bytes_total",
    "counter",
    "Bytes of logs that could not be scanned, by reason.",
    ("source", "reason"),
)
LAG_BYTES = Metric(
    "logwatch_lag_bytes", "gauge", "Bytes that stand in log files and are not scanned yet.", ("source",)
)
LAST_READ = Metric(
    "logwatch_last_read_timestamp_seconds",
    "gauge",
    "When a source last gave new bytes, in seconds since the epoch.",
    ("source",),
)
LAST_LOOK = Metric(
    "logwatch_last_look_timestamp_seconds",
    "gauge",
    "When a source was last looked at, new bytes or not, in seconds since the epoch; none once it has ended.",
    ("source",),
)
FILES = Metric("logwatch_files", "gauge", "Log files, by what is known of them.", ("source", "state"))
RECORDS_TRUNCATED = Metric(
    "logwatch_records_truncated_total",
    "counter",
    "Records longer than the limit, of which only the beginning was scanned.",
    ("source",),
)
TRUNCATIONS = Metric(
    "logwatch_truncations_total",
    "counter",
    "Times that a log file became shorter and was read again from its start.",
    ("source",),
)
GENERATIONS = Metric(
    "logwatch_generations_total",
    "counter",
    "Lives of log files that began: a new file, a rotation, a file written anew.",
    ("source",),
)
STALLED = Metric(
    "logwatch_source_stalled",
    "gauge",
    "1 while reading a source does not come back for ten seconds, as on a mount that hangs.",
    ("source",),
)
FILES_MISSED = Metric(
    "logwatch_files_missed_total",
    "counter",
    "Log files that came and went before they could be opened: what they held is not known.",
    ("source",),
)
GAPS = Metric(
    "logwatch_gaps_total",
    "counter",
    "Times that a source had dropped records before they could be read, by reason: overrun or cursor_lost.",
    ("source", "reason"),
)
PATTERN_TIMEOUTS = Metric(
    "logwatch_pattern_timeouts_total",
    "counter",
    "Times that a pattern ran into its time limit on a record.",
    ("error_id",),
)
PATTERN_SET_ASIDE = Metric(
    "logwatch_pattern_set_aside",
    "gauge",
    "1 for a pattern that ran into its time limit too often and is not used any more.",
    ("error_id",),
)
CATALOGUE_ENTRIES = Metric("logwatch_catalogue_entries", "gauge", "Entries of the catalogue in force.")
CATALOGUE_INFO = Metric(
    "logwatch_catalogue_info", "gauge", "1, with the catalogue in force in its labels.", ("version", "sha256")
)
CONFIG_RELOADED = Metric(
    "logwatch_config_last_reload_successful",
    "gauge",
    "1 if the configuration was good when it was last read, 0 if the one before it is still in force.",
)
CONFIG_RELOADED_AT = Metric(
    "logwatch_config_last_reload_success_timestamp_seconds",
    "gauge",
    "When a good configuration was last read, in seconds since the epoch.",
)
STATE_ERRORS = Metric("logwatch_state_errors_total", "counter", "Times that the state could not be written.")
STATE_IN_MEMORY = Metric(
    "logwatch_state_in_memory",
    "gauge",
    "1 while the state lives in memory because its disk cannot be written, else 0.",
)
BUILD_INFO = Metric(
    "logwatch_build_info",
    "gauge",
    "1, with the versions of logwatch and Python and the matching engine in its labels.",
    ("version", "engine", "python"),
)

ALL = (
    MATCHES,
    LAST_MATCH,
    EVENTS_WRITTEN,
    INCIDENTS_OPEN,
    NOTIFICATIONS,
    OUTBOX,
    SILENCED,
    READ_BYTES,
    SKIPPED_BYTES,
    LAG_BYTES,
    LAST_READ,
    LAST_LOOK,
    FILES,
    RECORDS_TRUNCATED,
    TRUNCATIONS,
    GENERATIONS,
    STALLED,
    FILES_MISSED,
    GAPS,
    PATTERN_TIMEOUTS,
    PATTERN_SET_ASIDE,
    CATALOGUE_ENTRIES,
    CATALOGUE_INFO,
    CONFIG_RELOADED,
    CONFIG_RELOADED_AT,
    STATE_ERRORS,
    STATE_IN_MEMORY,
    BUILD_INFO,
)

# A series: which metric, and the values of its labels.
_Series = tuple[Metric, Labels]


class Snapshot(Collector):
    """All values at one moment, as one scraper is to see them. May be encoded in another thread."""

    def __init__(
        self,
        values: Mapping[Metric, Mapping[Labels, float]],
        taken_at: float,
        scraper: str | None,
        at_zero: frozenset[_Series],
    ) -> None:
        self._values = values
        self.taken_at = taken_at
        self.scraper = scraper
        self.at_zero = at_zero

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        for metric, series in self._values.items():
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            family = kind(metric.name, metric.help, labels=metric.labels)
            for labels, value in series.items():
                family.add_metric(labels, 0 if (metric, labels) in self.at_zero else value)
            yield family

    def encode(self, accept: str = "") -> tuple[bytes, str]:
        """The body in the best format that `accept`, a header of that name, allows; and its content type."""
        encoder, content_type = choose_encoder(accept)
        return encoder(self), content_type


class Metrics:
    """Counts. All methods are cheap and belong to one thread; only a `Snapshot` may leave it.

    `max_series` limits each metric; what goes over it is counted under the error id `_overflow`.
    """

    def __init__(self, *, max_series: int = MAX_SERIES) -> None:
        self._max_series = max_series
        self._first_seen: FirstSeen[_Series] = FirstSeen()
        self._values: dict[Metric, dict[Labels, float]] = {metric: {} for metric in ALL}
        for metric in ALL:
            if metric.kind == "counter" and not metric.labels:
                self._values[metric][()] = 0

    def matched(
        self, error_id: str, domain: str, category: str, severity: str, source: str, n: int = 1
    ) -> None:
        self._count(MATCHES, (error_id, domain, category, severity, source), n)

    def last_match(self, error_id: str, at: float) -> None:
        self._set(LAST_MATCH, (error_id,), at)

    def events_written(self, n: int) -> None:
        self._count(EVENTS_WRITTEN, (), n)

    def set_incidents_open(self, n: int) -> None:
        self._set(INCIDENTS_OPEN, (), n)

    def delivered(self, receiver: str, outcome: str) -> None:
        self._count(NOTIFICATIONS, (receiver, outcome), 1)

    def set_outbox(self, receiver: str, n: int) -> None:
        self._set(OUTBOX, (receiver,), n)

    def silenced(self, receiver: str, reason: str) -> None:
        self._count(SILENCED, (receiver, reason), 1)

    def read_bytes(self, source: str, n: int) -> None:
        self._count(READ_BYTES, (source,), n)

    def skipped(self, source: str, reason: str, n: int) -> None:
        self._count(SKIPPED_BYTES, (source, reason), n)

    def set_lag(self, source: str, n: int) -> None:
        self._set(LAG_BYTES, (source,), n)

    def last_read(self, source: str, at: float) -> None:
        self._set(LAST_READ, (source,), at)

    def last_look(self, source: str, at: float) -> None:
        self._set(LAST_LOOK, (source,), at)

    def source_ended(self, source: str) -> None:
        """It is not looked at any more, and that is no sign of trouble."""
        self._values[LAST_LOOK].pop((source,), None)

    def set_files(self, source: str, state: str, n: int) -> None:
        self._set(FILES, (source, state), n)

    def record_truncated(self, source: str, n: int = 1) -> None:
        self._count(RECORDS_TRUNCATED, (source,), n)

    def file_truncated(self, source: str) -> None:
        self._count(TRUNCATIONS, (source,), 1)

    def generation_began(self, source: str) -> None:
        self._count(GENERATIONS, (source,), 1)

    def set_stalled(self, source: str, is_stalled: bool) -> None:
        self._set(STALLED, (source,), int(is_stalled))

    def files_missed(self, source: str, n: int) -> None:
        self._count(FILES_MISSED, (source,), n)

    def gap(self, source: str, reason: str, n: int = 1) -> None:
        self._count(GAPS, (source, reason), n)

    def pattern_timeout(self, error_id: str, n: int = 1) -> None:
        self._count(PATTERN_TIMEOUTS, (error_id,), n)

    def set_patterns_aside(self, error_ids: Iterable[str]) -> None:
        """These, and no others, are not used any more."""
        self._values[PATTERN_SET_ASIDE].clear()
        for error_id in error_ids:
            self._set(PATTERN_SET_ASIDE, (error_id,), 1)

    def set_catalogue(self, version: str, sha256: str, entries: int) -> None:
        self._values[CATALOGUE_INFO] = {(version, sha256): 1}
        self._set(CATALOGUE_ENTRIES, (), entries)

    def config_reloaded(self, successful: bool, at: float) -> None:
        self._set(CONFIG_RELOADED, (), int(successful))
        if successful:
            self._set(CONFIG_RELOADED_AT, (), at)

    def state_error(self) -> None:
        self._count(STATE_ERRORS, (), 1)

    def set_state_in_memory(self, in_memory: bool) -> None:
        self._set(STATE_IN_MEMORY, (), int(in_memory))

    def set_build(self, version: str, engine: str, python: str) -> None:
        self._values[BUILD_INFO] = {(version, engine, python): 1}

    def retain(self, sources: Collection[str], receivers: Collection[str]) -> None:
        """After a reload: the gauges of sources and receivers that are gone disappear; counters stay."""
        for metric in (LAG_BYTES, LAST_READ, LAST_LOOK, FILES, STALLED):
            self._values[metric] = {k: v for k, v in self._values[metric].items() if k[0] in sources}
        self._values[OUTBOX] = {k: v for k, v in self._values[OUTBOX].items() if k[0] in receivers}

    def restore(self, series: Iterable[tuple[Labels, int, bool]]) -> None:
        """Goes on from an earlier run: the labels of each series of `MATCHES`, its count, was it exposed."""
        for labels, count, exposed in series:
            place = self._place(MATCHES, labels)
            if place not in self._values[MATCHES]:
                # Of what is in the overflow nobody knows who has seen it; it must not count as new again.
                self._begin(MATCHES, place, young=not exposed and place == labels)
            self._values[MATCHES][place] += count

    def exposed_series(self) -> frozenset[Labels]:
        """The labels of those series of `MATCHES` that some scraper has seen."""
        return frozenset(
            labels for labels in self._values[MATCHES] if self._first_seen.exposed((MATCHES, labels))
        )

    def snapshot(self, scraper: str | None, now: float) -> Snapshot:
        """The values as they are to be shown to `scraper`; None is anyone else, who sees the truth."""
        at_zero = frozenset[_Series]() if scraper is None else self._first_seen.unseen(scraper, now)
        values = {metric: series.copy() for metric, series in self._values.items()}
        return Snapshot(values, now, scraper, at_zero)

    def shown(self, snapshot: Snapshot) -> None:
        """`snapshot` has been sent. One that was not sent must be shown to its scraper again."""
        if snapshot.scraper is not None:
            self._first_seen.saw(snapshot.scraper, snapshot.at_zero, snapshot.taken_at)

    def render(self, scraper: str | None, now: float, accept: str = "") -> bytes:
        """The body for `scraper`, taken, encoded and considered as sent in one step."""
        snapshot = self.snapshot(scraper, now)
        self.shown(snapshot)
        return snapshot.encode(accept)[0]

    def _count(self, metric: Metric, labels: Labels, n: int) -> None:
        place = self._place(metric, labels)
        if place not in self._values[metric]:
            self._begin(metric, place, young=True)
        self._values[metric][place] += n

    def _set(self, metric: Metric, labels: Labels, value: float) -> None:
        self._values[metric][self._place(metric, labels)] = value

    def _place(self, metric: Metric, labels: Labels) -> Labels:
        """`labels`, or the overflow where there is no room for another series."""
        series = self._values[metric]
        if labels in series or len(series) < self._max_series:
            return labels
        return metric.overflow(labels)

    def _begin(self, metric: Metric, labels: Labels, *, young: bool) -> None:
        self._values[metric][labels] = 0
        if young:
            self._first_seen.born((metric, labels))
