"""How long it takes from a line's write to its count."""

import random
import time
from collections.abc import Sequence
from pathlib import Path

from bench.process import FailedError, Server

# Asking more often would load what is measured; less often would blur it.
_ASK_EVERY_S = 0.01
_PATIENCE_S = 10.0
# Longer than any interval at which a program looks at its files.
_APART_S = 1.0


def latencies(server: Server, counter: str, logs: Sequence[Path], line: str, times: int) -> list[float]:
    """Seconds from writing `line` into one of `logs` to `counter` having risen, `times` times.

    Raises:
        FailedError: the counter does not rise.
    """
    dice = random.Random(1)
    # New series are shown at 0 first: the first time does not count.
    _latency(server, counter, dice.choice(logs), line)
    taken = []
    # Not in step with whatever the program does at intervals: the last count came at such a moment. Evenly spread, as
    # chance moves the median of a hundred by a tenth of an interval.
    waits = [_APART_S * number / times for number in range(times)]
    dice.shuffle(waits)
    for wait in waits:
        time.sleep(wait)
        taken.append(_latency(server, counter, dice.choice(logs), line))
    return taken


def _latency(server: Server, counter: str, log: Path, line: str) -> float:
    before = server.metric(counter)
    began = time.perf_counter()
    with log.open("ab", buffering=0) as file:
        file.write(line.encode() + b"\n")
    while server.metric(counter) <= before:
        if time.perf_counter() - began > _PATIENCE_S:
            raise FailedError(f"{counter} does not rise")
        time.sleep(_ASK_EVERY_S)
    return time.perf_counter() - began


def pauses(server: Server, path: str, during_s: float, every_s: float = 0.005) -> list[float]:
    """How long each answer of `path` took, asked again and again."""
    taken = []
    until = time.perf_counter() + during_s
    while (began := time.perf_counter()) < until:
        server.get(path)
        taken.append(time.perf_counter() - began)
        time.sleep(every_s)
    return taken
