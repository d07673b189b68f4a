"""`logwatch scan`, as it is used."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from logwatch.cli.main import main

BOOM: dict[str, Any] = {
    "id": "test/boom",
    "signature": "it went boom",
    "signature_zh": "它炸了",
    "regex": r"it went boom(?: at step (?P<step>\d+))?",
    "category": "explosion",
    "root_cause": "Somebody lit the fuse.",
    "workarounds": [
        {"action": "Hide.", "success_rate": 0.4},
        {"action": "Put it out.", "success_rate": 0.8, "how": "With water."},
    ],
    "dead_ends": [{"action": "Shout.", "why_fails": "It cannot hear.", "fail_rate": 0.9}],
    "severity": "critical",
    "decision": "restart",
}
FIZZ: dict[str, Any] = {
    "id": "test/fizz",
    "signature": "it fizzled",
    "regex": "it fizzled out",
    "severity": "warning",
}


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalogue of two."""
    folder = tmp_path_factory.mktemp("catalogue")
    for entry in (BOOM, FIZZ):
        (folder / f"{entry['id'].replace('/', '-')}.json").write_text(json.dumps(entry))
    return folder


class Outcome:
    def __init__(self, status: int, captured: "pytest.CaptureResult[str]") -> None:
        self.status = status
        self.out = captured.out
        self.err = captured.err

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def scan(own: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    def run(*args: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main(["scan", "--no-shipped", "--catalogue", str(own), *map(str, args)])
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, capfd.readouterr())

    return run


def command(own: Path, *args: str) -> Sequence[str]:
    return [sys.executable, "-m", "logwatch", "scan", "--no-shipped", "--catalogue", str(own), *args]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "train.log"
    path.write_text(
        "[2026-01-01T10:00:00Z] step 1\n"
        "[rank3]: Traceback (most recent call last):\n"
        "[rank3]: RuntimeError: it went boom at step 7\n"
        "[2026-01-01T10:00:09Z] [rank4]: it went boom at step 8\n"
        "it fizzled out\n"
    )
    return path


# --- text --------------------------------------------------------------------------------------------


def test_the_report_says_what_broke_and_what_to_do_first(scan: Any, log: Path) -> None:
    told = scan(log)
    assert told.status == 1
    assert told.err == ""
    assert "CRITICAL  it went boom\n          test/boom · 2× in 2 places" in told.out
    assert f"  first  {log}:3  rank 3  2026-01-01 10:00:00 UTC\n" in told.out
    assert f"  last   {log}:4  rank 4  2026-01-01 10:00:09 UTC\n" in told.out
    assert "  ▌ [rank3]: RuntimeError: it went boom at step 7\n" in told.out
    assert "  Do this first\n    Put it out.\n    With water.\n" in told.out
    assert "  Won't help\n    Shout.\n    It cannot hear.\n" in told.out
    assert "  Why\n    Somebody lit the fuse.\n" in told.out
    assert "\n2 known errors, 3×, in 5 lines (" in told.out


def test_nothing_known_is_said_and_is_success(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "ok.log").write_text("all is well\n")
    told = scan(tmp_path / "ok.log")
    assert (told.status, told.err) == (0, "")
    assert told.out.startswith("No known error in 1 line (")
    assert told.out.endswith("2 errors were looked for.\n")


def test_it_speaks_chinese(scan: Any, log: Path) -> None:
    told = scan(log, "--language", "zh")
    assert "严重  它炸了" in told.out
    assert "先这样做" in told.out


def test_secrets_do_not_leave_the_log(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text("token=hunter22hunter\nit went boom password=hunter22hunter\n")
    assert "hunter22" not in scan(tmp_path / "a.log").out
    assert "hunter22" not in scan("--format", "json", tmp_path / "a.log").out


# --- json --------------------------------------------------------------------------------------------


def test_json_is_one_event_a_line_with_the_names_of_the_contract(scan: Any, log: Path) -> None:
    told = scan("--format", "json", log)
    assert told.status == 1
    first, second, third = told.events
    assert list(first) == [
        *("schema", "event_id", "error_id", "time", "severity", "domain", "category", "signature", "source"),
        *("path", "generation", "offset", "line", "line_number", "captures", "labels", "host", "workaround"),
        *("dead_ends", "decision", "also", "catalogue_version", "incident_id"),
    ]
    assert first | {"event_id": "", "host": "", "catalogue_version": ""} == {
        "schema": 1,
        "event_id": "",
        "error_id": "test/boom",
        "time": "2026-01-01T10:00:00.000Z",
        "severity": "critical",
        "domain": "test",
        "category": "explosion",
        "signature": "it went boom",
        "source": "scan",
        "path": str(log),
        "generation": 1,
        "offset": log.read_bytes().index(b"[rank3]: RuntimeError"),
        "line": "[rank3]: RuntimeError: it went boom at step 7",
        "line_number": 3,
        "captures": {"step": "7"},
        "labels": {"rank": "3"},
        "host": "",
        "workaround": {"action": "Put it out.", "success_rate": 0.8},
        "dead_ends": [{"action": "Shout.", "why_fails": "It cannot hear.", "fail_rate": 0.9}],
        "decision": "restart",
        "also": [],
        "catalogue_version": "",
        "incident_id": None,
    }
    assert first["host"] == second["host"] == os.uname().nodename
    assert second["time"] == "2026-01-01T10:00:09.000Z"
    assert third["error_id"] == "test/fizz"


def test_the_same_file_gives_the_same_events_again(scan: Any, log: Path, tmp_path: Path) -> None:
    once = scan("--format", "json", log).out
    assert scan("--format", "json", log).out == once
    (tmp_path / "link").symlink_to(log)
    again = [
        json.loads(line)["event_id"] for line in scan("--format", "json", tmp_path / "link").out.splitlines()
    ]
    assert again == [json.loads(line)["event_id"] for line in once.splitlines()]


def test_a_line_without_any_time_has_that_of_the_file(scan: Any, tmp_path: Path) -> None:
    path = tmp_path / "bare.log"
    path.write_text("it went boom\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    assert scan("--format", "json", path).events[0]["time"] == "2023-11-14T22:13:20.000Z"


def test_events_come_by_file_and_then_by_offset(scan: Any, tmp_path: Path) -> None:
    for name in ("b.log", "a.log"):
        (tmp_path / name).write_text("it went boom\nx\nit went boom\n")
    told = scan("--format", "json", tmp_path / "b.log", tmp_path / "a.log")
    assert [(Path(e["path"]).name, e["offset"]) for e in told.events] == [
        ("b.log", 0),
        ("b.log", 15),
        ("a.log", 0),
        ("a.log", 15),
    ]


def test_labels_come_from_the_path_and_win_over_those_of_the_line(scan: Any, tmp_path: Path) -> None:
    path = tmp_path / "llm/rank7.log"
    path.parent.mkdir()
    path.write_text("[rank3]: it went boom\n")
    told = scan(
        "--format", "json", tmp_path, "--path-labels", "/no/{x}", "--path-labels", "{job}/rank{rank}.log"
    )
    assert told.events[0]["labels"] == {"rank": "7", "job": "llm"}


def test_a_template_that_cannot_be_understood_is_refused(scan: Any, log: Path) -> None:
    told = scan(log, "--path-labels", "{job")
    assert told.status == 2
    assert "has no partner; write names as {job}" in told.err


# --- what is read ------------------------------------------------------------------------------------


def test_a_folder_a_pattern_and_an_archive_are_read(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "logs/deep").mkdir(parents=True)
    (tmp_path / "logs/deep/a.log").write_text("it went boom\n")
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(b"ok\nit went boom\n"))
    told = scan("--format", "json", tmp_path / "logs", tmp_path / "*.gz")
    assert [(Path(e["path"]).name, e["offset"], e["line_number"]) for e in told.events] == [
        ("a.log", 0, 1),
        ("b.log.gz", 3, 2),
    ]


def test_what_cannot_be_read_is_named_and_the_rest_is_scanned(scan: Any, log: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(b"it went boom\n" + os.urandom(5000).hex().encode())[:-900])
    told = scan("--format", "json", tmp_path / "gone.log", cut, log)
    assert told.status == 2
    assert told.err == (
        f"logwatch: {tmp_path}/gone.log: does not exist\n    → check the path\n"
        f"logwatch: {cut}: the gzip data ends in the middle\n"
    )
    assert len(told.events) == 4


@pytest.mark.usefixtures("log")
def test_a_binary_file_is_skipped_with_a_word(scan: Any, tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(bytes(range(256)) * 100)
    swept = scan(tmp_path)
    assert swept.status == 1
    assert swept.err == f"logwatch: {tmp_path}/model.bin: skipped: not text\n"
    assert "in 5 lines (" in swept.out
    assert scan(tmp_path / "model.bin").status == 2


def test_many_skipped_files_are_counted(scan: Any, tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.bin").write_bytes(bytes(range(256)) * 100)
    told = scan(tmp_path)
    assert told.err.count("skipped: not text") == 5
    assert "skipped 4 more files" in told.err


def test_an_overlong_line_is_matched_at_both_ends_and_mentioned(scan: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text("it went boom " + "x" * 700_000 + " it fizzled out\nit fizzled out\n")
    told = scan("--format", "json", path)
    assert [(e["error_id"], e["also"], e["line_number"]) for e in told.events] == [
        ("test/fizz", ["test/boom"], 1),
        ("test/fizz", [], 2),
    ]
    assert "1 line of more than 256 KiB: only the first 128 and the last 16 KiB of each were" in told.err


def test_a_pattern_without_fixed_text_is_named(scan: Any, own: Path, log: Path) -> None:
    (own / "vague.json").write_text(json.dumps({"id": "test/vague", "signature": "x", "regex": r"\d{9}"}))
    told = scan(log)
    assert "logwatch: test/vague: its pattern has no fixed text" in told.err
    assert told.status == 1


def test_a_pattern_that_takes_too_long_is_named(scan: Any, own: Path, tmp_path: Path) -> None:
    slow = {"id": "test/slow", "signature": "x", "regex": r"slow (?:a|a|aa)+$"}
    (own / "slow.json").write_text(json.dumps(slow))
    (tmp_path / "a.log").write_text("slow " + "a" * 60 + "b\n")
    told = scan(tmp_path / "a.log")
    assert "logwatch: test/slow: its pattern took too long on 1 line and" in told.err


def test_mistakes_in_the_catalogue_are_told_all_at_once(scan: Any, own: Path, log: Path) -> None:
    (own / "one.json").write_text("{")
    (own / "two.json").write_text(json.dumps({"id": "a/b", "signature": "x", "regex": "("}))
    told = scan(log)
    assert told.status == 2
    assert "one.json:1: is not JSON" in told.err
    assert "two.json:1: `regex` does not compile" in told.err


def test_no_entries_at_all_is_refused(capfd: pytest.CaptureFixture[str], log: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["scan", "--no-shipped", str(log)])
    assert ended.value.code == 2
    assert "name a folder with `--catalogue DIR`" in capfd.readouterr().err


def test_the_shipped_catalogue_is_in_force(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(
        "RuntimeError: You cannot set both `device_map` and `device` when using the `accelerate` launcher "
        "with multiple GPUs.\n"
    )
    with pytest.raises(SystemExit) as ended:
        main(["scan", "--format", "json", str(tmp_path / "a.log")])
    assert ended.value.code == 1
    (event,) = map(json.loads, capfd.readouterr().out.splitlines())
    assert event["error_id"] == "huggingface/accelerate-multi-gpu-device-map-conflict"


# --- many files at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["text", "json"])
def test_several_processes_say_what_one_says(scan: Any, tmp_path: Path, form: str) -> None:
    for number in range(7):
        lines = [f"[2026-01-01T10:0{9 - number}:{n:02}Z] [rank{n}]: it went boom" for n in range(40)]
        (tmp_path / f"{number}.log").write_text("\n".join([*lines, "it fizzled out"]))
    (tmp_path / "broken.gz").write_bytes(gzip.compress(b"it went boom\n" * 1000)[:-20])
    one, three = (scan(tmp_path, "--format", form, "--jobs", str(jobs)) for jobs in (1, 3))

    def comparable(text: str) -> str:
        return "\n".join(line for line in text.splitlines() if " known errors, " not in line)

    assert comparable(three.out) == comparable(one.out)
    assert three.err == one.err
    assert three.status == one.status == 2


# --- pipes -------------------------------------------------------------------------------------------


def test_a_pipe_is_read_without_being_named(own: Path) -> None:
    ran = subprocess.run(
        command(own, "--format", "json"), input=b"ok\nit went boom\n", capture_output=True, check=False
    )
    assert ran.returncode == 1
    event = json.loads(ran.stdout)
    assert (event["path"], event["line_number"], event["offset"]) == ("-", 2, 3)


def test_without_a_file_or_a_pipe_it_says_what_to_do(own: Path) -> None:
    ran = subprocess.run(command(own), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert "pipe a log in" in ran.stderr


def test_an_event_comes_as_soon_as_its_line_has_ended(own: Path) -> None:
    ran = subprocess.Popen(command(own, "--format", "json"), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert ran.stdin is not None
    assert ran.stdout is not None
    with ran.stdin, ran.stdout:
        ran.stdin.write(b"it went boom\nhalf a li")
        ran.stdin.flush()
        assert json.loads(ran.stdout.readline())["error_id"] == "test/boom"
    assert ran.wait() == 1


def test_whoever_stops_waiting_for_a_pipe_gets_what_was_found(own: Path) -> None:
    ran = subprocess.Popen(
        command(own, "-", "--format", "text"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert ran.stdin is not None
    # More than a pipe holds: once it is written, the first line has been looked at.
    ran.stdin.write(b"it went boom\n" + b"all is well\n" * 100_000)
    ran.stdin.flush()
    ran.send_signal(signal.SIGINT)
    out, err = ran.communicate(timeout=30)
    assert ran.returncode == 130
    assert b"test/boom" in out
    assert err == b""


def test_a_reader_that_goes_away_ends_it_quietly(own: Path, tmp_path: Path) -> None:
    (tmp_path / "storm.log").write_text("it went boom\n" * 20_000)
    ran = subprocess.Popen(
        command(own, "--format", "json", str(tmp_path)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert ran.stdout is not None
    assert ran.stderr is not None
    assert ran.stdout.readline().startswith(b'{"schema":1')
    ran.stdout.close()
    with ran.stderr:
        assert ran.stderr.read() == b""
    assert ran.wait() == 141
