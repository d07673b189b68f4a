"""`logwatch check`: everything that could keep the daemon from working, as a ticked list."""

import concurrent.futures
import os
import pwd
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from logwatch.cli.checks.disk import check_events, check_state
from logwatch.cli.checks.feeds import check_fifo, check_journal, check_kernel_log, nothing_to_check
from logwatch.cli.checks.finding import Finding, Mark, counted, of_problem
from logwatch.cli.checks.knowledge import check_catalogue
from logwatch.cli.checks.network import check_port, check_receiver
from logwatch.cli.checks.sources import check_source
from logwatch.cli.terminal import wants_colour
from logwatch.config import (
    DEFAULT_PATH,
    Alertmanager,
    Config,
    Examined,
    Fifo,
    Files,
    Journald,
    Kmsg,
    PagerDuty,
    Slack,
    SlackBot,
    Source,
    Webhook,
    doubts,
    examine,
)
from logwatch.render.inert import inert_line
from logwatch.tail.journald import Journal

# A tree of a hundred thousand files is looked through in a few seconds; what takes longer hangs.
PATIENCE_S = 30.0
_COLOURS = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.TROUBLE: "red"}


@dataclass(frozen=True, slots=True)
class _Check:
    subject: str
    look: Callable[[], Iterable[Finding]]


@click.command(short_help="Check configuration, catalogue, files and receivers.")
@click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default=DEFAULT_PATH,
    show_default=True,
    help="The configuration file.",
)
@click.option("--offline", is_flag=True, help="Do not try to reach the receivers.")
def check(path: Path, offline: bool) -> None:
    """Check everything that could keep the daemon from working, and say what to do about it.

    Looks at the configuration, the catalogue, the files of every source, the state directory, the event
    file, the port and the receivers. Nothing is sent, and nothing is left behind. Run it as the user that
    the daemon runs as.

    \b
    Exit status: 0 all is well, or only warnings (!); 2 something is wrong (✗).
    """
    examined = examine(path, os.environ)
    checks = list(plan(path, examined, offline=offline))
    width = max(len(c.subject) for c in checks)
    findings: list[Finding] = []
    for finding in carry_out(checks, PATIENCE_S):
        findings.append(finding)
        for line in told(finding, width, colour=wants_colour()):
            click.echo(line)
    click.echo(summary(findings, _user(), path))
    sys.exit(2 if any(finding.mark is Mark.TROUBLE for finding in findings) else 0)


def plan(path: Path, examined: Examined, *, offline: bool) -> Iterator[_Check]:
    """What there is to look at: all of it, but for sections that could not be understood."""
    yield _Check("config", lambda: check_config(path, examined))
    config = examined.config
    if config is None:
        return
    yield from (c for section, c in _by_section(config, offline) if section not in examined.broken)


def _by_section(config: Config, offline: bool) -> Iterator[tuple[str, _Check]]:
    catalogue, events = config.catalogue, config.events
    files = [source for source in config.sources if isinstance(source, Files)]
    read = [(source.name, source.paths, source.exclude) for source in files]
    yield (
        "catalogue",
        _Check("catalogue", partial(check_catalogue, catalogue.shipped, catalogue.paths)),
    )
    for source in config.sources:
        yield "sources", _Check(f"source {source.name}", _look_at(source))
    yield "state_dir", _Check("state", lambda: check_state(config.state_dir, _mountinfo()))
    yield "events", _Check("events", partial(check_events, events.path, events.to_stdout, read))
    yield "http", _Check("http", partial(check_port, config.http.address))
    for subject, urls in _destinations(config):
        yield "notify", _Check(subject, partial(check_receiver, subject, urls, offline))


