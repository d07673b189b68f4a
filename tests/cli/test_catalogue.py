"""`logwatch catalogue`: looking through entries, writing one, judging them; exit statuses are promises."""

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue.records import ID, LINE, NEAR_MISS, good_record, write
from logwatch.cli import catalogue as verb
from logwatch.cli.main import main

XID_48 = good_record(
    id="nvidia/xid-48",
    signature=NEAR_MISS,
    signature_zh="",
    regex="uncorrectable double bit error",
    severity="critical",
    decision="reset_gpu",
    examples={
        "match": [{"text": NEAR_MISS, "where": "a forum"}],
        "no_match": [{"text": LINE, "where": "a forum"}],
    },
)


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Terminal:
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main(["catalogue", *map(str, words)])
        captured = self.capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, captured.out, captured.err)


@pytest.fixture
def logwatch(capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(capsys)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of entries that stands alone."""
    write(tmp_path / "own", good_record())
    write(tmp_path / "own", XID_48)
    return tmp_path / "own"


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small shipped folder instead of the real one, seen from the folder above it."""
    folder = tmp_path / "seeds"
    write(folder, good_record())
    monkeypatch.setattr(verb, "shipped_folder", lambda: folder)
    monkeypatch.chdir(tmp_path)
    return folder


def alone(folder: Path) -> Sequence[str]:
    return ["--no-shipped", "--catalogue", str(folder)]


def test_list_shows_severity_id_and_title(logwatch: Terminal, own: Path) -> None:
    outcome = logwatch("list", *alone(own))
    assert outcome.status == 0
    first, second = outcome.out.splitlines()
    assert first.split()[:2] == ["critical", "nvidia/xid-48"]
    assert second.split()[:2] == ["error", ID]
    assert "\x1b" not in outcome.out


def test_list_can_be_narrowed_to_a_domain_and_a_severity(logwatch: Terminal, own: Path) -> None:
    write(own, good_record(id="acme/other", domain="acme", regex="another pattern"))
    of_acme = logwatch("list", *alone(own), "--domain", "acme")
    critical = logwatch("list", *alone(own), "--severity", "critical", "--domain", "nvidia")
    assert [outcome.out.split()[1] for outcome in (of_acme, critical)] == ["acme/other", "nvidia/xid-48"]
    assert logwatch("list", *alone(own), "--domain", "nobody").status == 1


def test_list_as_json_is_one_object_a_line(logwatch: Terminal, own: Path) -> None:
    outcome = logwatch("list", *alone(own), "--json")
    told = [json.loads(line) for line in outcome.out.splitlines()]
    assert [(one["id"], one["severity"], one["decision"]) for one in told] == [
        ("nvidia/xid-48", "critical", "reset_gpu"),
        (ID, "error", None),
    ]
    assert told[0]["title"] == NEAR_MISS


def test_titles_are_in_the_readers_language_where_they_are_translated(logwatch: Terminal, own: Path) -> None:
    told = [
        json.loads(line)
        for line in logwatch("list", *alone(own), "--json", "--language", "zh").out.splitlines()
    ]
    assert [one["title"] for one in told] == [NEAR_MISS, "NVRM: Xid 79，GPU 已掉卡。"]


def test_a_title_cannot_act_on_the_terminal(logwatch: Terminal, own: Path) -> None:
    write(own, good_record(signature=f"\x1b[2J{LINE}"))
    assert "\x1b" not in logwatch("list", *alone(own)).out


def test_search_shows_the_best_first_and_says_when_there_is_nothing(logwatch: Terminal, own: Path) -> None:
    found = logwatch("search", *alone(own), "double bit")
    assert (found.status, found.out.split()[1]) == (0, "nvidia/xid-48")
    assert logwatch("search", *alone(own), "zebra") == Outcome(1, "", "")


def test_entries_that_are_well_pass_with_a_summary(logwatch: Terminal, shipped: Path) -> None:
    for command in ("test", "lint"):
        outcome = logwatch(command)
        assert outcome.status == 0
        assert outcome.out == "✓ 1 entry, 1 example, 1 near miss: all is well\n"
    assert shipped.is_dir()


def test_a_fault_is_named_with_file_line_and_remedy(logwatch: Terminal, shipped: Path) -> None:
    write(shipped, good_record(signature="GPU gone"))
    outcome = logwatch("test")
    assert outcome.status == 1
    fault, remedy, summary = outcome.out.splitlines()
    assert (
        fault
        == "✗ seeds/nvidia/xid-79.json:3: the signature does not match the record's own pattern [signature]"
    )
    assert remedy.startswith("    → ")
    assert summary == "✗ 1 error, 0 warnings in 1 entry, 1 example, 1 near miss"


def test_only_lint_looks_at_the_rest(logwatch: Terminal, shipped: Path) -> None:
    write(shipped, good_record(root_cause=""))
    assert [logwatch(command).status for command in ("test", "lint")] == [0, 1]


def test_own_entries_are_warned_about_unless_they_are_held_to_more(
    logwatch: Terminal, shipped: Path, own: Path
) -> None:
    write(
        own,
        good_record(id="acme/other", regex="some other pattern", signature="some other pattern", examples={}),
    )
    assert shipped.is_dir()
    lenient, strict = logwatch("test", own), logwatch("test", own, "--strict")
    assert (lenient.status, strict.status) == (0, 1)
    assert lenient.out.endswith("near misses: all is well, 2 warnings\n")
    assert strict.out.count("✗") == 3


def test_own_entries_are_judged_beside_the_shipped_ones(
    logwatch: Terminal, shipped: Path, tmp_path: Path
) -> None:
    assert shipped.is_dir()
    pattern = r"NVRM: Xid \([^)\n]{1,40}\): 79, pid='<unknown>', [^\n]{0,80}?GPU has fallen off the bus"
    write(tmp_path / "own", good_record(id="acme/thief", regex=pattern, examples={}))
    outcome = logwatch("test", tmp_path / "own")
    assert outcome.status == 1
    assert "recognised as acme/thief first" in outcome.out


def test_the_shipped_folder_may_be_named_too(logwatch: Terminal, shipped: Path) -> None:
    write(shipped, good_record(id="acme/other", regex="some other pattern", examples={}))
    assert logwatch("test", shipped) == logwatch("test")
    assert logwatch("test").status == 1
    assert logwatch("test", shipped / "nvidia").out == "✓ 1 entry, 1 example, 1 near miss: all is well\n"


def test_entries_that_cannot_be_read_are_trouble(logwatch: Terminal, shipped: Path, tmp_path: Path) -> None:
    write(shipped, {**good_record(), "severity": "bad"})
    for folder in (shipped, tmp_path / "nowhere"):
        outcome = logwatch("test", folder)
        assert outcome.status == 2
        assert "seeds/nvidia/xid-79.json:" in outcome.err


NEW_LINE = "[rank3]: RuntimeError: widget 17 exploded after 4 s (token=hf_abcdefghijklmnopqrst)"


def test_new_prints_a_record_and_says_what_comes_next(logwatch: Terminal, own: Path) -> None:
    outcome = logwatch("new", NEW_LINE, *alone(own), "--domain", "acme", "--slug", "boom")
    assert outcome.status == 0
    record = json.loads(outcome.out)
    assert record["id"] == "acme/boom"
    assert record["regex"].startswith(r"RuntimeError: widget \d+ exploded after (?P<after>\d+) s")
    assert "logwatch catalogue test DIR" in outcome.err


def test_new_masks_secrets(logwatch: Terminal, own: Path) -> None:
    outcome = logwatch("new", NEW_LINE, *alone(own))
    assert "hf_abcdef" not in outcome.out + outcome.err


def test_new_writes_a_file_that_passes_the_test_and_keeps_what_is_there(
    logwatch: Terminal, shipped: Path, tmp_path: Path
) -> None:
    assert shipped.is_dir()
    folder = tmp_path / "own"
    written = logwatch(
        "new",
        NEW_LINE,
        "-o",
        folder,
        "--domain",
        "acme",
        "--slug",
        "boom",
        "--no-shipped",
        "--catalogue",
        shipped,
    )
    assert (written.status, written.out) == (0, "")
    assert f"logwatch catalogue test {folder}" in written.err
    assert logwatch("test", folder).status == 0
    again = logwatch(
        "new",
        NEW_LINE,
        "-o",
        folder,
        "--domain",
        "acme",
        "--slug",
        "boom",
        "--no-shipped",
        "--catalogue",
        shipped,
    )
    assert again.status == 0
    assert sorted(path.name for path in folder.rglob("*.json")) == ["boom-2.json", "boom.json"]


def test_new_takes_the_last_line_of_what_is_piped_in(
    logwatch: Terminal, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 3\nValueError: odd widget\n\n'
    monkeypatch.setattr(sys, "stdin", io.StringIO(traceback))
    record = json.loads(logwatch("new", "-", *alone(own)).out)
    assert record["examples"]["match"][0]["text"] == "ValueError: odd widget"


def test_new_says_that_a_line_is_known_already(logwatch: Terminal, own: Path) -> None:
    outcome = logwatch("new", LINE, *alone(own))
    assert f"recognised already, as {ID}" in outcome.err
    assert json.loads(outcome.out)["domain"] == "local"


def test_new_shows_what_is_most_like_the_line_and_takes_its_domain(logwatch: Terminal, own: Path) -> None:
    outcome = logwatch("new", "nvidia: GPU has fallen silent", *alone(own))
    assert ID in outcome.err
    assert json.loads(outcome.out)["domain"] == "nvidia"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["12 34"], "nothing in this line is sure"),
        (["  "], "There is no line"),
        (["a line of text", "--domain", "No/Domain"], "cannot be part of an id"),
    ],
)
def test_new_refuses_what_it_cannot_use(logwatch: Terminal, own: Path, words: list[str], said: str) -> None:
    outcome = logwatch("new", *words, *alone(own))
    assert (outcome.status, outcome.out) == (2, "")
    assert said in outcome.err


