"""The composition root: what was configured becomes what runs. The only module that knows everybody."""

import contextlib
import hashlib
import json
import math
import os
import platform
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from logwatch import __version__, config
from logwatch.catalogue.cache import cache_folder
from logwatch.catalogue.entry import LogKind, Severity
from logwatch.catalogue.folders import shipped_folder
from logwatch.catalogue.recall import recall
from logwatch.daemon.daemon import Daemon
from logwatch.daemon.plan import Knowledge, Plan, Route, Tap, Watched
from logwatch.deliver import time_intervals
from logwatch.deliver.alertmanager import REFRESH_S, Alertmanager
from logwatch.deliver.apprise import Apprise
from logwatch.deliver.event_file import EventFile
from logwatch.deliver.filters import ReceiverFilter
from logwatch.deliver.metrics import Metrics
from logwatch.deliver.outbox import Receiver
from logwatch.deliver.pace import BURST, RATE_PER_S
from logwatch.deliver.pagerduty import PagerDuty
from logwatch.deliver.server import HttpServer
from logwatch.deliver.slack import SlackWebhook
from logwatch.deliver.slack_bot import SlackBot
from logwatch.deliver.terminal import Terminal
from logwatch.deliver.time_intervals import TimeInterval
from logwatch.deliver.webhook import Webhook
from logwatch.errors import ConfigError, Problem
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Publisher
from logwatch.incident.incident import Notice
from logwatch.incident.open import Holds
from logwatch.incident.outcomes import Experience
from logwatch.path_template import PathTemplate, compile_template, labels_for
from logwatch.render import alertmanager, cloudevents, webhook
from logwatch.render.jsonl import event_line
from logwatch.scan.scanner import Scanner
from logwatch.store import Store
from logwatch.systemd import Supervisor
from logwatch.tail.descriptors import Descriptors
from logwatch.tail.feed import Feed
from logwatch.tail.follow import Follower, Source
from logwatch.tail.journald import Journal, JournalFeed
from logwatch.tail.kmsg import KernelFeed, KernelLog
from logwatch.tail.pump import Pump
from logwatch.tail.stream import Stream, StreamFeed

# Without file-system events an idle file is looked at more often.
COLD_WITH_EVENTS_S = 5.0
COLD_SWEPT_S = 1.5
# With them, looks at idle files are there for what no event tells, and take a hundredth of a core at this rate.
IDLE_LOOKS_WITH_EVENTS = 1000
# Alertmanager takes thousands; ours is not to be its only client.
ALERTS_PER_S = 50
# What a webhook gets, by the name of the format.
_BODIES: Mapping[str, tuple[Callable[[Notice], Mapping[str, Any]], str]] = {
    "standard": (webhook.body, "application/json"),
    "cloudevents": (cloudevents.body, cloudevents.CONTENT_TYPE),
    "alertmanager": (alertmanager.webhook_body, "application/json"),
}


class WallClock:
    def now(self) -> float:
        return time.time()


@dataclass(slots=True)
class Assembly:
    """A daemon with what must be opened and closed around it."""

    daemon: Daemon
    settings: config.Config
    session: aiohttp.ClientSession
    server: HttpServer | None
    metrics: Metrics

    async def reload(self, path: Path) -> None:
        """Reads the configuration and the catalogue anew and goes over to them.

        Raises:
            InputError: when either has mistakes; what runs goes on as it is.
        """
        settings = config.load(path, os.environ)
        await self.daemon.adopt(make_plan(settings, make_knowledge(settings), self.session))
        self.settings = settings
        self.metrics.config_reloaded(True, time.time())

    def reload_failed(self) -> None:
        """What was running goes on; the metrics say so."""
        self.metrics.config_reloaded(False, time.time())