def _look_at(source: Source) -> Callable[[], Iterable[Finding]]:
    """One line per type of source."""
    subject = f"source {source.name}"
    match source:
        case Files():
            return partial(check_source, source.name, source.paths, source.exclude, source.path_labels)
        case Journald():
            options = Journal("", source.kernel, source.units, str(source.directory or "")).options
            return partial(check_journal, subject, options)
        case Kmsg():
            return partial(check_kernel_log, subject, source.path)
        case Fifo():
            return partial(check_fifo, subject, source.path)
        case _:
            return partial(nothing_to_check, subject)


def _destinations(config: Config) -> Iterator[tuple[str, Sequence[str]]]:
    for receiver in config.notify:
        subject = f"{receiver.type} {receiver.name}"
        match receiver:
            case Slack(webhook_url=secret) | Webhook(url=secret) if secret is not None:
                yield subject, [secret.get_secret_value()]
            case Alertmanager(urls=urls):
                yield subject, urls
            case SlackBot(api=address) | PagerDuty(url=address):
                yield subject, [address]
            case _:
                yield subject, []


def check_config(path: Path, examined: Examined) -> Iterator[Finding]:
    """The file itself: what is wrong with it, what is doubtful, and what it keeps from being checked."""
    if not examined.problems:
        yield Finding(Mark.OK, "config", str(path))
    yield from (of_problem(problem, "config") for problem in examined.problems)
    if examined.config is None:
        yield Finding(Mark.WARNING, "config", "nothing else can be checked until this is mended")
        return
    if examined.problems:
        yield Finding(Mark.WARNING, "config", "what has mistakes is left out of the checks below")
    yield from (of_problem(doubt, "config", Mark.WARNING) for doubt in doubts(examined.config))


def carry_out(checks: Sequence[_Check], patience_s: float) -> Iterator[Finding]:
    """The findings of all `checks`, in their order.

    Each runs in a thread of its own, so that a hung mount or a silent server costs its own line only.
    """
    started = [(check, _started(check)) for check in checks]
    deadline = time.monotonic() + patience_s
    for check, outcome in started:
        concurrent.futures.wait([outcome], timeout=max(0.0, deadline - time.monotonic()))
        if outcome.done():
            yield from outcome.result()
        else:
            yield Finding(
                Mark.TROUBLE,
                check.subject,
                f"no answer in {patience_s:g} s",
                "look for a mount or a name server that hangs",
            )


def _started(check: _Check) -> "concurrent.futures.Future[list[Finding]]":
    outcome: concurrent.futures.Future[list[Finding]] = concurrent.futures.Future()

    def look() -> None:
        try:
            outcome.set_result(list(check.look()))
        except OSError as error:
            outcome.set_result([Finding(Mark.TROUBLE, check.subject, str(error))])
        except BaseException as error:  # noqa: BLE001  # raised again by whoever asks for the result
            outcome.set_exception(error)

    # A daemon thread: the process does not wait for what hangs.
    threading.Thread(target=look, daemon=True).start()
    return outcome


def told(finding: Finding, width: int, *, colour: bool = False) -> Iterator[str]:
    """The finding as lines of the list; `width` is that of the longest subject. Pure."""
    mark = click.style(finding.mark, fg=_COLOURS[finding.mark]) if colour else str(finding.mark)
    yield f"  {mark} {finding.subject:<{width}}  {inert_line(finding.text)}"
    if finding.remedy:
        yield f"    {'':<{width}}  → {inert_line(finding.remedy)}"


def summary(findings: Sequence[Finding], user: str, path: Path) -> str:
    """How it stands, and what to do next. Pure."""
    troubles = sum(finding.mark is Mark.TROUBLE for finding in findings)
    warnings = sum(finding.mark is Mark.WARNING for finding in findings)
    noticed = counted(warnings, "warning")
    if troubles:
        return f"{counted(troubles, 'thing')} to mend, {noticed}; checked as user {user}."
    how = f"Nothing to mend, {noticed}" if warnings else "All is well"
    return f"{how}; checked as user {user}. Next: logwatch run -c {path}"


def _mountinfo() -> str:
    try:
        return Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
