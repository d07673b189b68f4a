"""Writes src/logwatch/scan/common_text.py: how often runs of five bytes stand in healthy logs.

Usage: python tools/measure_rarity.py FOLDER…, with one healthy log per `*.log`.
Rates are per megabyte, averaged over the logs so that a large one does not speak for all.
"""

import base64
import math
import sys
import zlib
from collections import Counter
from pathlib import Path

RUN = 5
# Rarer runs cost less than a hundredth of the time, and would double the table.
COMMON_PER_MB = 4.0
TARGET = Path(__file__).parent.parent / "src" / "logwatch" / "scan" / "common_text.py"
HEADER = '''"""Measured by tools/measure_rarity.py on {count} healthy logs ({size:.1f} MB). Do not edit.

Runs of five bytes that stand more than {common:.0f} times in a megabyte of an average log:
first the binary logarithm of the rate as one byte, then the run, one after the other; compressed.
"""

RUN = {run}
COMMON = (
{body}
)
'''


def rates(logs: list[bytes]) -> dict[bytes, float]:
    """Occurrences per megabyte of every run, averaged over `logs`."""
    total: Counter[bytes] = Counter()
    for log in logs:
        found = Counter(log[i : i + RUN] for i in range(len(log) - RUN + 1))
        for run, times in found.items():
            total[run] += times / len(log) * 1e6 / len(logs)
    return total


def _sliced(text: str) -> list[str]:
    return [text[i : i + 100] for i in range(0, len(text), 100)]


def main(folders: list[str]) -> None:
    logs = [path.read_bytes() for folder in folders for path in sorted(Path(folder).glob("*.log"))]
    common = {run: rate for run, rate in rates(logs).items() if rate >= COMMON_PER_MB}
    packed = b"".join(bytes([round(math.log2(rate))]) + run for run, rate in sorted(common.items()))
    text = base64.b85encode(zlib.compress(packed, 9)).decode()
    body = "\n".join(f'    b"{line}"' for line in _sliced(text))
    size = sum(map(len, logs)) / 1e6
    TARGET.write_text(HEADER.format(count=len(logs), size=size, common=COMMON_PER_MB, run=RUN, body=body))


if __name__ == "__main__":
    main(sys.argv[1:])
