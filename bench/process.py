"""Programs as processes of their own: how long they take, what they cost, and a running daemon to look at."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

LOGWATCH = (sys.executable, "-m", "logwatch")
# The best of so many runs: what else the machine does only ever adds time.
RUNS = 3
# Nothing here takes so long, unless it hangs.
_PATIENCE_S = 300.0
_READY_WITHIN_S = 240.0
# Memory hardly grows within such a time, and looking takes nothing beside it.
_GLANCE_S = 0.02
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a process went. `cpu` counts seconds, with the processes it waited for; `peak_mb` is resident."""

    seconds: float
    cpu: float
    peak_mb: float
    status: int


class FailedError(Exception):
    """A program did not do what it was started for."""


def environment(cache: Path) -> dict[str, str]:
    """For programs in Python: bytecode is written, as an installation does; `cache` is logwatch's."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "LOGWATCH_CACHE": str(cache)}


def run(
    arguments: Sequence[str],
    *,
    cache: Path,
    output: Path | None = None,
    source: Path | None = None,
    cwd: Path | None = None,
) -> Ran:
    """Runs a program to its end.

    Raises:
        FailedError: it took much too long, or ended with trouble (a status above 1).
    """
    with contextlib.ExitStack() as files:
        stdin = files.enter_context(source.open("rb")) if source else subprocess.DEVNULL
        stdout = files.enter_context(output.open("wb")) if output else subprocess.DEVNULL
        began = time.perf_counter()
        process = subprocess.Popen(
            arguments, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL, env=environment(cache), cwd=cwd
        )
        fuse = threading.Timer(_PATIENCE_S, process.kill)
        fuse.start()
        peak_mb = _peak_mb(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        fuse.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        raise FailedError(f"`{' '.join(arguments[:6])}` ended with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return Ran(seconds, cpu, peak_mb, process.returncode)


def _peak_mb(pid: int) -> float:
    """The peak of the resident set of a process, watched to its end.

    What wait4(2) tells of it counts the process that started it, too: until it began the program, both were one.
    """
    peak = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        found = re.search(rb"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_bytes())
        peak = max(peak, int(found[1]) if found else 0)
        time.sleep(_GLANCE_S)
    return peak * 1024 / 1e6


def best(work: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds that `work` takes."""
    return min(seconds(work) for _ in range(runs))


def best_cpu(work: Callable[[], object], runs: int = RUNS) -> float:
    """Seconds of this process's own processor time that `work` takes: other programs add little to it."""
    taken = []
    for _ in range(runs):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return min(taken)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


class Server:
    """A running process with an HTTP address, and what it costs."""

    def __init__(self, process: "subprocess.Popen[bytes]", host: str, port: int) -> None:
        self.process = process
        self._where = host, port
        self._connection = http.client.HTTPConnection(host, port, timeout=10)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body.

        Raises:
            OSError: it does not answer.
        """
        try:
            self._connection.request("GET", path)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise OSError(str(error)) from error

    def metric(self, name: str) -> float:
        """The sum of all series of `name`."""
        _, body = self.get("/metrics")
        found = re.findall(rf"^{name}(?:{{[^\n]*}})? ([-+.\de]+)", body.decode(), re.MULTILINE)
        return sum(map(float, found))

    def cpu(self) -> float:
        """Seconds of processor time so far, of all its threads, from proc(5)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICK

    def resident_mb(self) -> float:
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * _PAGE / 1e6

    def cores(self, during_s: float) -> float:
        """How much of a core it takes, measured for so many seconds from now."""
        before, began = self.cpu(), time.perf_counter()
        time.sleep(during_s)
        return (self.cpu() - before) / (time.perf_counter() - began)

    def until(self, holds: Callable[[], bool], within_s: float, what: str) -> float:
        """How many seconds it took until `holds`.

        Raises:
            FailedError: it has ended, or it took too long.
        """
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < within_s:
            if self.process.poll() is not None:
                raise FailedError(f"it ended with {self.process.returncode} before {what}")
            with contextlib.suppress(OSError):
                if holds():
                    return passed
            time.sleep(0.005)
        raise FailedError(f"{what}: not within {within_s:.0f} s")


_CONFIG = """\
state_dir: state
sources:
  - {{name: bench, paths: ["{paths}"], start_at: {start_at}}}
events: {{path: events.jsonl}}
http: {{listen: "127.0.0.1:0"}}
log: {{format: json, level: info}}
"""


@contextlib.contextmanager
def daemon(folder: Path, cache: Path, paths: str, start_at: str = "end") -> Iterator[Server]:
    """`logwatch run` on `paths`, ready, with its state in `folder`.

    Raises:
        FailedError: it does not become ready.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "logwatch.yaml"
    config.write_text(_CONFIG.format(paths=paths, start_at=start_at))
    process = subprocess.Popen(
        [*LOGWATCH, "run", "-c", str(config)], stderr=subprocess.PIPE, env=environment(cache)
    )
    said = cast("IO[bytes]", process.stderr)
    with _ended(process):
        host, _, port = _address(said).rpartition(":")
        # Nobody reads on, and a full pipe would stop it.
        threading.Thread(target=_drain, args=(said,), daemon=True).start()
        server = Server(process, host, int(port))
        server.until(lambda: server.get("/readyz")[0] == 200, _READY_WITHIN_S, "ready")
        yield server


def _address(said: IO[bytes]) -> str:
    """Where it serves, by its own log."""
    for line in said:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if "address" in event:
                return str(event["address"])
    raise FailedError("`logwatch run` ended before it served")


def _drain(pipe: IO[bytes]) -> None:
    with contextlib.suppress(ValueError, OSError):
        while pipe.read(1 << 16):
            pass


@contextlib.contextmanager
def mtail(program: str, folder: Path, logs: str, pattern: str) -> Iterator[Server]:
    """mtail with one counter for `pattern`, ready."""
    import socket  # noqa: PLC0415 - for a free port, as mtail cannot tell which it got

    (folder / "one.mtail").write_text(f"counter known_errors\n/{pattern}/ {{\n  known_errors++\n}}\n")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = subprocess.Popen(
        [*_mtail_command(program, folder, logs), "-port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with _ended(process):
        server = Server(process, "127.0.0.1", port)
        server.until(lambda: server.get("/metrics")[0] == 200, _READY_WITHIN_S, "mtail serves")
        yield server


def _mtail_command(program: str, folder: Path, logs: str) -> list[str]:
    return [program, "-progs", str(folder / "one.mtail"), "-logs", logs, "-log_dir", str(folder)]


@contextlib.contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
