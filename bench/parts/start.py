"""How long it takes until something was done: `scan` of one line, `run` until it is ready."""

import statistics
import sys
import time

from bench.figures import Part, Row, at_most, limit
from bench.process import LOGWATCH, RUNS, daemon, run
from bench.setting import Setting
from logwatch.catalogue.folders import json_files, shipped_folder

_STARTS = 10


def measure(setting: Setting) -> Part:
    line = setting.folder / "one-line.log"
    line.write_text("step 1\n")
    scan = [*LOGWATCH, "scan", "--format", "json", str(line)]
    measured = [sys.executable, "-c", "import pydantic"]
    cold = run(scan, cache=setting.folder / "cold")
    ours, theirs = [], []
    # In turns: what else the machine does meets both.
    for _ in range(_STARTS):
        ours.append(run(scan, cache=setting.cache).seconds)
        theirs.append(run(measured, cache=setting.cache).seconds)
    records = len(list(json_files(str(shipped_folder()))))
    part = Part("Starting")
    middle, beside = statistics.median(ours), statistics.median(theirs)
    what = f"`logwatch scan` of one line, {records} records"
    part.rows.append(at_most(what, middle * 1e3, beside * 1e3, '`python -c "import pydantic"`', 3, "ms"))
    part.rows.append(limit(what, middle * 1e3, 500, "ms"))
    part.rows.append(Row("the very first, nothing in the cache", f"{cold.seconds * 1e3:,.0f} ms"))
    ready, resident = [], 0.0
    for number in range(RUNS):
        began = time.perf_counter()
        with daemon(setting.folder / f"run{number}", setting.cache, "logs/*.log") as server:
            ready.append(time.perf_counter() - began)
            resident = server.resident_mb()
    part.rows.append(Row("`logwatch run`, until ready", f"{statistics.median(ready) * 1e3:,.0f} ms"))
    part.rows.append(Row("`logwatch run`, resident, no files", f"{resident:,.0f} MB"))
    part.method = [
        f"Each is a process from its start to its end, the median of {_STARTS}, ours and the other in turns."
        " Bytecode is written, as an installation does.",
        "The very first start in a checkout reads and checks all records; a wheel brings what is made of them.",
        f"`run` begins with an empty state directory and is ready when `/readyz` answers 200; median of {RUNS}.",
    ]
    return part
