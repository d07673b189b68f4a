"""The logs that are read: healthy lines of training, alone or with known errors among them."""

import itertools
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from logwatch.catalogue import load as catalogue
from logwatch.catalogue.rules import rules_of
from logwatch.scan.scanner import Scanner

# What is wrong in the demo's log; and what stands only in its first minutes, where DeepSpeed looks for a loss scale.
_ERRORS = ("accelerate", "OutOfMemoryError", "OVERFLOW!")
# Shorter numbers mean something: a port, a status, a rank.
_LONG_NUMBER = re.compile(rb"\d{4,}|(?<=\d\.)\d{2,}")
# Ways to exchange digits.
_OTHERS = 997
# So much is made line by line; a longer log repeats it.
_BLOCK = 64_000_000
# Of a hundred errors in a storm so many are the same.
_SAME = 60
# As many different errors as a bad night has.
_DIFFERENT = 50
_RANKS = 64
_BEGINS = datetime(2026, 11, 22, 3)  # noqa: DTZ001 - logs of training name no zone


def healthy_lines() -> list[str]:
    """The healthy lines of the demo's training log."""
    text = (files("logwatch") / "demo" / "failing-training.log").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not any(error in line for error in _ERRORS)]


def healthy_log(path: Path, size: int) -> Path:
    """Those lines again and again, with other numbers each time; at least `size` bytes."""
    block = _varied(min(size, _BLOCK))
    with path.open("wb") as file:
        for _ in range(max(1, round(size / len(block)))):
            file.write(block)
    return path


def _varied(size: int) -> bytes:
    """Losses, times and step numbers differ, or whoever keeps what it has seen would see nothing new."""
    # The same log every time.
    dice = random.Random(1)
    lines = [line.encode() + b"\n" for line in healthy_lines()]
    others = [bytes.maketrans(b"0123456789", bytes(dice.sample(b"0123456789", 10))) for _ in range(_OTHERS)]
    made: list[bytes] = []
    length = 0
    while length < size:
        for line in lines:
            digits = dice.choice(others)
            made.append(_LONG_NUMBER.sub(lambda found, digits=digits: found[0].translate(digits), line))
            length += len(made[-1])
    return b"".join(made)


def storm(path: Path, lines: int, errors: int) -> Counter[str]:
    """Writes `lines` lines, of which `errors` hold a known error, evenly spread; how often each of them."""
    # The same log every time.
    dice = random.Random(1)
    some = list(bad_night().items())
    healthy = itertools.cycle(healthy_lines())
    written: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as file:
        for number in range(lines):
            if number * errors // lines == (number + 1) * errors // lines:
                file.write(next(healthy) + "\n")
                continue
            name, line = some[0] if dice.randrange(100) < _SAME else dice.choice(some)
            written[name] += 1
            file.write(_as_written(number, dice.randrange(_RANKS), line))
    return written


def bad_night() -> Mapping[str, str]:
    """As many errors as a bad night has, by id, each with a real line."""
    # By the digest of their names: with another catalogue they are the same, but for a few.
    ordered = sorted(error_lines().items(), key=lambda named: sha256(named[0].encode()).digest())
    return dict(ordered[:_DIFFERENT])


def error_lines() -> Mapping[str, str]:
    """For every shipped entry a real line that is recognised as it, also as a rank writes it, by the entry's id."""
    entries = catalogue.load([catalogue.shipped_folder()]).entries.values()
    scanner = Scanner(rules_of(entries))
    lines = {entry.id: entry.examples.match[0].text for entry in entries if entry.examples.match}
    return {name: line for name, line in lines.items() if _is_recognised(scanner, name, line)}


def _is_recognised(scanner: Scanner, name: str, line: str) -> bool:
    return [match.rule for match in scanner.scan(_as_written(0, 0, line).encode()).matches] == [name]


def _as_written(number: int, rank: int, line: str) -> str:
    """As torchrun's processes write it, `number` milliseconds into the night."""
    when = _BEGINS + timedelta(milliseconds=number)
    return f"{when:%Y-%m-%d %H:%M:%S},{number % 1000:03} [rank{rank}]: {line}\n"


def tree(folder: Path, count: int, per_folder: int) -> Iterator[Path]:
    """Makes `count` logs of one healthy line each."""
    line = healthy_lines()[0] + "\n"
    for number in range(count):
        path = folder / f"node{number // per_folder:05}" / f"rank{number:06}.log"
        if number % per_folder == 0:
            path.parent.mkdir(parents=True)
        path.write_text(line)
        yield path
