"""`make bench`: how fast logs are scanned and what the daemon costs. Writes docs/performance.md.

Usage: python -m bench [PART…] [--megabytes 1000] [--logs FOLDER] … (see --help). Some parts only: printed, not
written.
"""

import argparse
import importlib
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.document import document, part_text
from bench.figures import Part, Row
from bench.logs import healthy_log
from bench.process import LOGWATCH, run
from bench.setting import Setting

DOCS = Path(__file__).parent.parent / "docs"
PICTURES = "pictures"
PARTS = ("start", "scan", "real", "entries", "storm", "follow", "idle", "tree", "memory", "catchup")


def main() -> None:
    wanted = _arguments()
    parts: dict[str, Part] = {}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="logwatch-bench-", dir=wanted.folder) as folder:
        cache = Path(folder) / "cache"
        _warm(cache, Path(folder))
        for name, part in _measured(wanted.parts or PARTS, Path(folder), cache, wanted):
            parts[name] = part
            print(part_text(part, PICTURES), flush=True)
    minutes = (time.monotonic() - began) / 60
    print(f"It took {minutes:.1f} minutes.")
    if wanted.parts or wanted.print_only:
        return
    _write(parts)
    print(f"written to {DOCS / 'performance.md'}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures logwatch.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the healthy log (%(default)s)")
    parser.add_argument("--log", type=Path, help="a log to scan instead of the generated one")
    parser.add_argument("--logs", type=Path, help="a folder of healthy logs, to be scanned beside that one")
    parser.add_argument(
        "--seconds", type=int, default=15, help="for how long processor time is measured (%(default)s)"
    )
    parser.add_argument(
        "--memory-minutes",
        type=float,
        default=1.5,
        help="how long memory is watched (%(default)s); 60 for all",
    )
    parser.add_argument(
        "--catchup-gb", type=float, default=2, help="size of the log to catch up with (%(default)s)"
    )
    parser.add_argument(
        "--minutes", type=float, default=16, help="no part is begun later than this (%(default)s)"
    )
    parser.add_argument("--idle-files", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--tree-files", type=int, default=100_000, help="(%(default)s)")
    parser.add_argument("--folder", type=Path, help="where logs are made; needs some gigabytes")
    parser.add_argument("--print-only", action="store_true", help="leave docs/ as it is")
    wanted = parser.parse_args()
    unknown = set(wanted.parts) - set(PARTS)
    if unknown:
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return wanted


def _warm(cache: Path, folder: Path) -> None:
    """The first start reads all records; it is measured apart."""
    log = healthy_log(folder / "warm.log", 1)
    # Not the shared state of two runs: what was written within two seconds is not kept.
    run([*LOGWATCH, "scan", str(log)], cache=cache)


def _measured(
    names: Sequence[str], folder: Path, cache: Path, wanted: argparse.Namespace
) -> Iterator[tuple[str, Part]]:
    """The parts, one after the other; one that fails says so, and the others are measured."""
    until = time.monotonic() + wanted.minutes * 60
    for name in names:
        if time.monotonic() > until:
            yield name, Part(name, [Row("not measured", f"no time left: `make bench BENCH={name}`")])
            continue
        print(f"… {name}", file=sys.stderr, flush=True)
        own = folder / name
        own.mkdir()
        try:
            part = importlib.import_module(f"bench.parts.{name}").measure(Setting(own, cache, wanted))
        except Exception as error:  # noqa: BLE001 - it runs unattended
            traceback.print_exc()
            part = Part(name, [Row("could not be measured", str(error).replace("\n", " "))])
        yield name, part
        shutil.rmtree(own, ignore_errors=True)


def _write(parts: Mapping[str, Part]) -> None:
    pictures = DOCS / PICTURES
    pictures.mkdir(exist_ok=True)
    for part in parts.values():
        for name, picture in part.pictures.items():
            (pictures / name).write_text(picture, encoding="utf-8")
    (DOCS / "performance.md").write_text(document(list(parts.values()), PICTURES), encoding="utf-8")


if __name__ == "__main__":
    main()
