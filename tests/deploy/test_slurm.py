"""Prolog and epilog as Slurm runs them, with a stand-in for `scontrol`: they help, and never fail a node."""

import getpass
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import until

ROOT = Path(__file__).parents[2]
SLURM = ROOT / "deploy" / "slurm"
SCRIPTS = sorted(SLURM.glob("*.sh"))
ASSERT = "RuntimeError: CUDA error: device-side assert triggered"
ASSERT_ID = "cuda/device-side-assert"
MARK = "logwatch| "


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_bash_takes_it(script: Path) -> None:
    assert script.stat().st_mode & stat.S_IXUSR
    subprocess.run(["bash", "-n", str(script)], check=True, timeout=20)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    told = subprocess.run(
        ["shellcheck", str(script)], capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 0, told.stdout


class Node:
    """A node: Slurm's programs, the jobs that ran, and what a job has written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.jobs = folder / "jobs"
        self.output = folder / "home" / "slurm-4711.out"
        self.output.parent.mkdir()
        self._bin = folder / "bin"
        self._bin.mkdir()
        self.program("logwatch", f'exec {sys.executable} -m logwatch "$@"')
        # As runuser does, for whoever the tests run as.
        self.program("runuser", f'echo "$2" >> {folder}/became; shift 3; exec "$@"')
        self.program("id", "echo 0")
        self.job()

    def program(self, name: str, text: str) -> None:
        path = self._bin / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def job(self, *, host: str = "node-17", out: str = "", err: str = "") -> None:
        """What `scontrol show job` says."""
        out = out or str(self.output)
        said = self.folder / "said"
        said.write_text(
            "JobId=4711 JobName=train\n   UserId=ada(1000) GroupId=ada(1000)\n"
            f"   NodeList=node-[17-18]\n   BatchHost={host}\n   NumNodes=2 NumCPUs=16\n"
            f"   StdErr={err or out}\n   StdIn=/dev/null\n   StdOut={out}\n   Power=\n\n"
        )
        self.program("scontrol", f'[ "$*" = "show job 4711" ] && cat {said}')

    def run(self, script: str, **env: str) -> None:
        told = subprocess.run(
            [str(SLURM / script)],
            env={
                "SLURM_JOB_ID": "4711",
                "SLURM_JOB_USER": getpass.getuser(),
                "SLURM_JOB_UID": "1000",
                "SLURMD_NODENAME": "node-17",
                "LOGWATCH_BIN": str(self._bin),
                "LOGWATCH_JOBS": str(self.jobs),
                **env,
            },
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert told.returncode == 0, told.stderr

    def links(self) -> dict[str, str]:
        return {path.name: str(path.readlink()) for path in (self.jobs / "4711").glob("*")}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_the_prolog_links_what_the_job_will_write(node: Node) -> None:
    node.run("prolog.sh")
    assert node.links() == {"stdout.log": str(node.output)}
    node.job(err="/home/ada/slurm-%j.err")
    node.run("prolog.sh")
    assert node.links() == {"stdout.log": str(node.output), "stderr.log": "/home/ada/slurm-4711.err"}


def test_a_path_with_blanks_and_signs_is_one_path(node: Node) -> None:
    """It is a user's text: nothing in it is run."""
    path = str(node.folder / "home" / "my logs $(touch owned) ;x' \"y.out")
    node.job(out=path)
    node.run("prolog.sh")
    assert node.links() == {"stdout.log": path}
    Path(path).write_text(f"{ASSERT}\n")
    node.run("epilog.sh")
    assert MARK in Path(path).read_text()
    assert not list(node.folder.rglob("owned"))


def test_only_the_node_of_the_batch_script_links(node: Node) -> None:
    node.job(host="node-18")
    node.run("prolog.sh")
    assert not node.links()


@pytest.mark.parametrize("out", ["/dev/null", "relative.out", "/home/ada/%x-%N.out"])
def test_what_names_no_one_file_is_left_alone(node: Node, out: str) -> None:
    node.job(out=out)
    node.run("prolog.sh")
    assert not node.links()


@pytest.mark.parametrize("script", ["prolog.sh", "epilog.sh"])
@pytest.mark.parametrize(
    "env", [{"SLURM_JOB_ID": ""}, {"SLURM_JOB_ID": "../x"}, {"LOGWATCH_JOBS": "/proc/nowhere"}], ids=str
)
def test_nothing_that_is_missing_fails_the_node(node: Node, script: str, env: dict[str, str]) -> None:
    node.program("scontrol", "exit 1")
    node.run(script, **env)


def test_old_folders_of_lost_jobs_are_removed(node: Node) -> None:
    old = node.jobs / "12"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    node.run("prolog.sh")
    assert not old.exists()
    assert node.links()


def test_the_epilog_tells_the_job_in_its_own_output(node: Node) -> None:
    node.run("prolog.sh")
    said = f"step 1\n{ASSERT}\n"
    node.output.write_text(said)
    node.run("epilog.sh")
    told = node.output.read_text()
    assert told.startswith(said)
    report = told.removeprefix(said).splitlines()
    assert all(line.startswith(MARK.rstrip()) for line in report)
    assert any(ASSERT_ID in line for line in report)
    assert any("Do this first" in line for line in report)
    assert (node.folder / "became").read_text() == f"{getpass.getuser()}\n"
    assert not (node.jobs / "4711").exists()


def test_what_was_told_is_not_found_again(node: Node) -> None:
    """Whoever scans the output later finds what the job wrote, and not the report."""
    node.run("prolog.sh")
    node.output.write_text(f"{ASSERT}\n")
    node.run("epilog.sh")
    told = subprocess.run(
        [sys.executable, "-m", "logwatch", "scan", "--format", "json", str(node.output)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert [json.loads(line)["line_number"] for line in told.stdout.splitlines()] == [1]


@pytest.mark.parametrize("said", ["step 1\nstep 2\n", None], ids=["healthy", "never written"])
def test_a_job_of_which_nothing_is_known_hears_nothing(node: Node, said: str | None) -> None:
    node.run("prolog.sh")
    if said is not None:
        node.output.write_text(said)
    node.run("epilog.sh")
    assert (node.output.read_text() if node.output.exists() else None) == said


def test_the_epilog_does_not_hold_the_node(node: Node) -> None:
    node.program("logwatch", "sleep 600")
    node.run("prolog.sh")
    node.output.write_text(f"{ASSERT}\n")
    node.run("epilog.sh", LOGWATCH_EPILOG_S="0.2")
    assert node.output.read_text() == f"{ASSERT}\n"


class Daemon:
    """The node's daemon on the recipe's own text; paths of the node lie below a folder."""

    def __init__(self, node: Node) -> None:
        text = (SLURM / "logwatch.yaml").read_text()
        replaced = {
            "/run/logwatch-jobs": str(node.jobs),
            "/scratch": f"{node.folder}/scratch",
            "/var/log": f"{node.folder}/var/log",
            "state_dir: /var/lib": f"state_dir: {node.folder}/var/lib",
            "type: kmsg,": f"type: kmsg, path: {node.folder}/kmsg,",
        }
        for old, new in replaced.items():
            assert old in text
            text = text.replace(old, new)
        self._path = node.folder / "logwatch.yaml"
        self._path.write_text(text)
        self._err = node.folder / "err"
        with (node.folder / "out").open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "logwatch", "run", "-c", str(self._path)],
                env={
                    **os.environ,
                    "NODE": "node-17",
                    "LOGWATCH__HTTP__LISTEN": "127.0.0.1:0",
                    "LOGWATCH__EVENTS__PATH": '"-"',
                    "LOGWATCH__LOG__FORMAT": "json",
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self._out = node.folder / "out"
        until(lambda: '"ready"' in self._err.read_text(), "the daemon to be ready")

    def events(self) -> list[dict[str, Any]]:
        data = self._out.read_bytes()
        return [json.loads(line) for line in data[: data.rfind(b"\n") + 1].splitlines()]

    def close(self) -> None:
        self._process.terminate()
        assert self._process.wait(30) == 0


@pytest.fixture
def daemon(node: Node) -> Iterator[Callable[[], Daemon]]:
    started: list[Daemon] = []

    def start() -> Daemon:
        started.append(Daemon(node))
        return started[-1]

    yield start
    for one in started:
        one._process.kill()
        one._process.wait()


def test_the_daemon_of_the_node_knows_job_and_rank(node: Node, daemon: Callable[[], Daemon]) -> None:
    """From the path where it says so, from the line where only that does; the epilog's report is no news."""
    running = daemon()
    node.run("prolog.sh")
    node.output.write_text(f"5: {ASSERT}\n")
    ranks = node.folder / "scratch" / "slurm-logs" / "4711"
    for host in ("node-17", "node-18"):
        (ranks / host).mkdir(parents=True)
        (ranks / host / "rank3.log").write_text(f"{ASSERT}\n")
    until(lambda: len(running.events()) >= 2, "the events")
    node.run("epilog.sh")
    assert MARK in node.output.read_text()
    running.close()
    found = {(event["source"], event["labels"]["job"], event["labels"]["rank"]) for event in running.events()}
    assert found == {("jobs", "4711", "5"), ("ranks", "4711", "3")}
    assert len(running.events()) == 2
    assert {event["labels"].get("node") for event in running.events()} == {None, "node-17"}
