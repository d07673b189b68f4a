"""The unit and what goes beside it, as systemd sees them."""

import configparser
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from console import parses
from logwatch import config

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "deploy" / "systemd" / "logwatch.service"
DROP_INS = [*sorted(UNIT.parent.glob("*.conf")), ROOT / "deploy" / "slurm" / "node.conf"]
# Of ten, by `systemd-analyze security`.
EXPOSURE = 1.5


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

    def option(self, name: str, section: str = "Service") -> str:
        parser = configparser.ConfigParser(strict=False, interpolation=None)
        parser.optionxform = str  # type: ignore[assignment,method-assign]
        parser.read_string(UNIT.read_text())
        return parser[section][name]

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
        """2 is the exit status for a mistake in the configuration; a port that is taken has another one."""
        assert self.option("RestartPreventExitStatus") == "2"

    def test_it_starts_again_for_as_long_as_what_passes_by_itself_takes(self) -> None:
        assert self.option("Restart") == "on-failure"
        assert self.option("StartLimitIntervalSec", "Unit") == "0"
        assert float(self.option("RestartSec")) >= 10

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
    def test_a_drop_in_opens_no_more_than_is_said_of_it(self, unit: Path, drop_in: Path) -> None:
        folder = unit.with_name(f"{unit.name}.d")
        folder.mkdir()
        shutil.copy(drop_in, folder)
        assert self.analyze("verify", str(unit)) == ""
        assert self.exposure(unit) <= told_exposure(drop_in)


def told_exposure(drop_in: Path) -> float:
    """What the operator is told that it costs, of ten."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{re.escape(drop_in.name)}` \|.*\| ([\d.]+) \|$", page, re.MULTILINE)
    assert row is not None, drop_in.name
    return float(row[1])
