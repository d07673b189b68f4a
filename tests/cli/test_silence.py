"""`logwatch silence` writes what a daemon, running or not, goes by."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from logwatch.cli.main import logwatch
from logwatch.store import Batch, Store

KNOWN = "nccl/watchdog-timeout"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    path = tmp_path / "logwatch.yaml"
    # A secret that only the daemon can read must not keep anybody from muting.
    path.write_text("state_dir: state\nnotify: [{type: slack, name: a, webhook_url_file: absent}]\n")
    return path


def run(config: Path, *arguments: str, env: dict[str, str] | None = None) -> Result:
    verb, *rest = arguments
    return CliRunner().invoke(logwatch, ["silence", verb, *rest, "-c", str(config)], env=env)


def listed(config: Path, *options: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(config, "list", "--json", *options).output.splitlines()]


def test_what_is_added_is_listed_with_owner_and_end_until_it_is_removed(config: Path) -> None:
    added = run(
        config, "add", "--error", "nccl/*", "--job", "llm-*", "--label", "cluster=eu1", "--for", "2h",
        "--comment", "new switch", env={"SUDO_USER": "ada"},
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    [one] = listed(config)
    assert (one["error"], one["job"], one["labels"]) == ("nccl/*", "llm-*", {"cluster": "eu1"})
    assert (one["owner"], one["comment"], one["active"], one["hits"]) == ("ada", "new switch", True, 0)
    assert added.output.splitlines()[0] == one["id"]
    assert "ada: new switch" in run(config, "list").output
    assert run(config, "remove", one["id"]).exit_code == 0
    assert listed(config) == []
    assert [s["active"] for s in listed(config, "--all")] == [False]
    assert "Nothing is muted" in run(config, "list").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--error", KNOWN], "Say when it ends"),
        (["--error", KNOWN, "--for", "2h", "--until", "18:00"], "Say when it ends"),
        (["--error", KNOWN, "--for", "soon"], "write it as 2h"),
        (["--error", KNOWN, "--for", "9w9"], "write it as 2h"),
        (["--error", KNOWN, "--until", "2020-01-01"], "is over"),
        (["--error", KNOWN, "--until", "25:00"], "write it as 18:00"),
        (["--error", KNOWN, "--for", "99999d"], "`shadow`"),
        (["--error", "nccl/watchdog-timeuot", "--for", "2h"], KNOWN),
        (["--error", "no/*", "--for", "2h"], "No error is called"),
        (["--error", KNOWN, "--for", "2h", "--label", "cluster"], "NAME=VALUE"),
        (["--error", KNOWN, "--for", "2h", "--owner", " "], "`--owner`"),
        (["--for", "2h"], "--error"),
    ],
)
def test_a_slip_of_the_pen_is_refused_and_nothing_is_written(
    config: Path, arguments: list[str], said: str
) -> None:
    told = run(config, "add", *arguments)
    assert told.exit_code == 2
    assert said in told.output
    assert listed(config, "--all") == []


def test_removing_what_is_not_there_names_what_is(config: Path) -> None:
    run(config, "add", "--error", KNOWN, "--for", "2h")
    told = run(config, "remove", "nonsense")
    assert told.exit_code == 2
    assert listed(config)[0]["id"] in told.output


def test_a_damaged_file_is_named_and_left_alone(config: Path) -> None:
    file = config.parent / "state" / "silences.json"
    file.write_text("{")
    for arguments in (["list"], ["add", "--error", KNOWN, "--for", "1h"], ["remove", "x"]):
        told = run(config, *arguments)
        assert told.exit_code != 0
        assert "silences.json" in str(told.exception)
    assert file.read_text() == "{"


def test_without_a_state_directory_it_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "logwatch.yaml"
    path.write_text("state_dir: nowhere\n")
    told = run(path, "add", "--error", KNOWN, "--for", "1h")
    assert "name its configuration with -c" in str(told.exception)


def test_the_list_says_how_many_notices_were_held_back_also_while_a_daemon_runs(config: Path) -> None:
    run(config, "add", "--error", KNOWN, "--for", "1h")
    [one] = listed(config)
    with Store(config.parent / "state") as store:
        store.commit(Batch(dispatch={("silence", one["id"]): {"hits": 412}}))
        assert listed(config)[0]["hits"] == 412
        assert "held back 412" in run(config, "list").output
    assert listed(config)[0]["hits"] == 412


def test_what_ended_long_ago_is_dropped_when_another_is_added(config: Path) -> None:
    file = config.parent / "state" / "silences.json"
    now = time.time()
    old = {"id": "old", "error": "x", "owner": "o", "created": now - 10 * 86_400, "ends": now - 6 * 86_400}
    file.write_text(json.dumps([old, {**old, "id": "recent", "ends": now - 3600}]))
    run(config, "add", "--error", KNOWN, "--for", "1h")
    assert len(listed(config, "--all")) == 2
    assert {"old"}.isdisjoint(s["id"] for s in listed(config, "--all"))
