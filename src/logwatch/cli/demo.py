"""`logwatch demo`: the daemon itself on a training run that fails, or on logs of one's own."""

import asyncio
import contextlib
import shlex
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from functools import partial
from importlib.resources import files
from pathlib import Path
from textwrap import dedent

import aiofiles
import click

from logwatch import config
from logwatch.assemble import Assembly, assembled
from logwatch.cli.init import pattern
from logwatch.cli.run import heed_signals
from logwatch.deliver.metrics import (
    LAG_BYTES,
    MATCHES,
    NOTIFICATIONS,
    READ_BYTES,
    Labels,
    Metric,
    Metrics,
)
from logwatch.errors import ListenError
from logwatch.own_log import configure

LISTEN = "127.0.0.1:9477"
# A few seconds of calm, the first error, a quarter of a minute of training, the second.
LINES_A_SECOND = 25.0
# Looks immediate to a person.
_LOOK_EVERY_S = 0.2
_PARTS = files("logwatch") / "demo"


@click.command(short_help="See it work on a failing training run.")
@click.option(
    "--logs", metavar="GLOB", help="Follow these files instead, from their beginnings. A folder: its *.log."
)
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default=LISTEN,
    show_default=True,
    help="Where metrics and the status page are served; if the port is taken, at another one.",
)
@click.option(
    "--speed",
    metavar="N",
    type=click.FloatRange(min=1),
    default=LINES_A_SECOND,
    show_default=True,
    help="Lines of the training run a second.",
)
def demo(logs: str | None, listen: str, speed: float) -> None:
    """\b
    logwatch demo                               a training run that fails
    logwatch demo --logs '/scratch/*/*.log'     your own logs

    Runs the daemon until Ctrl-C, with a receiver that prints here what on-call would get. Needs no
    configuration and sends nothing; all that it writes is in a temporary folder that it removes at the end.
    """
    with tempfile.TemporaryDirectory(prefix="logwatch-demo-") as folder:
        asyncio.run(_show(Path(folder), pattern(logs) if logs else None, listen, speed))
    click.echo("\nStopped, and the demo's folder removed.")


async def _show(folder: Path, logs: str | None, listen: str, speed: float) -> None:
    async with _assembled(folder, {"LOGS": logs or "", "LISTEN": listen}) as assembly:
        heed_signals(assembly)
        showing = _show_own(assembly, folder, logs) if logs else _show_run(assembly, folder, speed)
        shown = asyncio.create_task(showing)
        shown.add_done_callback(partial(_stop_if_failed, assembly))
        try:
            await assembly.daemon.run()
        finally:
            shown.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await shown


def _stop_if_failed(assembly: Assembly, shown: "asyncio.Task[None]") -> None:
    """Where nothing can be shown any more, as in a pipe that was closed, the daemon has no use."""
    if not shown.cancelled() and shown.exception() is not None:
        assembly.daemon.stop()


@contextlib.asynccontextmanager
async def _assembled(folder: Path, variables: Mapping[str, str]) -> AsyncIterator[Assembly]:
    """The daemon on the demo's configuration; on another port where the wanted one is taken."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            assembly = await stack.enter_async_context(assembled(_settings(folder, variables)))
        except ListenError as error:
            click.echo(f"logwatch: {str(error).splitlines()[0]}; another port is used.", err=True)
            elsewhere = {**variables, "LISTEN": "127.0.0.1:0"}
            assembly = await stack.enter_async_context(assembled(_settings(folder, elsewhere)))
        yield assembly


def _settings(folder: Path, variables: Mapping[str, str]) -> config.Config:
    text = (_PARTS / "logwatch.yaml").read_text(encoding="utf-8")
    settings = config.parse(text, folder / "logwatch.yaml", variables)
    configure(settings.log.format, settings.log.level)
    return settings


async def _show_run(assembly: Assembly, folder: Path, speed: float) -> None:
    """Writes the failing run, a line at a time, and tells what came of it."""
    log = folder / "logs" / "rlhf" / "rank0.log"
    lines = (_PARTS / "failing-training.log").read_text(encoding="utf-8").splitlines(keepends=True)
    _say(f"""
        A training run is written to {log},
        {len(lines)} lines, {speed:g} a second. What on-call would get follows here.
        """)
    await asyncio.to_thread(log.parent.mkdir, parents=True)
    async with aiofiles.open(log, "w", encoding="utf-8", buffering=1) as file:
        for line in lines:
            await file.write(line)
            await asyncio.sleep(1 / speed)
    await _until_told(assembly, sum(len(line.encode()) for line in lines))
    _say(f"The run has ended. {_outcome(assembly)}")
    _say_where(assembly, folder)
    _say(f"""
        Append an error to the log, and see it told:
          echo 'RuntimeError: CUDA error: device-side assert triggered' >> {shlex.quote(str(log))}
        Your own logs:
          make run LOGS='/path/*.log'    or    {_logwatch()} demo --logs '/path/*.log'
        """)


async def _show_own(assembly: Assembly, folder: Path, logs: str) -> None:
    """Tells where to look, and when the files have been read to their ends."""
    _say(f"""
        Following {logs} from the beginning. What on-call would get follows here.
        """)
    _say_where(assembly, folder)
    await _until_told(assembly, 0)
    if not _total(assembly.metrics, READ_BYTES):
        _say("There is nothing to read yet. What is written from now on will be.")
        return
    _say(f"Read to the end. {_outcome(assembly)}")


async def _until_told(assembly: Assembly, size: int) -> None:
    """Waits until all there is, `size` bytes or more, is read, and every incident was told."""
    while not _is_told(assembly, size):  # noqa: ASYNC110 - a counter rings no bell
        await asyncio.sleep(_LOOK_EVERY_S)


def _is_told(assembly: Assembly, size: int) -> bool:
    lags = _values(assembly.metrics, LAG_BYTES)
    if not lags or any(lags.values()) or _total(assembly.metrics, READ_BYTES) < size:
        return False
    return _total(assembly.metrics, NOTIFICATIONS) >= len(assembly.daemon.status()["open incidents"])


def _outcome(assembly: Assembly) -> str:
    found = {error_id: n for (error_id, *_), n in _values(assembly.metrics, MATCHES).items()}
    if not found:
        return "No known error was found."
    return "Found: " + ", ".join(f"{error_id} {n:g}×" for error_id, n in found.items()) + "."


def _values(metrics: Metrics, metric: Metric) -> dict[Labels, float]:
    """The series of `metric`, by the values of their labels."""
    families = metrics.snapshot(None, time.time()).collect()
    samples = [sample for family in families for sample in family.samples if sample.name == metric.name]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


def _total(metrics: Metrics, metric: Metric) -> float:
    return sum(_values(metrics, metric).values())


def _say_where(assembly: Assembly, folder: Path) -> None:
    assert assembly.server is not None  # noqa: S101 - the demo's configuration asks for it
    address = f"http://{assembly.server.address}"
    _say(f"""
        status page   {address}/
        metrics       curl -s {address}/metrics | grep matches_total
        events        tail -n 1 {folder}/events.jsonl | python3 -m json.tool
        an error      {_logwatch()} explain pytorch/cuda-out-of-memory
        the end       Ctrl-C
        """)


def _logwatch() -> str:
    """The command as it was typed."""
    return shlex.quote(sys.argv[0]) if Path(sys.argv[0]).name == "logwatch" else "logwatch"


def _say(text: str) -> None:
    click.echo(f"{dedent(text).strip()}\n")
