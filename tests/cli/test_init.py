"""`logwatch init`: three questions, and a configuration that works."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logwatch import config
from logwatch.cli.init import _QUESTIONS, configuration, pattern

ADDRESS = "https://hooks.slack.com/services/T00/B00/NOT-A-REAL-ONE"


def logwatch(
    *arguments: str, cwd: Path, answers: str | None = None, home: Path | None = None
) -> tuple[int, str]:
    """Exit status and everything that was said. With `answers`, a person at a terminal types them."""
    command = [sys.executable, "-m", "logwatch", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "CREDENTIALS_DIRECTORY"}
    if home is not None:
        environment |= {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    if answers is None:
        stdin, writer = subprocess.DEVNULL, None
    else:
        writer, stdin = pty.openpty()
        os.write(writer, answers.encode())
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    finally:
        if writer is not None:
            os.close(writer)
            os.close(stdin)
    return done.returncode, done.stdout


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "train.log").write_text("step 1\n")
    return folder


def written(folder: Path) -> config.Config:
    return config.load(folder / "logwatch.yaml", {}, read=reading_any_secret)


def reading_any_secret(path: Path) -> str:
    return path.read_text() if path.name == "logwatch.yaml" else ADDRESS


def checked(folder: Path) -> tuple[int, str]:
    # The port of a daemon that may run on this machine is not what is asked about.
    override = {"LOGWATCH__HTTP": "null"}
    command = [sys.executable, "-m", "logwatch", "check", "-c", "logwatch.yaml", "--offline"]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **override}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_person_is_asked_three_questions(tmp_path: Path, logs: Path) -> None:
    status, said = logwatch("init", cwd=tmp_path, answers=f"{logs}\nslack-url\n{tmp_path / 'state'}\n")
    assert status == 0, said
    assert said.count("]: ") == 3
    settings = written(tmp_path)
    assert settings.sources[0].paths == (f"{logs}/**/*.log",)
    assert settings.state_dir == tmp_path / "state"
    assert [receiver.name for receiver in settings.notify] == ["oncall"]


def test_the_questions_are_those_that_the_documentation_shows() -> None:
    page = (Path(__file__).parents[2] / "docs" / "first-steps.md").read_text(encoding="utf-8")
    assert all(f"\n{question} [" in page for question in _QUESTIONS.values())


def test_enter_three_times_takes_the_defaults(tmp_path: Path) -> None:
    status, said = logwatch("init", cwd=tmp_path, answers="\n\n\n", home=tmp_path)
    assert status == 0, said
    settings = written(tmp_path)
    assert settings.sources[0].paths == ("/logs/**/*.log",)
    assert settings.notify == ()
    assert settings.state_dir == (
        Path("/var/lib/logwatch") if os.geteuid() == 0 else tmp_path / "state" / "logwatch"
    )


def test_what_is_given_is_not_asked_and_the_result_passes_the_check(tmp_path: Path, logs: Path) -> None:
    options = ["--logs", str(logs), "--slack-file", "none", "--state-dir", str(tmp_path / "state")]
    status, said = logwatch("init", *options, cwd=tmp_path)
    assert status == 0, said
    assert "?" not in said
    status, said = checked(tmp_path)
    assert status == 0, said
    assert "1 file, all readable" in said
    assert "✗" not in said
    assert "!" not in said


def test_the_secret_is_put_where_its_author_says_by_the_command_that_is_shown(
    tmp_path: Path, logs: Path
) -> None:
    options = ["--logs", str(logs), "--slack-file", "secrets/slack url", "--state-dir", "state"]
    status, said = logwatch("init", *options, cwd=tmp_path)
    assert status == 0, said
    status, before = checked(tmp_path)
    assert status == 2
    assert "secrets/slack url cannot be read" in before

    [command] = [line for line in said.splitlines() if "install " in line]
    subprocess.run(["sh", "-c", command], input=ADDRESS + "\n", text=True, check=True)

    secret = tmp_path / "secrets" / "slack url"
    assert secret.stat().st_mode & 0o777 == 0o600
    status, after = checked(tmp_path)
    assert status == 0, after


def test_no_answer_is_a_secret(tmp_path: Path) -> None:
    _, said = logwatch("init", cwd=tmp_path, answers="\nslack-url\n\n")
    assert "address of a Slack webhook" in said
    assert "hooks.slack.com" not in (tmp_path / "logwatch.yaml").read_text()


def test_an_address_instead_of_a_file_is_refused_and_not_written_down(tmp_path: Path) -> None:
    status, said = logwatch("init", "--slack-file", ADDRESS, "--yes", cwd=tmp_path)
    assert status == 2
    assert "name a file that will hold the address" in said
    assert "NOT-A-REAL-ONE" not in said
    assert not (tmp_path / "logwatch.yaml").exists()


def test_a_file_that_is_there_is_left_alone_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "logwatch.yaml"
    path.write_text("mine\n")
    status, said = logwatch("init", "--yes", cwd=tmp_path)
    assert status == 2
    assert "is there already" in said
    assert "--force" in said
    assert path.read_text() == "mine\n"
    status, _ = logwatch("init", "--yes", "--force", cwd=tmp_path)
    assert status == 0
    assert written(tmp_path).sources


def test_without_a_terminal_nobody_is_asked(tmp_path: Path) -> None:
    status, said = logwatch("init", "--logs", "/logs", cwd=tmp_path)
    assert status == 2
    assert "Give --slack-file, --state-dir, or --yes" in said
    assert not (tmp_path / "logwatch.yaml").exists()


def test_folders_on_the_way_are_made_and_the_next_steps_name_the_file(tmp_path: Path) -> None:
    status, said = logwatch("init", "--yes", "-c", "etc/my site/logwatch.yaml", cwd=tmp_path)
    assert status == 0
    assert (tmp_path / "etc" / "my site" / "logwatch.yaml").exists()
    assert "logwatch check -c 'etc/my site/logwatch.yaml'" in said


def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file, not a folder")
    status, said = logwatch("init", "--yes", "-c", "etc/logwatch.yaml", cwd=tmp_path)
    assert status == 2
    assert "etc/logwatch.yaml: cannot be written" in said
    assert "Traceback" not in said


def test_a_pattern_that_means_nothing_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    status, said = logwatch("init", "--logs", "/logs/{job}/*.log", "--yes", cwd=tmp_path)
    assert status == 2
    assert "braces mean nothing" in said
    assert not (tmp_path / "logwatch.yaml").exists()


@pytest.mark.parametrize(
    ("logs", "whole"),
    [
        ("/logs", "/logs/**/*.log"),
        ("/logs/", "/logs/**/*.log"),
        ("/logs/*/rank?.out", "/logs/*/rank?.out"),
        ("/var/log/kern.log", "/var/log/kern.log"),
    ],
)
def test_a_folder_stands_for_its_logs(logs: str, whole: str) -> None:
    assert pattern(logs) == whole


def test_a_folder_that_is_there_may_be_called_as_it_likes(tmp_path: Path) -> None:
    (tmp_path / "run.d [old]").mkdir()
    assert pattern(str(tmp_path / "run.d [old]")) == f"{tmp_path}/run.d [[]old]/**/*.log"


# What a shell and YAML make something of, and what neither does.
NAMES = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/{}"), min_size=1)


@given(logs=NAMES, secret=NAMES, state=NAMES)
def test_whatever_paths_are_called_they_are_read_as_they_were_meant(
    logs: str, secret: str, state: str
) -> None:
    asked_for: list[Path] = []

    def read(path: Path) -> str:
        asked_for.append(path)
        return ADDRESS

    text = configuration(f"/logs/{logs}", Path("/secrets") / secret, Path("/state") / state)
    settings = config.parse(text, Path("/etc/logwatch.yaml"), {}, read)
    assert settings.sources[0].paths == (str(Path(f"/logs/{logs}")),)
    assert settings.state_dir == Path("/state") / state
    assert settings.events.path == Path("/state") / state / "events.jsonl"
    assert asked_for == [Path("/secrets") / secret]
