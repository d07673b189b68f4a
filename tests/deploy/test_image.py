"""The image: sound to a linter, made of locked parts, and run as it says. Its steps are read as Docker reads them."""

import contextlib
import fnmatch
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from console import parses
from logwatch import config

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
LOCKS = ROOT / "deploy" / "container"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# What each lock must satisfy.
WANTED = {
    "runtime.lock": PROJECT["project"]["dependencies"],
    "build.lock": PROJECT["build-system"]["requires"],
}


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = shutil.which(
        "hadolint", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    )
    if hadolint is None:
        pytest.skip("hadolint is not to be had for this machine")
    told = subprocess.run(
        [hadolint, "--no-color", str(DOCKERFILE)], capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout) == (0, "")


class TestLocks:
    def locked(self, name: str) -> Mapping[str, tuple[str, list[str]]]:
        """Version and hashes of each requirement, as pip reads them."""
        text = re.sub(r"\\\n", "", (LOCKS / name).read_text())
        lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
        return {line[0].partition("==")[0]: (line[0].partition("==")[2], line[1:]) for line in lines}

    @pytest.mark.parametrize("name", WANTED)
    def test_a_lock_has_what_the_project_asks_for(self, name: str) -> None:
        locked = self.locked(name)
        for wanted in map(Requirement, WANTED[name]):
            version, _ = locked[canonicalize_name(wanted.name)]
            assert version in wanted.specifier, f"{wanted}: run tools/lock_image.py"

    @pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
    def test_a_lock_has_what_its_own_parts_ask_for(self, machine: str) -> None:
        """As far as they are installed here in the same version."""
        locked = self.locked("runtime.lock")
        environment = {**default_environment(), "platform_machine": machine, "extra": ""}
        for name, (version, _) in locked.items():
            with contextlib.suppress(metadata.PackageNotFoundError):
                part = metadata.distribution(name)
                asked = map(Requirement, (part.requires or []) if part.version == version else [])
                needed = [one for one in asked if one.marker is None or one.marker.evaluate(environment)]
                assert {canonicalize_name(one.name) for one in needed} <= locked.keys(), name

    @pytest.mark.parametrize("name", WANTED)
    def test_one_wheel_for_every_machine_or_one_for_each_is_allowed(self, name: str) -> None:
        for requirement, (version, hashes) in self.locked(name).items():
            assert re.fullmatch(r"\d[\w.]*", version), requirement
            assert len(hashes) in {1, 2}, requirement
            assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), requirement

    def test_they_were_made_for_the_python_of_the_image(self) -> None:
        made_for = re.search(
            r'^PYTHON = "(.*)"$', (ROOT / "tools" / "lock_image.py").read_text(), re.MULTILINE
        )
        base = re.search(r"^ARG BASE=python:([\d.]+)-", DOCKERFILE.read_text(), re.MULTILINE)
        assert made_for is not None
        assert base is not None
        assert made_for[1] == base[1]


class TestSteps:
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
        wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
        copied = {source for copy in self.given(steps, "COPY") for source in copy.split()[:-1]}
        assert {"src", "pyproject.toml", "README.md", "LICENSE", *wheel["force-include"]} <= copied

    def test_nothing_is_installed_but_what_is_locked_or_copied(
        self, steps: Sequence[tuple[str, str]]
    ) -> None:
        installs = [
            command
            for run in self.given(steps, "RUN")
            for command in run.split("&&")
            if re.search(r"\bpip\b.* (install|wheel) ", command) and "uninstall" not in command
        ]
        assert len(installs) == 4
        assert all("--require-hashes" in one or "--no-index" in one for one in installs)

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
