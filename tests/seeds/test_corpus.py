"""Nothing is found in logs of work that went well.

The logs under tests/data/healthy are always read. A larger collection is read where there is one: in the
folder named by `LOGWATCH_CORPUS`, or in `../shared/corpus` beside the checkout. It has `healthy/*.log` with a
`manifest.jsonl` (which lines of them hold known errors), `near_misses.jsonl` and `benign.json`.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.load import load, shipped_folder
from logwatch.catalogue.rules import rules_of
from logwatch.scan.engine import available
from logwatch.scan.scanner import Scanner

CHECKOUT = Path(__file__).resolve().parents[2]
OWN = sorted((CHECKOUT / "tests" / "data" / "healthy").glob("*.log"))
CORPUS = Path(os.environ.get("LOGWATCH_CORPUS", CHECKOUT.parent / "shared" / "corpus"))
HEALTHY = sorted((CORPUS / "healthy").glob("*.log"))

needs_corpus = pytest.mark.skipif(
    not HEALTHY, reason=f"no collection of logs in {CORPUS}; see LOGWATCH_CORPUS"
)


@pytest.fixture(scope="module", params=available())
def scanner(request: pytest.FixtureRequest) -> Scanner:
    return Scanner(rules_of(load([shipped_folder()]).entries.values()), engine=request.param)


def alarms(scanner: Scanner, data: bytes) -> Iterator[tuple[int, str, str]]:
    """Line number, entry and text of everything that is found in `data`."""
    for match in scanner.scan(data).matches:
        yield data.count(b"\n", 0, match.start) + 1, match.rule, match.text


def json_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_nothing_is_found_in_a_healthy_log(scanner: Scanner, path: Path) -> None:
    assert list(alarms(scanner, path.read_bytes())) == []


@needs_corpus
@pytest.mark.parametrize("path", HEALTHY, ids=lambda path: path.stem)
def test_nothing_but_known_errors_is_found_in_a_log_of_the_collection(scanner: Scanner, path: Path) -> None:
    (known,) = [
        set(one["known_errors"])
        for one in json_lines(CORPUS / "healthy" / "manifest.jsonl")
        if one["file"] == path.name
    ]
    assert [alarm for alarm in alarms(scanner, path.read_bytes()) if alarm[0] not in known] == []


@needs_corpus
def test_nothing_is_found_in_lines_that_only_look_like_errors(scanner: Scanner) -> None:
    lines = [one["text"] for one in json_lines(CORPUS / "near_misses.jsonl")]
    lines += json.loads((CORPUS / "benign.json").read_text(encoding="utf-8"))
    assert [
        (line, list(alarms(scanner, line.encode()))) for line in lines if list(alarms(scanner, line.encode()))
    ] == []