@contextlib.asynccontextmanager
async def assembled(settings: config.Config, *, dry_run: bool = False) -> AsyncIterator[Assembly]:
    """Everything that `settings` ask for, ready to run.

    `dry_run`: nothing is sent, remembered or served; what would be sent is printed.

    Raises:
        InputError: the catalogue has mistakes.
        StateError: the state directory cannot be used.
        LogwatchError: the HTTP address cannot be had.
    """
    knowledge = make_knowledge(settings)
    async with contextlib.AsyncExitStack() as stack:
        state_dir = settings.state_dir
        if dry_run:
            state_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="logwatch-")))
        store = stack.enter_context(Store(state_dir))
        session = await stack.enter_async_context(aiohttp.ClientSession(trust_env=True))
        metrics = Metrics()
        metrics.set_build(__version__, knowledge.scanner.engine, platform.python_version())
        metrics.config_reloaded(True, time.time())
        daemon = Daemon(
            make_plan(settings, knowledge, session, dry_run=dry_run),
            store,
            metrics,
            event_file=_event_file(settings, dry_run=dry_run),
            event_line=event_line,
            host=_machine(settings),
            clock=WallClock(),
            max_open_files=min(
                settings.limits.max_open_files, _descriptors(2 * settings.limits.max_open_files) // 2
            ),
            supervisor=Supervisor(os.environ.get("NOTIFY_SOCKET", ""), os.environ.get("WATCHDOG_USEC", "")),
        )
        server = None
        if settings.http.listen is not None and not dry_run:
            server = HttpServer(
                settings.http.listen, metrics, daemon.checks, daemon.status, report=daemon.report
            )
            await server.start()
            stack.push_async_callback(server.close)
        yield Assembly(daemon, settings, session, server, metrics)


@contextlib.asynccontextmanager
async def one_receiver(path: Path, name: str) -> AsyncIterator[Receiver]:
    """The receiver called `name` in the configuration at `path`.

    Raises:
        InputError: the configuration has mistakes, or no such receiver.
    """
    settings = config.load(path, os.environ)
    wanted = next((receiver for receiver in settings.notify if receiver.name == name), None)
    if wanted is None:
        names = ", ".join(receiver.name for receiver in settings.notify) or "none is configured"
        raise ConfigError([Problem(str(path), f"there is no receiver {name!r}", f"name one of: {names}")])
    async with aiohttp.ClientSession(trust_env=True) as session:
        receiver = _receiver(wanted, settings, session)
        try:
            yield receiver
        finally:
            await receiver.close()


def make_knowledge(settings: config.Config) -> Knowledge:
    """The catalogue in force, and what is made of it.

    Raises:
        CatalogueError: with every mistake in every folder.
    """
    shipped = shipped_folder()
    folders = [shipped] if settings.catalogue.shipped else []
    known = recall(
        [*folders, *settings.catalogue.paths],
        proven=[shipped],
        cache=cache_folder(os.environ),
        now=time.time(),
    )
    catalogue, experience = known.catalogue, Experience()
    return Knowledge(
        catalogue,
        Scanner(known.index, timeout_s=settings.limits.pattern_timeout_s),
        Publisher(catalogue.entries, catalogue.version, settings.language),
        Advisor(catalogue.entries, catalogue.version, settings.language, experience),
        experience,
    )


def make_plan(
    settings: config.Config, knowledge: Knowledge, session: aiohttp.ClientSession, *, dry_run: bool = False
) -> Plan:
    """What is to run, in finished parts."""
    if dry_run:
        routes = [_route(config.Terminal(type="terminal", name="terminal"), settings, knowledge, session)]
    else:
        routes = [_route(receiver, settings, knowledge, session) for receiver in settings.notify]
    return Plan(
        knowledge=knowledge,
        watched=[_watched(source, settings) for source in settings.sources],
        routes=routes,
        quiet_after_s=settings.limits.quiet_after_s,
        holds=Holds(**settings.hold.model_dump()),
        batch_bytes=settings.limits.batch_bytes,
        shadow=settings.shadow,
    )


def _watched(source: config.Source, settings: config.Config) -> Watched:
    templates = source.path_labels if isinstance(source, config.Files) else ()
    kind = str(_kind(source))
    labels = {**settings.labels, **source.labels}
    return Watched(
        name=source.name,
        tap=_tap(source, kind, settings),
        kind=kind,
        labels_of_path=partial(_labels_of_path, [compile_template(t) for t in templates], labels),
        fingerprint=_fingerprint(
            source.model_dump_json(),
            settings.limits.model_dump_json(),
            settings.watch,
            json.dumps(labels, sort_keys=True),
        ),
        with_events=settings.watch == "events",
    )


