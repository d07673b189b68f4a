"""`make torture`: exit status 0 only if no line was lost and none was told twice.

Usage: python -m torture [--seconds 7200] [--kills 1000] [--seed N]

Half of the seconds are storms, half random histories; between them storms in which the daemon is killed until
`--kills` is reached. Everything that is by chance follows from seeds, which are printed: the same seed with
`--storm` is the same storm, but for what the scheduler does.
"""

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from . import histories
from .account import Outcome
from .storm import Weather, rage

STORM_S = 30.0
KILLS_PER_STORM = 50
# Lines are excused only where nobody could have read them; storms are made so that this is rare.
MOST_EXCUSED = 0.02
SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m torture", description="The reader, tortured.")
    parser.add_argument("--seconds", type=float, default=7200, help="of storms and histories together")
    parser.add_argument("--kills", type=int, default=1000, help="how often the daemon is killed")
    parser.add_argument("--seed", type=int, help="where chance begins; printed")
    parser.add_argument(
        "--storm", action="store_true", help="only the storm of --seed; with --kills, if not 0"
    )
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    began = time.monotonic()
    if options.storm:
        outcome = _rage([Weather.of(seed, seconds=options.seconds, kills=options.kills)])
    else:
        _say(f"seed {seed}")
        outcome = _rage(_storms(seed, options.seconds / 2))
        outcome.add(_rage(_kills(seed + 100_000, options.kills)))
        outcome.add(histories.play(seed, options.seconds / 2, _say))
    outcome.broken += _too_many_excuses(outcome)
    _say(summary(outcome, time.monotonic() - began))
    return 0 if outcome.is_good else 1


def _storms(seed: int, seconds: float) -> Iterable[Weather]:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield Weather.of(seed, seconds=min(STORM_S, left))
        seed += 1


def _kills(seed: int, kills: int) -> Iterable[Weather]:
    for done in range(0, kills, KILLS_PER_STORM):
        yield Weather.of(seed, seconds=0, kills=min(KILLS_PER_STORM, kills - done))
        seed += 1


def _rage(storms: Iterable[Weather]) -> Outcome:
    outcome = Outcome()
    for weather in storms:
        began = time.monotonic()
        one = rage(weather)
        _say(f"storm {weather.seed} ({weather}), {time.monotonic() - began:.0f} s: {one}")
        outcome.add(one)
    return outcome


def _too_many_excuses(outcome: Outcome) -> list[str]:
    excused = sum(lines for (kind, _), lines in outcome.excused.items() if kind != histories.KIND)
    written = outcome.written.total() - outcome.written[histories.KIND]
    if excused <= MOST_EXCUSED * written:
        return []
    return [f"{excused:,} of {written:,} lines excused: more than {MOST_EXCUSED:.0%} is no test any more"]


def summary(outcome: Outcome, seconds: float) -> str:
    """A table by kind of log, what was excused and why, and the verdict."""
    excused, lost = Counter[str](), Counter(outcome.lost.values())
    doubled = Counter(outcome.doubled.values())
    for (kind, _), lines in outcome.excused.items():
        excused[kind] += lines
    columns = (outcome.written, outcome.seen, lost, doubled, excused)
    rows = [f"{'lines':14}{'written':>12}{'seen':>12}{'lost':>8}{'doubled':>9}{'excused':>9}"]
    kinds = sorted({kind for column in columns for kind in column})
    rows += [_row(kind, [column[kind] for column in columns]) for kind in kinds]
    rows.append(_row("all", [column.total() for column in columns]))
    reasons = Counter[str]()
    for (_, reason), lines in outcome.excused.items():
        reasons[reason] += lines
    return "\n".join(
        [
            "",
            *rows,
            "",
            *(f"excused: {lines:,} {reason}" for reason, lines in reasons.most_common()),
            *(f"bytes skipped: {size:,} {reason}" for reason, size in outcome.skipped.most_common()),
            *(f"BROKEN: {text}" for text in outcome.broken),
            *(f"kept for a look: {folder}" for folder in outcome.folders),
            f"{'passed' if outcome.is_good else 'FAILED'} in {seconds:.0f} s, "
            f"{outcome.kills:,} kills, {outcome.histories:,} histories: {outcome}",
        ]
    )


def _row(name: str, numbers: Sequence[int]) -> str:
    written, seen, lost, doubled, excused = numbers
    return f"{name:14}{written:12,}{seen:12,}{lost:8,}{doubled:9,}{excused:9,}"


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
