"""`make bench`: how fast logs are scanned and what the daemon costs. Writes docs/performance.md.

Usage: python -m bench [--megabytes 200] [--log FILE] [--print-only]

A log of one's own gives truer figures than the generated one.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import IO, cast

from logwatch.catalogue import load as catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.scan.engine import available, build
from logwatch.scan.literals import derive
from logwatch.scan.scanner import Rule
from logwatch.tail.oneshot import CHUNK

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
# The best of so many runs: what else the machine does only ever adds time.
RUNS = 3
LOGWATCH = [sys.executable, "-m", "logwatch"]
# Our patterns speak of ASCII, too; in Unicode ripgrep's automaton would not fit in memory.
RIPGREP = ["rg", "--no-config", "--no-unicode", "--regex-size-limit=1G", "--dfa-size-limit=1G"]
ERRORS = ("accelerate", "OutOfMemoryError")
CONFIG = """\
state_dir: state
sources: [{name: bench, paths: [logs/*.log]}]
events: {path: events.jsonl}
http: {listen: "127.0.0.1:0"}
log: {format: json, level: info}
"""


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    value: str
    remark: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--megabytes", type=int, default=200, help="size of the generated log")
    parser.add_argument("--log", type=Path, help="a log to use instead")
    parser.add_argument("--print-only", action="store_true", help="leave docs/performance.md as it is")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="logwatch-bench-") as folder:
        log = wanted.log or healthy_log(Path(folder) / "healthy.log", wanted.megabytes * 1_000_000)
        figures = list(measure(log, Path(folder)))
    report = table(figures)
    print(report)
    if not wanted.print_only:
        DOCUMENT.write_text(document(report, wanted.log is None), encoding="utf-8")
        print(f"written to {DOCUMENT}")


def healthy_log(path: Path, size: int) -> Path:
    """The healthy lines of the demo's log, again and again, with step numbers that go on counting."""
    text = (files("logwatch") / "demo" / "failing-training.log").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not any(error in line for error in ERRORS)]
    written = turn = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            turn += 1
            numbered = (re.sub(r"step([=:] ?)(\d+)", rf"step\g<1>{turn}\2", line) for line in lines)
            written += file.write("\n".join(numbered) + "\n")
    return path


def measure(log: Path, folder: Path) -> Iterator[Figure]:
    known = catalogue.load([catalogue.shipped_folder()])
    rules = rules_of(known.entries.values())
    size = log.stat().st_size / 1e6
    one_line = folder / "one-line.log"
    one_line.write_text("step 1\n")
    yield Figure("log", f"{size:,.0f} MB", f"{len(rules)} patterns, catalogue {known.version}")
    yield Figure("literals alone", f"{size / best(literals_alone(log, rules)):,.0f} MB/s", available()[0])
    start = best(command([*LOGWATCH, "scan", "--format", "json", str(one_line)]))
    whole = best(command([*LOGWATCH, "scan", "--format", "json", str(log)]))
    yield Figure("`logwatch scan`, one line", f"{start * 1000:,.0f} ms", "start to end")
    yield Figure("`logwatch scan`", f"{size / whole:,.0f} MB/s", f"{whole:.2f} s with its start")
    yield Figure("`logwatch scan`, without its start", f"{size / max(whole - start, 1e-9):,.0f} MB/s")
    yield ripgrep(log, rules, folder)
    yield from daemon(folder)


def best(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    return min(_seconds(work) for _ in range(RUNS))


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def command(arguments: Sequence[str]) -> Callable[[], None]:
    """A process that finds nothing or something, which is its status, and has no trouble, which is 2."""

    def run() -> None:
        if subprocess.run(arguments, stdout=subprocess.DEVNULL, check=False).returncode > 1:
            sys.exit(f"failed: {arguments}")

    return run


def literals_alone(log: Path, rules: Sequence[Rule]) -> Callable[[], None]:
    """The floor: reading, and looking for the literals, with nothing made of what is found."""
    engine = build(sorted({literal for rule in rules for literal in derive(rule.pattern).any_of}, key=str))

    def look() -> None:
        with log.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                engine.find(chunk)

    return look


def ripgrep(log: Path, rules: Sequence[Rule], folder: Path) -> Figure:
    if shutil.which("rg") is None:
        return Figure("`rg -f`", "not installed")
    # Names of groups are of no use to it, and may not repeat in a list.
    nameless = [re.sub(r"\(\?P<\w+>", "(", rule.pattern) for rule in rules]
    patterns = [pattern for pattern in nameless if _accepted_by_ripgrep(pattern)]
    listed = folder / "patterns"
    listed.write_text("\n".join(patterns) + "\n")
    # Once: it takes its time, and repeats itself well.
    seconds = _seconds(command([*RIPGREP, "--count", "--file", str(listed), str(log)]))
    remark = f"{len(patterns)} of the patterns; the others use syntax that it lacks"
    return Figure("`rg -f`", f"{log.stat().st_size / 1e6 / seconds:,.0f} MB/s", remark)


def _accepted_by_ripgrep(pattern: str) -> bool:
    tried = subprocess.run([*RIPGREP, "--quiet", "-e", pattern], input=b"", capture_output=True, check=False)
    return tried.returncode < 2


def daemon(folder: Path) -> Iterator[Figure]:
    """Starts `logwatch run` and looks at it when it is ready."""
    (folder / "logs").mkdir()
    config = folder / "logwatch.yaml"
    config.write_text(CONFIG)
    starts, resident = [], 0.0
    for _ in range(RUNS):
        shutil.rmtree(folder / "state", ignore_errors=True)
        began = time.perf_counter()
        with subprocess.Popen([*LOGWATCH, "run", "-c", str(config)], stderr=subprocess.PIPE) as process:
            _until_ready(process)
            starts.append(time.perf_counter() - began)
            resident = _resident_mb(process.pid)
            process.terminate()
    median = f"median {statistics.median(starts):.2f} s"
    yield Figure("`logwatch run`, until ready", f"{min(starts):.2f} s", median)
    yield Figure("`logwatch run`, resident memory", f"{resident:,.0f} MB", "one source, no files")


def _address(said: Iterable[bytes]) -> str:
    """Where it serves, by its own log."""
    return next(str(line["address"]) for line in map(json.loads, said) if "address" in line)


def _until_ready(process: "subprocess.Popen[bytes]") -> None:
    address = _address(cast("IO[bytes]", process.stderr))
    while process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/readyz"):
            return
        time.sleep(0.01)
    sys.exit("logwatch run has ended")


def _resident_mb(pid: int) -> float:
    """Resident memory in MB, from proc(5)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def table(figures: Sequence[Figure]) -> str:
    rows = [f"| {figure.what} | {figure.value} | {figure.remark} |" for figure in figures]
    return "\n".join(["| what | figure | remark |", "|---|--:|---|", *rows])


def document(report: str, generated: bool) -> str:
    log = (
        "The log is generated: the healthy lines of the demo's training log, over and over, with rising step "
        "numbers. No line of it matches."
        if generated
        else "The log was given with `--log`."
    )
    return f"""# Performance

Written by `make bench`. Run it for figures of your own machine; `python -m bench --log FILE` takes a log of
your own.

{report}

Measured on {_machine()}, Python {platform.python_version()}, logwatch {version("logwatch")}.

## How it is measured

- {log} It is in the page cache.
- MB are millions of bytes. Each figure is the best of {RUNS} runs, but for ripgrep, which runs once.
- *Literals alone* is the floor: the file is read in chunks of {CHUNK >> 10} KiB, and the engine looks for the
  literals of all patterns; nothing is made of what it finds.
- `logwatch scan` is the command, as a process of its own, writing JSON to nowhere. It starts from its cache, as it
  does from the second time on.
- `rg -f` is ripgrep counting the lines that match any of the catalogue's patterns: `{" ".join(RIPGREP)}`.
- `logwatch run` is started on an empty state directory; it is ready when `/readyz` answers 200. Memory is the
  resident set at that moment.
"""


def _machine() -> str:
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    name = cpu[1] if cpu else platform.processor() or platform.machine()
    return f"{os.cpu_count()} × {name}, {platform.system()} {platform.machine()}"


if __name__ == "__main__":
    main()
