"""Secrets in files of their own."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from logwatch.config import Config, Slack, Webhook, load
from logwatch.errors import ConfigError

URL = "https://hooks.slack.com/services/T/B/x"
SLACK = "notify:\n- type: slack\n  name: a\n  webhook_url_file: slack-url\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "logwatch.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def slack_url(read: Config) -> str:
    [slack] = read.notify
    assert isinstance(slack, Slack)
    assert slack.webhook_url is not None
    return slack.webhook_url.get_secret_value()


def mistake(path: Path, env: Mapping[str, str]) -> tuple[str, str, str]:
    with pytest.raises(ConfigError) as caught:
        load(path, env)
    [problem] = caught.value.problems
    return problem.where, problem.what, problem.remedy


def test_a_relative_name_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "slack-url").write_text(f"{URL}\n")
    assert slack_url(load(written(tmp_path, SLACK), {})) == URL
    assert slack_url(load(written(tmp_path, SLACK), {"CREDENTIALS_DIRECTORY": ""})) == URL


def test_a_relative_name_is_looked_for_among_the_credentials_where_there_are_any(tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "slack-url").write_text(URL)
    (tmp_path / "slack-url").write_text("https://hooks.slack.com/services/the/wrong/one")
    env = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert slack_url(load(written(tmp_path, SLACK), env)) == URL


def test_an_absolute_name_is_itself(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(URL)
    path = written(tmp_path, SLACK.replace("slack-url", str(tmp_path / "elsewhere")))
    assert slack_url(load(path, {"CREDENTIALS_DIRECTORY": "/nonexistent"})) == URL


def test_a_webhook_may_have_several_secrets_while_one_replaces_the_other(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("http://127.0.0.1:1/x")
    (tmp_path / "old").write_text("the-old-one\n")
    (tmp_path / "new").write_text("the-new-one\n")
    text = "notify: [{type: webhook, name: a, url_file: url, secret_file: [new, old]}]"
    [webhook] = load(written(tmp_path, text), {}).notify
    assert isinstance(webhook, Webhook)
    assert webhook.url is not None
    assert webhook.url.get_secret_value() == "http://127.0.0.1:1/x"
    assert [secret.get_secret_value() for secret in webhook.secret] == ["the-new-one", "the-old-one"]


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        (None, "slack-url cannot be read: No such file or directory", "that this user can read"),
        (b"", "slack-url is empty", "write the secret into it"),
        (b" \n", "slack-url is empty", "write the secret into it"),
        (b"https://a/\nhttps://b/\n", "slack-url holds more than one line", "one secret into one file"),
        (b"\xff\xfe", "slack-url cannot be read: it is not UTF-8 text", "that this user can read"),
        (b"TOPSECRET", "`notify[0].webhook_url` is not an http URL", "begin it with https://"),
    ],
)
def test_a_file_without_a_usable_secret_is_a_mistake_at_its_line(
    tmp_path: Path, content: bytes | None, what: str, remedy: str
) -> None:
    if content is not None:
        (tmp_path / "slack-url").write_bytes(content)
    path = written(tmp_path, SLACK)
    where, told, how = mistake(path, {})
    assert where == f"{path}:4"
    assert what in told
    assert remedy in how
    assert "TOPSECRET" not in told + how


def test_a_folder_is_not_a_secret(tmp_path: Path) -> None:
    (tmp_path / "slack-url").mkdir()
    assert "cannot be read: Is a directory" in mistake(written(tmp_path, SLACK), {})[1]


def test_one_of_the_pair_is_enough_and_two_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "slack-url").write_text(URL)
    where, what, remedy = mistake(written(tmp_path, f"{SLACK}  webhook_url: {URL}\n"), {})
    assert where.endswith(":4")
    assert what == "`webhook_url` and `webhook_url_file` are both given"
    assert remedy == "keep one of them"


def test_null_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "slack-url").write_text(URL)
    assert slack_url(load(written(tmp_path, f"{SLACK}  webhook_url: null\n"), {})) == URL


def test_a_file_that_is_not_a_name_is_a_mistake(tmp_path: Path) -> None:
    path = written(tmp_path, SLACK.replace("slack-url", "{a: b}"))
    assert mistake(path, {})[1] == "`notify[0].webhook_url_file` is a section"


def test_the_environment_and_the_disk_are_arguments() -> None:
    files = {
        Path("/cfg/logwatch.yaml"): "notify: [{type: slack, name: a, webhook_url_file: '${WHO}-url'}]",
        Path("/cfg/ops-url"): URL,
    }
    assert slack_url(load(Path("/cfg/logwatch.yaml"), {"WHO": "ops"}, files.__getitem__)) == URL
