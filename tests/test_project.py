"""What stands around the code: verbs, unit, image, CI. Each is read, or run, as its tool does."""

import configparser
import contextlib
import fnmatch
import http.server
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest

from logwatch import __version__, config
from logwatch.cli.main import logwatch

ROOT = Path(__file__).parents[1]
UNIT = ROOT / "deploy" / "systemd" / "logwatch.service"
DROP_INS = sorted(UNIT.parent.glob("*.conf"))
DOCKERFILE = ROOT / "Dockerfile"
# Of ten, by `systemd-analyze security`; reading other users' files or the kernel's log has its price.
EXPOSURE, EXPOSURE_WITH_DROP_IN = 1.5, 2.0


def parses(arguments: Sequence[str]) -> bool:
    """Whether `logwatch` takes these arguments; nothing is run."""
    verb, *rest = arguments
    command = logwatch.get_command(click.Context(logwatch), verb)
    assert command is not None, verb
    command.make_context(verb, list(rest))
    return True


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

    def test_without_a_verb_it_says_which_there_are(self, venv: Path) -> None:
        said = self.make(venv)
        assert [line.split()[1] for line in said] == [
            "help", "run", "test", "conformance", "check", "fix", "bench", "wheel", "venv", "clean",
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


class TestUnit:
    @pytest.fixture
    def unit(self, tmp_path: Path) -> Path:
        """The unit, with a program that exists."""
        program = tmp_path / "logwatch"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        unit = tmp_path / UNIT.name
        unit.write_text(UNIT.read_text().replace("/opt/logwatch/bin/logwatch", str(program)))
        return unit

    def option(self, name: str) -> str:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(UNIT.read_text())
        return parser["Service"][name]

    def analyze(self, *arguments: str) -> str:
        if shutil.which("systemd-analyze") is None:
            pytest.skip("systemd-analyze (Debian package systemd) is not installed")
        environment = {**os.environ, "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": ""}
        command = ["systemd-analyze", *arguments]
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def exposure(self, unit: Path) -> float:
        said = self.analyze("security", "--offline=true", str(unit))
        found = re.search(r"Overall exposure level .*?: ([\d.]+)", said)
        assert found is not None, said
        return float(found[1])

    def test_it_starts_what_the_command_line_has(self) -> None:
        program, *arguments = shlex.split(self.option("ExecStart"))
        assert program == "/opt/logwatch/bin/logwatch"
        assert parses(arguments)

    def test_it_does_not_start_again_what_only_a_person_can_mend(self) -> None:
        """2 is the exit status for a mistake in the configuration."""
        assert self.option("RestartPreventExitStatus") == "2"

    def test_it_keeps_its_state_where_the_configuration_has_it(self) -> None:
        settings = config.Config()
        assert settings.state_dir == Path("/var/lib") / self.option("StateDirectory")
        assert settings.events.path is not None
        assert settings.events.path.parent == Path("/var/log") / self.option("LogsDirectory")

    def test_systemd_finds_no_fault_in_it(self, unit: Path) -> None:
        assert self.analyze("verify", str(unit)) == ""

    def test_it_can_do_little_harm(self, unit: Path) -> None:
        assert self.exposure(unit) <= EXPOSURE

    @pytest.mark.parametrize("drop_in", DROP_INS, ids=lambda path: path.stem)
    def test_a_drop_in_opens_no_more_than_it_says(self, unit: Path, drop_in: Path) -> None:
        folder = unit.with_name(f"{unit.name}.d")
        folder.mkdir()
        shutil.copy(drop_in, folder)
        assert self.analyze("verify", str(unit)) == ""
        assert self.exposure(unit) <= EXPOSURE_WITH_DROP_IN


class TestImage:
    @pytest.fixture
    def steps(self) -> list[tuple[str, str]]:
        """Instructions and what they are given, as Docker joins continued lines."""
        lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
        joined = re.sub(r"\\\n", "", "\n".join(lines))
        return [(line.split()[0], line.split(maxsplit=1)[1]) for line in joined.splitlines() if line.strip()]

    def given(self, steps: Sequence[tuple[str, str]], instruction: str) -> list[str]:
        return [rest for name, rest in steps if name == instruction]

    def test_its_base_is_pinned_by_tag(self, steps: Sequence[tuple[str, str]]) -> None:
        (base,) = self.given(steps, "ARG")
        assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+", base)

    def test_what_it_copies_is_there_and_reaches_the_build(self, steps: Sequence[tuple[str, str]]) -> None:
        ignored, wanted = dockerignore()
        for copy in self.given(steps, "COPY"):
            if copy.startswith("--from="):
                continue
            for source in copy.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert any(fnmatch.fnmatch(source, pattern) for pattern in ignored)
                assert any(source == keep or source.startswith(f"{keep}/") for keep in wanted), source

    def test_what_the_wheel_is_made_of_is_copied(self, steps: Sequence[tuple[str, str]]) -> None:
        wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"][
            "wheel"
        ]
        copied = {source for copy in self.given(steps, "COPY") for source in copy.split()[:-1]}
        assert {"src", "pyproject.toml", "README.md", "LICENSE", *wheel["force-include"]} <= copied

    def test_it_runs_without_a_shell_and_not_as_root(self, steps: Sequence[tuple[str, str]]) -> None:
        (entry,), (arguments,) = self.given(steps, "ENTRYPOINT"), self.given(steps, "CMD")
        assert json.loads(entry) == ["/opt/logwatch/bin/logwatch"]
        assert parses(json.loads(arguments))
        assert self.given(steps, "USER") == ["65532:65532"]

    def test_the_file_it_runs_on_is_a_good_one(self, steps: Sequence[tuple[str, str]]) -> None:
        (arguments,) = self.given(steps, "CMD")
        copied = dict(reversed(copy.split()) for copy in self.given(steps, "COPY") if len(copy.split()) == 2)
        settings = config.load(ROOT / copied[json.loads(arguments)[-1]], {})
        assert settings.http.address == ("", int(self.given(steps, "EXPOSE")[0]))
        assert settings.events.to_stdout
        assert self.given(steps, "VOLUME") == [str(settings.state_dir)]

    def test_its_health_check_tells_alive_from_ill_and_gone(self, steps: Sequence[tuple[str, str]]) -> None:
        (check,) = self.given(steps, "HEALTHCHECK")
        _, _, code = json.loads(check.split(" CMD ")[1])
        with health(200) as port:
            assert ask(code, port) == 0
        with health(500) as port:
            assert ask(code, port) == 1
        assert ask(code, port) == 1


def dockerignore() -> tuple[list[str], list[str]]:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    return [li for li in lines if not li.startswith("!")], [li[1:] for li in lines if li.startswith("!")]


@contextlib.contextmanager
def health(status: int) -> Iterator[int]:
    """The port of a server on loopback that answers `/livez` with `status`."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/livez" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def ask(code: str, port: int) -> int:
    assert "9477" in code
    here = code.replace("9477", str(port))
    return subprocess.run([sys.executable, "-c", here], stderr=subprocess.DEVNULL, check=False).returncode
