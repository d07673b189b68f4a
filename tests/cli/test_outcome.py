"""`logwatch outcome`: by the id in a message, while the daemon runs or long after."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conformance.harness import Stage, until
from logwatch.cli.main import logwatch
from logwatch.store import Batch, Store
from test_run import Receiver

ONE, OTHER = "7c01ab93e2f4" + "0" * 20, "7c01ffffffff" + "0" * 20


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "logwatch.yaml"
    path.write_text("state_dir: state\n")
    advice = {"error_id": "nccl/watchdog-timeout", "workarounds": ["Find the rank.", "Raise the timeout."]}
    with Store(tmp_path / "state") as store:
        store.commit(Batch(told={ONE: advice, OTHER: {**advice, "workarounds": []}}))
    return path


def outcome(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(logwatch, ["outcome", *arguments, "-c", str(config)])


def test_successes_are_counted_for_each_workaround(config: Path) -> None:
    assert "helped 1 of 1 times: Find the rank." in outcome(config, ONE[:12], "worked").output
    assert "helped 0 of 1 times: Raise the" in outcome(config, ONE, "failed", "--workaround", "2").output
    noted = json.loads((config.parent / "state" / "outcomes.json").read_text())
    assert [(n["incident_id"], n["action"], n["worked"]) for n in noted] == [
        (ONE, "Find the rank.", True),
        (ONE, "Raise the timeout.", False),
    ]


def test_the_last_word_on_an_incident_counts(config: Path) -> None:
    outcome(config, ONE, "worked")
    assert "helped 0 of 1 times" in outcome(config, ONE, "failed").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["7c01", "worked"], "Several incidents begin with 7c01"),
        (["7", "worked"], "No incident 7 was told of"),
        (["ffff0000", "worked"], "No incident ffff0000 was told of"),
        (["%", "worked"], "No incident"),
        ([ONE, "perhaps"], "'perhaps' is not one of"),
        ([ONE, "worked", "--workaround", "3"], "no workaround 3 for nccl/watchdog-timeout: 2 are known"),
        ([ONE, "worked", "--workaround", "0"], "0 is not in the range"),
        ([OTHER, "worked"], "none is known"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(config: Path, arguments: list[str], said: str) -> None:
    told = outcome(config, *arguments)
    assert told.exit_code == 2
    assert said in told.output
    assert not (config.parent / "state" / "outcomes.json").exists()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def test_the_next_message_of_a_running_daemon_shows_what_was_seen_here(
    tmp_path: Path, receiver: Receiver
) -> None:
    with Stage(tmp_path, "events") as stage:
        entry = tmp_path / "catalogue" / "conformance" / "telltale.json"
        advice = [{"action": "Sleep.", "success_rate": 0.9}, {"action": "Look.", "success_rate": 0.1}]
        entry.write_text(json.dumps({**json.loads(entry.read_text()), "workarounds": advice}))
        stage.configure(
            path_labels=[str(stage.logs / "{job}.log")],
            notify=[{"type": "webhook", "name": "pager", "url": receiver.url}],
        )
        stage.start()
        stage.writer("one.log").lines()
        until(lambda: len(receiver.requests) == 1, "the first message")
        told = receiver.requests[0][1]["data"]
        assert [w["action"] for w in told["workarounds"]] == ["Sleep.", "Look."]
        assert "here" not in told["workarounds"][0]
        # As if ten others had said the same before.
        with (tmp_path / "state" / "outcomes.json").open("w") as file:
            case = {"error_id": "conformance/telltale", "at": 0.0, "by": "ada"}
            failed = {**case, "action": "Sleep.", "worked": False}
            json.dump([{**failed, "incident_id": f"i{n}"} for n in range(10)], file)
        said = outcome(tmp_path / "logwatch.yaml", told["incident_id"][:12], "worked", "--workaround", "2")
        assert said.exit_code == 0, said.output
        # The daemon looks once a second; a job of its own makes an incident of its own.
        for attempt in range(20):
            before = len(receiver.requests)
            stage.writer(f"job{attempt}.log").lines()
            until(lambda count=before: len(receiver.requests) > count, "another message")  # type: ignore[misc]
            latest = receiver.requests[-1][1]["data"]["workarounds"]
            if "here" in latest[0]:
                break
        assert [(w["action"], w["here"]) for w in latest] == [
            ("Look.", {"worked": 1, "tried": 1}),
            ("Sleep.", {"worked": 0, "tried": 10}),
        ]
        stage.check()
