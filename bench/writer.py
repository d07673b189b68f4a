"""Writes healthy lines into many files at a steady rate, as so many ranks do, until it is ended.

Usage: python -m bench.writer FILES_PER_SECOND_AND_FILE < list of paths
"""

import os
import sys
import time

from bench.logs import healthy_lines

# Each file is written to once in a round; a round is spread over its time in so many steps.
_STEPS = 20


def main() -> None:
    rate = float(sys.argv[1])
    paths = sys.stdin.read().split("\n")[:-1]
    open_files = [os.open(path, os.O_WRONLY | os.O_APPEND) for path in paths]
    lines = [f"{line}\n".encode() for line in healthy_lines()]
    print("writing", flush=True)
    step_s = 1 / rate / _STEPS
    due = time.monotonic()
    number = 0
    while True:
        for at in range(_STEPS):
            for fd in open_files[at::_STEPS]:
                number += 1
                os.write(fd, lines[number % len(lines)])
            due += step_s
            delay = due - time.monotonic()
            if delay > 0:
                time.sleep(delay)
            elif delay < -1:
                # The machine is busy with other things: what was missed is not made up for in a burst.
                due = time.monotonic()


if __name__ == "__main__":
    main()
