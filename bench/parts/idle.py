"""Very many files in which nothing happens, and then something."""

from bench.figures import Part, limit, percentile
from bench.latency import latencies
from bench.logs import tree
from bench.parts.follow import LINE, MATCHES
from bench.process import daemon
from bench.setting import Setting

_SAMPLES = 50
# An idle file is looked at less and less often; of 10,000 each is looked at as seldom as ever after 40 s.
_SETTLE_S = 45.0


def measure(setting: Setting) -> Part:
    count = setting.wanted.idle_files
    logs = list(tree(setting.folder / "logs", count, 100))
    part = Part("Idle files")
    with daemon(setting.folder / "run", setting.cache, f"{setting.folder}/logs/*/*.log") as server:
        server.cores(_SETTLE_S)
        idle = server.cores(setting.wanted.seconds)
        # The first line ever written to each: none is met twice.
        taken = latencies(server, MATCHES, logs, LINE, _SAMPLES)
        resident = server.resident_mb()
    part.rows.append(
        limit(f"{count:,} idle files", idle * 100, 1.5, "% of a core", f"{resident:,.0f} MB resident")
    )
    part.rows.append(limit("the first line on one of them, p50", percentile(taken, 50) * 1e3, 500, "ms"))
    part.rows.append(limit("the first line on one of them, the longest", max(taken) * 1e3, 500, "ms"))
    part.method = [
        f"Processor time during {setting.wanted.seconds} s, {_SETTLE_S:.0f} s after it was ready. Then a known"
        f" error is written into one file after the other, {_SAMPLES} times, until `/metrics` has counted it."
    ]
    return part
