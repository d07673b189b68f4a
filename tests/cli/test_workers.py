"""Several processes that read, and one that hears them."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from logwatch.cli.inspection import Account, Batch, in_turn
from logwatch.cli.sightings import Sighting
from logwatch.cli.workers import side_by_side
from logwatch.errors import LogwatchError
from logwatch.scan.index import Rule
from logwatch.scan.scanner import Scanner
from logwatch.tail.oneshot import targets
from logwatch.tail.parts import Part, parts_of

SCANNER = Scanner([Rule("a/boom", "it went boom")])


@pytest.fixture
def files(tmp_path: Path) -> list[Part]:
    for number in range(8):
        # Far more than a pipe holds, so that whoever is ahead has to wait.
        (tmp_path / f"{number}.log").write_text(
            "".join(f"{n} it went boom\n" for n in range(9000 if number % 3 else 0))
        )
    return list(parts_of(targets([str(tmp_path)]).files))


def place(sighting: Sighting) -> tuple[str, int]:
    return sighting.path, sighting.offset


def told(messages: Iterator[Batch[tuple[str, int]] | Account]) -> tuple[list[tuple[str, int]], list[Account]]:
    found: list[tuple[str, int]] = []
    accounts: list[Account] = []
    for message in messages:
        if isinstance(message, Account):
            accounts.append(message)
        else:
            found += message.found
    return found, accounts


@pytest.mark.parametrize("jobs", [1, 3, 8])
def test_they_say_what_one_alone_says_and_in_its_order(files: list[Part], jobs: int) -> None:
    assert told(side_by_side(files, SCANNER, place, jobs)) == told(in_turn(files, SCANNER, place))


def test_a_process_that_dies_is_trouble(files: list[Part]) -> None:
    def die(_: Sighting) -> tuple[str, int]:
        os._exit(9)

    with pytest.raises(LogwatchError, match="ended unexpectedly"):
        told(side_by_side(files, SCANNER, die, 2))


def test_none_is_left_when_nobody_listens_any_more(files: list[Part]) -> None:
    messages = side_by_side(files, SCANNER, lambda _: os.getpid(), 3)
    pids = {pid for message in (next(messages), next(messages)) for pid in getattr(message, "found", ())}
    messages.close()
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
