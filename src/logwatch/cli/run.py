"""`logwatch run`: the daemon."""

import asyncio
import os
import signal
import sys
from functools import partial
from pathlib import Path

import click
import structlog

from logwatch import config
from logwatch.assemble import Assembly, assembled
from logwatch.cli.reloading import watch
from logwatch.errors import ListenError, LogwatchError, StateError
from logwatch.own_log import configure

# EX_TEMPFAIL of sysexits.h: to be tried again. A mistake in what was written ends with another one.
_NOT_NOW = 75


@click.command(
    epilog="Signals: HUP reads configuration and catalogue anew; TERM and INT end in order, a second at once."
)
@click.option(
    "-c", "--config", "path", required=True, type=click.Path(path_type=Path), help="The configuration file."
)
@click.option("--once", is_flag=True, help="Read to the end of everything there is, then exit.")
@click.option("--dry-run", is_flag=True, help="Send and remember nothing; print what would be sent.")
def run(path: Path, *, once: bool, dry_run: bool) -> None:
    """Follow logs, count and publish known errors, and tell on-call.

    \b
    logwatch run -c /etc/logwatch/logwatch.yaml
    logwatch run -c logwatch.yaml --dry-run --once

    Exit status: 2 for what a person must mend, as the configuration; 75 for what may pass by itself: the port
    is taken, the state directory is held by another logwatch or cannot be used yet.
    """
    settings = config.load(path, os.environ)
    configure(settings.log.format, settings.log.level)
    try:
        asyncio.run(serve(settings, path, once=once, dry_run=dry_run))
    except (ListenError, StateError) as error:
        click.echo(f"logwatch: {error}", err=True)
        sys.exit(_NOT_NOW)


async def serve(settings: config.Config, path: Path, *, once: bool = False, dry_run: bool = False) -> None:
    """Runs a daemon on `settings` until a signal ends it; `path` is what a reload reads."""
    async with assembled(settings, dry_run=dry_run) as assembly:
        log = structlog.get_logger()
        if assembly.server is not None:
            log.info("serving metrics", address=assembly.server.address)
        if once:
            await assembly.daemon.run_once()
            return
        heed_signals(assembly)
        _heed_reloads(assembly, path)
        watching = asyncio.create_task(watch(path, os.environ, partial(_reload_if_asked, assembly, path)))
        try:
            await assembly.daemon.run()
        finally:
            watching.cancel()


def heed_signals(assembly: Assembly) -> None:
    """TERM and INT end the daemon in order; the next one finds the default and ends the process at once."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        assembly.daemon.stop()

    loop.add_signal_handler(signal.SIGTERM, stop)
    loop.add_signal_handler(signal.SIGINT, stop)


def _heed_reloads(assembly: Assembly, path: Path) -> None:
    loop = asyncio.get_running_loop()
    reloads: set[asyncio.Task[None]] = set()

    def reload() -> None:
        task = loop.create_task(_reload(assembly, path))
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)


async def _reload_if_asked(assembly: Assembly, path: Path) -> None:
    if assembly.settings.reload == "auto":
        await _reload(assembly, path)


async def _reload(assembly: Assembly, path: Path) -> None:
    log = structlog.get_logger()
    try:
        await assembly.reload(path)
    except LogwatchError as error:
        assembly.reload_failed()
        log.warning("not reloaded; what was running goes on", why=str(error))
    else:
        log.info("reloaded")
