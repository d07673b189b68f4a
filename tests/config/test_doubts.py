"""What is allowed and probably not meant."""

from pathlib import Path

import pytest

from logwatch.config import doubts, parse

SOURCES = "sources: [{name: a, paths: [/a]}]\n"


def told(text: str) -> list[tuple[str, str]]:
    return [(doubt.where, doubt.what) for doubt in doubts(parse(text, Path("/c.yaml"), {}))]


def test_a_configuration_that_reads_something_is_fine() -> None:
    assert told(SOURCES) == []


def test_nothing_to_read_is_doubtful() -> None:
    assert told("") == [("sources", "no source is configured: nothing will be read")]


def test_nothing_to_recognise_is_doubtful() -> None:
    assert told(SOURCES + "catalogue: {shipped: false}") == [
        ("catalogue", "no entry is in force: nothing will be recognised")
    ]


@pytest.mark.parametrize(
    ("receiver", "doubtful"),
    [
        ("type: slack, webhook_url: 'https://hooks.slack.com/services/x'", ["where all its readers see it"]),
        (
            "type: slack, webhook_url: 'https://proxy.example.com/x'",
            ["proxy.example.com is not Slack", "readers"],
        ),
        ("type: slack, webhook_url: 'http://127.0.0.1:8080/x'", []),
        ("type: webhook, url: 'https://h/x'", []),
        ("type: webhook, url: 'https://h/x', secret: abc", ["where all its readers see it"]),
        ("type: slack_bot, channel: C1, token: xoxb-1", ["where all its readers see it"]),
        ("type: pagerduty, routing_key: k", ["where all its readers see it"]),
    ],
)
def test_a_receiver_may_be_doubtful(receiver: str, doubtful: list[str]) -> None:
    found = told(f"{SOURCES}notify: [{{name: oncall, {receiver}}}]")
    assert [where for where, _ in found] == ["notify oncall"] * len(doubtful)
    assert all(sign in what for sign, (_, what) in zip(doubtful, found, strict=True))
