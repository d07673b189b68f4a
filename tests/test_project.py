"""What stands around the code: verbs and CI. Each is read, or run, as its tool does."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from console import parses
from logwatch import __version__

ROOT = Path(__file__).parents[1]


class TestMake:
    @pytest.fixture
    def venv(self, tmp_path: Path) -> Path:
        """A virtual environment that is ready and whose `logwatch` and `pytest` say how they are called."""
        venv = tmp_path / "venv"
        (venv / "bin").mkdir(parents=True)
        for name in ("logwatch", "pytest"):
            program = venv / "bin" / name
            program.write_text(f"#!/bin/sh\nprintf '%s\\n' {name} \"$@\"\n")
            program.chmod(0o755)
        for stamp in (".run", ".dev"):
            (venv / stamp).touch()
        return venv

    def make(self, venv: Path, *arguments: str) -> list[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        command = ["make", "--no-print-directory", "--silent", "-C", str(ROOT), f"VENV={venv}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        return done.stdout.splitlines()

    def test_run_shows_the_demo(self, venv: Path) -> None:
        assert self.make(venv, "run") == ["logwatch", "demo"]

    @pytest.mark.parametrize("logs", ["/scratch/*.log", "/a folder/it's/**/*.log", "/logs/[ab]?/*.log"])
    def test_run_hands_on_the_logs_as_they_were_written(self, venv: Path, logs: str) -> None:
        assert self.make(venv, "run", f"LOGS={logs}") == ["logwatch", "demo", "--logs", logs]
        assert parses(["demo", "--logs", logs])

    def test_test_runs_all_tests_or_those_named(self, venv: Path) -> None:
        assert self.make(venv, "test", "TESTS=tests/scan -x") == ["pytest", "-n", "auto", "tests/scan", "-x"]

    def test_torture_is_as_long_as_it_is_told(self, venv: Path) -> None:
        (venv / "bin" / "python").write_text((venv / "bin" / "pytest").read_text())
        (venv / "bin" / "python").chmod(0o755)
        said = self.make(venv, "torture", "SECONDS=60", "KILLS=5", "SEED=3")
        assert said[1:] == ["-m", "torture", "--seconds", "60", "--kills", "5", "--seed", "3"]

    def test_without_a_verb_it_says_which_there_are(self, venv: Path) -> None:
        said = self.make(venv)
        assert [line.split()[1] for line in said] == [
            "help", "run", "test", "conformance", "torture", "check", "fix", "bench", "wheel", "venv", "clean",
        ]  # fmt: skip

    def test_an_old_python_is_told_which_one_is_needed(self, tmp_path: Path) -> None:
        old = tmp_path / "python3.9"
        pretence = "import sys; sys.version_info = (3, 9); exec(sys.argv[1])"
        old.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{pretence}' \"$2\"\n")
        old.chmod(0o755)
        with pytest.raises(subprocess.CalledProcessError) as failed:
            self.make(tmp_path / "none", "venv", f"PYTHON={old}")
        assert "Python 3.11 or newer is needed" in failed.value.stderr


def test_ci_is_a_script_that_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], check=True)
    assert "set -euo pipefail" in script.read_text()


def test_the_version_is_the_same_wherever_it_stands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()
