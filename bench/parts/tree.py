"""A very large tree in which files keep appearing: does looking for them hold up the rest?"""

import threading
import time
from pathlib import Path

from bench.figures import Part, Row, limit, percentile
from bench.latency import pauses
from bench.logs import healthy_lines, tree
from bench.process import daemon
from bench.setting import Setting

_NEW_PER_MINUTE = 100
_WATCHED_S = 60.0
_PER_FOLDER = 100


def measure(setting: Setting) -> Part:
    count = setting.wanted.tree_files
    folder = setting.folder / "logs"
    for _ in tree(folder, count, _PER_FOLDER):
        pass
    part = Part("A large tree")
    began = time.perf_counter()
    with daemon(setting.folder / "run", setting.cache, f"{folder}/**/*.log") as server:
        ready = time.perf_counter() - began
        server.until(lambda: server.metric("logwatch_files") >= count, 120, "all files met")
        new = threading.Thread(target=_add, args=(folder, int(_NEW_PER_MINUTE * _WATCHED_S / 60)))
        new.start()
        cpu, at = server.cpu(), time.perf_counter()
        taken = pauses(server, "/livez", _WATCHED_S)
        cores = (server.cpu() - cpu) / (time.perf_counter() - at)
        new.join()
        wanted = count + int(_NEW_PER_MINUTE * _WATCHED_S / 60)
        server.until(lambda: server.metric("logwatch_files") >= wanted, 30, "the new files met")
        resident = server.resident_mb()
    part.rows.append(Row(f"{count:,} files, until ready", f"{ready:.1f} s", f"{resident:,.0f} MB resident"))
    part.rows.append(Row(f"{_NEW_PER_MINUTE} new files a minute", f"{cores * 100:.1f} % of a core"))
    part.rows.append(Row("the loop answers, p99", f"{percentile(taken, 99) * 1e3:.1f} ms"))
    part.rows.append(
        limit("the loop's longest pause", max(taken) * 1e3, 50, "ms", f"of {len(taken):,} answers")
    )
    part.method = [
        f"{count:,} files in folders of {_PER_FOLDER}. During {_WATCHED_S:.0f} s new ones appear, each in a folder of"
        " its own; all of them have to be met. `/livez`, which the loop answers itself, is asked every 5 ms: it takes"
        " as long as the loop's longest pause, and the asking, which shares the machine."
    ]
    return part


def _add(folder: Path, count: int) -> None:
    line = healthy_lines()[0] + "\n"
    for number in range(count):
        path = folder / f"new{number:05}" / "rank0.log"
        path.parent.mkdir()
        path.write_text(line)
        time.sleep(_WATCHED_S * 0.9 / count)
