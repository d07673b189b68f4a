"""Does the daemon still answer while it reads gigabytes that were written before it came?"""

import time

from bench.figures import Part, Row, limit, percentile
from bench.logs import storm
from bench.process import FailedError, daemon
from bench.setting import Setting

# One error in so many lines: a long bad week.
_LINES, _ERRORS = 400_000, 400
# Reading gigabytes takes seconds; what takes longer has stopped.
_PATIENCE_S = 240.0
_PATHS = ("/metrics", "/livez")


def measure(setting: Setting) -> Part:
    log = setting.folder / "catchup.log"
    storm(setting.folder / "block.log", _LINES, _ERRORS)
    block = (setting.folder / "block.log").read_bytes()
    wanted = setting.wanted.catchup_gb * 1e9
    with log.open("wb") as file:
        while file.tell() < wanted:
            file.write(block)
    size = log.stat().st_size
    taken: dict[str, list[float]] = {path: [] for path in _PATHS}
    with daemon(setting.folder / "run", setting.cache, str(log), start_at="beginning") as server:
        began = time.perf_counter()
        read = 0.0
        while read < size:
            for path in _PATHS:
                at = time.perf_counter()
                _, body = server.get(path)
                taken[path].append(time.perf_counter() - at)
                if path == "/metrics":
                    read = _read_bytes(body)
            if time.perf_counter() - began > _PATIENCE_S:
                raise FailedError(f"read {read / 1e9:.1f} of {size / 1e9:.1f} GB in {_PATIENCE_S:.0f} s")
            time.sleep(0.005)
        seconds = time.perf_counter() - began
        resident = server.resident_mb()
    part = Part("Catching up")
    errors = _ERRORS * (size // len(block))
    part.rows.append(
        Row(
            f"`logwatch run` reads {size / 1e9:.1f} GB with {errors:,} errors",
            f"{size / 1e6 / seconds:,.0f} MB/s",
            f"{resident:,.0f} MB resident",
        )
    )
    for path in _PATHS:
        most = f"{len(taken[path]):,} answers, the longest {max(taken[path]) * 1e3:.0f} ms"
        part.rows.append(limit(f"`{path}` meanwhile, p99", percentile(taken[path], 99) * 1e3, 50, "ms", most))
    part.method = [
        f"The log is {size / 1e9:.1f} GB here; `--catchup-gb 10` is what the goal speaks of. One line in"
        f" {_LINES // _ERRORS:,} is a known error. Both addresses are asked by turns every few milliseconds until all"
        " is read."
    ]
    return part


def _read_bytes(body: bytes) -> float:
    name = b"logwatch_read_bytes_total{"
    return sum(float(line.rsplit(b" ", 1)[1]) for line in body.splitlines() if line.startswith(name))