def _kind(source: config.Source) -> LogKind:
    """What the kernel says is of its own kind, unless something else is said."""
    is_kernel = isinstance(source, config.Journald) and source.kernel
    return LogKind.KERNEL if is_kernel and "kind" not in source.model_fields_set else source.kind


def _tap(source: config.Source, kind: str, settings: config.Config) -> Tap:
    """One line per type of source: a file of its own in `tail` does the rest."""
    max_record = settings.limits.max_record_bytes

    def tap(scanner: Callable[[], Scanner], *, max_open_files: int, follow: bool) -> Feed:
        match source:
            case config.Files():
                return Pump(Follower(_files(source, settings), Descriptors(max_open_files)), scanner, kind)
            case config.Journald():
                return JournalFeed(_journal(source, max_record), scanner, kind, follow=follow)
            case config.Kmsg():
                return KernelFeed(_kernel_log(source, settings), scanner, kind)
            case config.Fifo():
                return StreamFeed(Stream(source.name, str(source.path), max_record), scanner, kind)
            case _:
                return StreamFeed(Stream(source.name, max_record=max_record), scanner, kind)

    return tap


def _files(source: config.Files, settings: config.Config) -> Source:
    return Source(
        name=source.name,
        paths=source.paths,
        exclude=source.exclude,
        from_end=source.start_at == "end",
        cold_s=COLD_WITH_EVENTS_S if settings.watch == "events" else COLD_SWEPT_S,
        idle_looks_per_s=IDLE_LOOKS_WITH_EVENTS if settings.watch == "events" else math.inf,
        discovery_s=settings.limits.sweep_s,
        listens=settings.watch == "events",
        max_record=settings.limits.max_record_bytes,
        format=source.format,
    )


def _journal(source: config.Journald, max_record: int) -> Journal:
    return Journal(
        name=source.name,
        kernel=source.kernel,
        units=source.units,
        directory=str(source.directory or ""),
        from_end=source.start_at == "end",
        max_record=max_record,
    )


def _kernel_log(source: config.Kmsg, settings: config.Config) -> KernelLog:
    return KernelLog(source.name, _machine(settings), str(source.path), from_end=source.start_at == "end")


def _labels_of_path(templates: list[PathTemplate], labels: Mapping[str, str], path: str) -> Mapping[str, str]:
    return {**labels, **labels_for(templates, path)}


def _route(
    receiver: config.Destination,
    settings: config.Config,
    knowledge: Knowledge,
    session: aiohttp.ClientSession,
) -> Route:
    language = receiver.language or settings.language
    wanted = ReceiverFilter(
        min_severity=receiver.min_severity or Severity.INFO,
        domains=frozenset(receiver.domains),
        min_confidence=receiver.min_confidence,
        tiers=frozenset(receiver.tiers),
        labels=receiver.labels,
    )
    return Route(
        name=receiver.name,
        fingerprint=_fingerprint(_with_secrets(receiver), language),
        receiver=_receiver(receiver, settings, session),
        accepts=wanted.accepts,
        retold=replace(knowledge.advisor, language=language).retold,
        language=language,
        # A cluster of Alertmanagers forgets what is not repeated, and bears any number of alerts.
        refresh_s=REFRESH_S if isinstance(receiver, config.Alertmanager) else None,
        rate_per_s=ALERTS_PER_S if isinstance(receiver, config.Alertmanager) else RATE_PER_S,
        burst=ALERTS_PER_S if isinstance(receiver, config.Alertmanager) else BURST,
        budget=receiver.budget,
        crowd=receiver.crowd,
        muted_at=partial(_muted_at, _intervals(receiver, settings), bool(receiver.active_time_intervals)),
    )


@dataclass(frozen=True, slots=True)
class _Interval:
    name: str
    mutes: bool
    times: Sequence[TimeInterval]

    def contains(self, now: float) -> bool:
        return any(one.contains(now) for one in self.times)


