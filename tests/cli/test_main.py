"""Verbs, help, and what the shell is told."""

import os
import subprocess
import sys

import click
import pytest

from logwatch import __version__
from logwatch.cli.main import VERBS, logwatch, main
from logwatch.errors import CatalogueError, Problem

HEAVY = {"asyncio", "aiohttp", "structlog", "prometheus_client", "watchdog", "aiofiles", "multiprocessing"}


def status(*args: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(args)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_help_begins_with_examples_and_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--help") == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[2].strip().startswith("logwatch scan train.log ")
    for name, verb in VERBS.items():
        assert f"{name}  " in shown
        assert verb.help in " ".join(shown.split())


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_there_and_shows_its_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(name, "--help") == 0
    assert f"Usage: logwatch {name}" in capsys.readouterr().out


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("--version") == 0
    assert __version__ in capsys.readouterr().out


def test_a_misspelt_verb_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("scna") == 2
    assert "Did you mean `logwatch scan`?" in capsys.readouterr().err


def test_an_unknown_verb_gets_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert status("frobnicate") == 2
    assert "There are: scan, explain" in capsys.readouterr().err


def test_what_is_wrong_with_the_input_is_told_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(**_: object) -> None:
        raise CatalogueError([Problem("a.json:3", "`regex` is missing", "add `regex`")])

    command = logwatch.get_command(click.Context(logwatch), "scan")
    assert command is not None
    monkeypatch.setattr(command, "callback", fail)
    assert status("scan", "x.log") == 2
    assert capsys.readouterr().err == "logwatch: a.json:3: `regex` is missing\n    → add `regex`\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt, click.Abort])
def test_an_interrupted_verb_ends_as_the_shell_expects(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(**_: object) -> None:
        raise error

    command = logwatch.get_command(click.Context(logwatch), "scan")
    assert command is not None
    monkeypatch.setattr(command, "callback", interrupt)
    assert status("scan", "x.log") == 130


@pytest.mark.parametrize("verb", ["scan", "explain"])
def test_the_stateless_verbs_do_not_wait_for_the_daemons_libraries(verb: str) -> None:
    code = f"import sys; import logwatch.cli.main, logwatch.cli.{verb}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert HEAVY.isdisjoint(loaded.split())


def completed(*words: str) -> list[str]:
    """What the shell would offer for the last of `words`."""
    asking = {
        "_LOGWATCH_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", "from logwatch.cli.main import main; main()"],
        env={**os.environ, **asking},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return [line.partition(",")[2] for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_the_shell(shell: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from logwatch.cli.main import main; main()"],
        env={**os.environ, "_LOGWATCH_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_LOGWATCH_COMPLETE" in done.stdout
    assert "logwatch" in done.stdout


def test_the_shell_completes_verbs_options_and_choices() -> None:
    assert completed("logwatch", "ex") == ["explain", "export"]
    assert "--dry-run" in completed("logwatch", "run", "--")
    assert completed("logwatch", "export", "schema", "e") == ["entry", "event"]


def test_a_misspelt_verb_completes_to_nothing_rather_than_to_an_error() -> None:
    assert completed("logwatch", "scna", "x") == []
