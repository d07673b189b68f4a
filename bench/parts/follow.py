"""Following many files that are written all the time, beside mtail with one pattern."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Part, Row, at_most, limit, percentile
from bench.latency import latencies
from bench.logs import healthy_lines, tree
from bench.peers import Peer, find
from bench.picture import line_chart
from bench.process import FailedError, Server, daemon, mtail
from bench.setting import Setting

FILES, LINES_PER_S = 1_000, 10
_MEAN_LINE = sum(len(line.encode()) + 1 for line in healthy_lines()) / len(healthy_lines())
_COUNTS = (100, 300, 1_000, 3_000)
_SAMPLES = 100
# What starts has files to open and code to load; that so much is written we notice after five seconds.
_SETTLE_S = 3.0
_SETTLE_OURS_S = 10.0
_PATTERN = "CUDA out of memory"
LINE = (
    f"torch.OutOfMemoryError: {_PATTERN}. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.15 GiB"
)
MATCHES = "logwatch_matches_total"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a core, and lines that were read in a second."""

    cores: float
    lines: float

    def __str__(self) -> str:
        return f"{self.cores * 100:.1f} % of a core, {self.lines:,.0f} lines/s"


def measure(setting: Setting) -> Part:
    part = Part("Following")
    mtail_found = find("mtail", "mtail")
    ours: dict[int, Cost] = {}
    theirs: dict[int, Cost] = {}
    for count in _COUNTS:
        folder = setting.folder / f"of-{count}"
        logs = list(tree(folder / "logs", count, 100))
        paths = f"{folder}/logs/*/*.log"
        taken: list[float] = []
        with writing(logs, LINES_PER_S), daemon(folder / "run", setting.cache, paths) as server:
            ours[count] = _measured(
                server, _SETTLE_OURS_S, setting.wanted.seconds, "logwatch_read_bytes_total"
            )
            if count == FILES:
                taken = latencies(server, MATCHES, logs, LINE, _SAMPLES)
        if mtail_found is not None:
            with contextlib.suppress(FailedError), writing(logs, LINES_PER_S):
                theirs[count] = _mtail(mtail_found, folder, paths, setting.wanted.seconds)
        if count == FILES:
            part.rows.extend(_rows(ours[count], theirs.get(count), mtail_found))
            part.rows.append(limit("line to counter, p50", percentile(taken, 50) * 1e3, 150, "ms"))
            part.rows.append(limit("line to counter, p99", percentile(taken, 99) * 1e3, 300, "ms"))
    part.rows.extend(
        Row(
            f"{count:,} files × {LINES_PER_S} lines/s",
            str(ours[count]),
            f"mtail {theirs[count]}" if count in theirs else "",
        )
        for count in _COUNTS
        if count != FILES
    )
    lines = {"logwatch, all patterns": [(count, cost.cores * 100) for count, cost in ours.items()]}
    if theirs:
        lines["mtail, one pattern"] = [(count, cost.cores * 100) for count, cost in theirs.items()]
    part.pictures["cost-by-files.svg"] = line_chart(
        f"Processor time, by files of {LINES_PER_S} lines a second",
        "files",
        "% of a core",
        lines,
        log_x=False,
    )
    part.method = [
        f"A process of its own writes {LINES_PER_S} healthy lines a second into each file, one write a line, spread"
        f" over the time. Processor time is that of all threads during {setting.wanted.seconds} s, from proc(5),"
        f" after {_SETTLE_OURS_S:.0f} s to settle; mtail gets its turn with the same files and writer. The lines that"
        " each has read meanwhile, by its own metrics, stand beside: a busy machine writes fewer.",
        f"mtail has one pattern, `{_PATTERN}`; logwatch has the whole catalogue, and writes its state and events.",
        f"*Line to counter*: a known error is written into one of the {FILES:,} files, and `/metrics` is asked every"
        f" 10 ms until the count has risen; {_SAMPLES} times, while all files are written to.",
    ]
    return part


def _rows(ours: Cost, theirs: Cost | None, peer: Peer | None) -> Iterator[Row]:
    what = f"{FILES:,} files × {LINES_PER_S} lines/s"
    if theirs is not None and peer is not None:
        beside = f"mtail {peer.version}, one pattern, {theirs.lines:,.0f} lines/s:"
        seen = f"{what}, {ours.lines:,.0f} lines/s read"
        yield at_most(seen, ours.cores * 100, theirs.cores * 100, beside, 0.3, "% of a core")
    else:
        yield Row(what, str(ours), "mtail could not be had" if peer is None else "mtail failed")


def _measured(server: Server, settle_s: float, during_s: float, counter: str) -> Cost:
    server.cores(settle_s)
    before = server.metric(counter)
    cores = server.cores(during_s)
    read = (server.metric(counter) - before) / during_s
    return Cost(cores, read if counter == "mtail_lines_total" else read / _MEAN_LINE)


def _mtail(peer: Peer, folder: Path, paths: str, during_s: float) -> Cost:
    own = folder / "mtail"
    own.mkdir()
    with mtail(peer.program, own, paths, _PATTERN) as server:
        return _measured(server, _SETTLE_S, during_s, "mtail_lines_total")


@contextlib.contextmanager
def writing(logs: Sequence[Path], lines_per_s: float) -> Iterator[None]:
    """Meanwhile `logs` are written to."""
    arguments = [sys.executable, "-m", "bench.writer", str(lines_per_s)]
    writer = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdin is not None
    assert writer.stdout is not None
    try:
        writer.stdin.write("".join(f"{log}\n" for log in logs))
        writer.stdin.close()
        writer.stdout.readline()
        yield
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