def _intervals(receiver: config.Destination, settings: config.Config) -> list[_Interval]:
    times = {
        named.name: [_interval(one) for one in named.time_intervals] for named in settings.time_intervals
    }
    return [
        *(_Interval(name, True, times[name]) for name in receiver.mute_time_intervals),
        *(_Interval(name, False, times[name]) for name in receiver.active_time_intervals),
    ]


def _interval(written: config.TimeInterval) -> TimeInterval:
    return TimeInterval(
        times=[time_intervals.time_range(span.start_time, span.end_time) for span in written.times],
        weekdays=[time_intervals.weekday_range(text) for text in written.weekdays],
        days_of_month=[time_intervals.day_range(text) for text in written.days_of_month],
        months=[time_intervals.month_range(text) for text in written.months],
        years=[time_intervals.year_range(text) for text in written.years],
        zone=time_intervals.zone_of(written.location),
    )


def _muted_at(intervals: Sequence[_Interval], has_active: bool, now: float) -> str:
    """The interval by which nothing is said at `now`; empty where something is."""
    for interval in intervals:
        if interval.mutes and interval.contains(now):
            return interval.name
    if has_active and not any(i.contains(now) for i in intervals if not i.mutes):
        return "outside of " + ", ".join(i.name for i in intervals if not i.mutes)
    return ""


def _receiver(  # noqa: PLR0911  one line per kind of destination
    receiver: config.Destination, settings: config.Config, session: aiohttp.ClientSession
) -> Receiver:
    """One line per kind of destination."""
    language = receiver.language or settings.language
    status_url = settings.http.page_url(_machine(settings))
    match receiver:
        case config.Slack(webhook_url=url) if url is not None:
            return SlackWebhook(
                receiver.name, url.get_secret_value(), session, language, status_url=status_url
            )
        case config.SlackBot(token=token) if token is not None:
            secret, channel = token.get_secret_value(), receiver.channel
            return SlackBot(
                receiver.name, secret, channel, session, language, api=receiver.api, status_url=status_url
            )
        case config.PagerDuty(routing_key=key) if key is not None:
            return PagerDuty(
                receiver.name,
                key.get_secret_value(),
                session,
                language,
                url=receiver.url,
                status_url=status_url,
            )
        case config.Webhook(url=url) if url is not None:
            secrets = [secret.get_secret_value() for secret in receiver.secret]
            body, content_type = _BODIES[receiver.format]
            address = url.get_secret_value()
            return Webhook(receiver.name, address, secrets, session, body=body, content_type=content_type)
        case config.Alertmanager():
            return Alertmanager(receiver.name, receiver.urls, session, language, status_url=status_url)
        case config.Apprise(urls=urls) if urls:
            return Apprise(
                receiver.name, [url.get_secret_value() for url in urls], language, status_url=status_url
            )
        case config.Terminal():
            return Terminal(receiver.name, sys.stdout, language, status_url=status_url)
    raise ConfigError(
        [Problem(receiver.name, "says neither where to nor how", "see docs/configuration.md for its keys")]
    )


def _machine(settings: config.Config) -> str:
    """What this machine is called in events and messages."""
    return settings.host or socket.gethostname()


def _descriptors(wanted: int) -> int:
    """How many this process may have, up to `wanted`; half of them stay for sockets, the state, and watches.

    The soft limit is for programs that use select(2), and is raised as far as the hard one lets it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return wanted
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def _event_file(settings: config.Config, *, dry_run: bool) -> EventFile | None:
    return None if dry_run or settings.events.path is None else EventFile(settings.events.path)


def _with_secrets(receiver: config.Destination) -> str:
    """All that makes a receiver another one; goes into a digest only."""
    secrets = []
    for name in receiver.credentials:
        value = getattr(receiver, name)
        values = value if isinstance(value, tuple) else (value,)
        secrets += [secret.get_secret_value() for secret in values if secret is not None]
    return "\0".join([receiver.model_dump_json(), *secrets])


def _fingerprint(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
