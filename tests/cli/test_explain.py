"""`logwatch explain`, as it is used."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from logwatch.catalogue.entry import Entry
from logwatch.cli.explain import nearest
from logwatch.cli.main import main

TIMEOUT = {
    "id": "nccl/watchdog-timeout",
    "aliases": ["nccl/timeout"],
    "signature": "Watchdog caught collective operation timeout",
    "regex": r"Watchdog caught collective operation timeout.*ran for (?P<ran_ms>\d+) milliseconds",
    "root_cause": "One rank did not join.",
    "root_cause_zh": "某个 rank 没有参与。",
}
STUCK = {
    "id": "nccl/watchdog-stuck",
    "signature": "watchdog got stuck for 480 seconds without making progress",
    "regex": "watchdog got stuck for [0-9]+ seconds|watchdog hang detected",
}
GENERIC = {"id": "nccl/operation", "signature": "collective operation timeout", "regex": "operation timeout"}
LINE = "[rank3]: Watchdog caught collective operation timeout: Work(SeqNum=1) ran for 600088 milliseconds"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for entry in (TIMEOUT, STUCK, GENERIC):
        path = tmp_path / f"{entry['id']}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(entry))
    return tmp_path


@pytest.fixture
def explain(own: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    def run(*args: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["explain", "--no-shipped", "--catalogue", str(own), *args])
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capfd.readouterr()

    return run


def test_an_id_gives_the_whole_entry_and_where_it_is_written(explain: Any, own: Path) -> None:
    status, out, _ = explain("nccl/watchdog-timeout")
    assert status == 0
    assert out.startswith("ERROR  Watchdog caught collective operation timeout\n       nccl/watchdog-timeout")
    assert "One rank did not join." in out
    assert out.endswith(f"  File: {own}/nccl/watchdog-timeout.json\n")


@pytest.mark.parametrize("name", ["nccl/timeout", "watchdog-timeout"])
def test_a_former_id_and_an_unmistakable_last_part_will_do(explain: Any, name: str) -> None:
    assert "nccl/watchdog-timeout · formerly nccl/timeout" in explain(name)[1]


def test_the_language_is_the_readers(explain: Any) -> None:
    assert "某个 rank 没有参与。" in explain("nccl/watchdog-timeout", "--language", "zh")[1]


def test_an_unknown_id_gets_suggestions(explain: Any) -> None:
    status, out, err = explain("nccl/watchdog-timout")
    assert (status, out) == (2, "")
    assert "There is no entry 'nccl/watchdog-timout'.\nDid you mean:\n  nccl/watchdog-timeout\n" in err


def test_a_line_gets_its_entries_what_was_read_from_it_and_the_advice(explain: Any) -> None:
    status, out, _ = explain(LINE)
    assert status == 0
    assert "✓ nccl/watchdog-timeout\n    captures: ran_ms=600088\n    prefix: rank=3\n" in out
    assert "✓ nccl/operation (less specific)\n" in out
    assert "\nERROR  Watchdog caught collective operation timeout\n" in out


def test_a_line_that_says_that_an_error_is_over_is_told_as_that(explain: Any, own: Path) -> None:
    path = own / "nccl/operation.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "clears": "rank is back"}))
    assert explain("the rank is back again") == (0, "✓ It says that nccl/operation is over.\n", "")


def test_words_of_a_line_need_no_quotes(explain: Any) -> None:
    assert explain(*LINE.split())[0] == 0


def test_a_line_that_nearly_matches_is_told_what_is_there_and_what_is_not(explain: Any) -> None:
    status, out, _ = explain("Watchdog caught collective operation-timeout and ran for a while")
    assert status == 1
    assert out.startswith("No known error.\n✗ nccl/watchdog-timeout\n")
    assert "    lacks 'Watchdog caught collective operation timeout'\n" in out


def test_where_all_fixed_text_is_there_the_pattern_is_shown(explain: Any) -> None:
    _, out, _ = explain("watchdog got stuck for ever; 480 seconds")
    assert "✗ nccl/watchdog-stuck\n    has 'got stuck for '\n    has 'watchdog '\n" in out
    assert "the rest is not as in its pattern: watchdog got stuck for [0-9]+ seconds|" in out


def test_a_line_like_nothing_known_has_no_neighbours(explain: Any) -> None:
    status, out, _ = explain("zzz qqq")
    assert (status, out) == (1, "No known error.\nTo make it known:  logwatch catalogue new\n")


def test_colours_of_the_line_do_not_matter_and_do_not_pass(explain: Any) -> None:
    status, out, _ = explain("\x1b[31m" + LINE.replace("caught", "\x1b[1mcaught\x1b[0m") + "\x07")
    assert status == 0
    assert "\x1b" not in out
    assert "\x07" not in out


def test_lines_may_come_through_a_pipe(own: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "logwatch", "explain", "--no-shipped", "--catalogue", str(own), "-"],
        input=f"ok\n{LINE}\n{LINE}\nwatchdog hang detected\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0
    assert ran.stdout.count("✓ nccl/watchdog-timeout") == 1
    assert ran.stdout.count("✓ nccl/watchdog-stuck") == 1


def test_the_nearest_is_the_one_of_which_most_is_there() -> None:
    entries = [Entry.model_validate(entry) for entry in (STUCK, TIMEOUT)]
    near = nearest(entries, "Watchdog caught collective operation timeout: never mind")
    assert [n.entry.id for n in near] == ["nccl/watchdog-timeout", "nccl/watchdog-stuck"]
    assert near[0].there == ["Watchdog caught collective operation timeout"]
    assert near[0].missing == ["' milliseconds'", "'ran for '"]
