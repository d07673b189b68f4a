"""What it costs to know more: the same log with 300 to 10,000 entries."""

import time
from functools import partial

from bench.figures import Part, Row, at_most
from bench.literals import literals_alone
from bench.logs import healthy_log
from bench.picture import line_chart
from bench.process import best_cpu
from bench.setting import Setting
from bench.variants import varied
from logwatch.catalogue import load as catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.cli.inspection import in_turn
from logwatch.scan.index import Index
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import targets
from logwatch.tail.parts import parts_of

COUNTS = (300, 1_000, 3_000, 10_000)
_SIZE = 200_000_000


def measure(setting: Setting) -> Part:
    log = setting.wanted.log or healthy_log(setting.folder / "healthy.log", _SIZE)
    rules = rules_of(catalogue.load([catalogue.shipped_folder()]).entries.values())
    size = log.stat().st_size / 1e6
    part = Part("More entries")
    ours: dict[int, float] = {}
    floors: dict[int, float] = {}
    for count in COUNTS:
        known = varied(rules, count)
        began = time.process_time()
        scanner = Scanner(Index.of(known))
        derived = time.process_time() - began
        ours[count] = best_cpu(partial(_scan, scanner, str(log)))
        floors[count] = best_cpu(literals_alone([log], scanner.index))
        literals = sum(len(indexed.literals) for indexed in scanner.index.rules)
        part.rows.append(
            Row(
                f"{count:,} entries, {literals:,} literals, prepared in {derived:.1f} s",
                f"{size / ours[count]:,.0f} MB/s",
                f"literals alone {size / floors[count]:,.0f} MB/s",
                f"{floors[count] / ours[count]:.2f} ×",
            )
        )
    least, most = COUNTS[0], COUNTS[-1]
    part.rows.append(
        at_most(
            f"time for {most:,} entries", ours[most] * 1e3, ours[least] * 1e3, f"{least} entries", 3, "ms"
        )
    )
    part.pictures["cost-by-entries.svg"] = line_chart(
        "Time to scan a gigabyte, by entries",
        "entries",
        "seconds",
        {
            "logwatch": [(count, taken / size * 1e3) for count, taken in ours.items()],
            "literals alone": [(count, taken / size * 1e3) for count, taken in floors.items()],
        },
        log_x=True,
    )
    part.method = [
        "The first entries are the shipped ones; the others are made of them: in each pattern every word is replaced"
        " by one that looks alike, consonants by consonants and vowels by vowels, so that literals are as long and as"
        " many as real ones.",
        f"The log is {size:,.0f} MB, read by one process with the code of `logwatch scan` and without its start;"
        " in processor time, the best of three.",
    ]
    return part


def _scan(scanner: Scanner, path: str) -> None:
    for _ in in_turn(parts_of(targets([path]).files), scanner, lambda _sighting: None):
        pass