def test_new_says_when_a_file_cannot_be_written(logwatch: Terminal, own: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    outcome = logwatch("new", NEW_LINE, *alone(own), "-o", tmp_path / "file" / "below")
    assert outcome.status == 2
    assert "cannot be written" in outcome.err


def test_lint_shows_which_entries_cost_most_on_healthy_logs(
    logwatch: Terminal, own: Path, tmp_path: Path
) -> None:
    log = tmp_path / "healthy.log"
    log.write_text(
        "step 1\nno uncorrectable double bit error so far: the GPU has fallen off the bus, they say\n" * 9
    )
    outcome = logwatch("lint", "--cost", log, "--catalogue", own)
    assert outcome.status == 0
    heading, *lines, summary = outcome.out.splitlines()
    assert heading.split() == ["in", "vain/MB", "searches/MB", "regex", "µs/MB", "entry"]
    line = next(line for line in lines if " nvidia/xid-79 " in line)
    assert line.startswith("!")
    assert summary.startswith("! ")


def test_without_logs_the_demos_is_looked_at(logwatch: Terminal) -> None:
    outcome = logwatch("lint", "--cost")
    assert outcome.status == 0
    assert "in 0.0 MB" in outcome.out.splitlines()[-2]
    assert outcome.out.splitlines()[-1].startswith("This was the demo's log.")


def test_a_log_that_is_not_there_is_trouble(logwatch: Terminal, tmp_path: Path) -> None:
    outcome = logwatch("lint", "--cost", tmp_path / "gone.log")
    assert (outcome.status, "gone.log: does not exist" in outcome.err) == (2, True)


def test_own_entries_are_named_by_option_only_for_costs(logwatch: Terminal, own: Path) -> None:
    assert logwatch("lint", "--catalogue", own).status == 2
