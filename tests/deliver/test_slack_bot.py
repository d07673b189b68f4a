"""One message per incident: posted once, edited after that, with the news in its thread."""

import json
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from logwatch.deliver.outbox import Message
from logwatch.deliver.slack_bot import SlackBot
from logwatch.errors import DeliveryError
from logwatch.incident.incident import NoticeKind

from .fakes import http_server, message
from .test_post import SECRET, answering, assert_keeps_the_secret


class Slack:
    """Just enough of Slack's Web API; `refusals` are what it answers first."""

    def __init__(self, *refusals: str) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.tokens: set[str] = set()
        self._refusals = list(refusals)

    async def answer(self, request: web.Request) -> web.Response:
        self.calls.append((request.path.rsplit("/", 1)[1], await request.json()))
        self.tokens.add(request.headers["Authorization"])
        if self._refusals:
            return web.json_response({"ok": False, "error": self._refusals.pop(0)})
        ts = f"171.{len(self.calls)}"
        return web.json_response({"ok": True, "channel": "C024", "ts": ts, "message": {"text": "x" * 9000}})


def later(kind: NoticeKind, memory: dict[str, str]) -> Message:
    first = message("m2")
    return replace(first, notice=replace(first.notice, kind=kind), memory=memory)


async def test_the_first_notice_is_posted_and_remembered(session: aiohttp.ClientSession) -> None:
    slack = Slack()
    async with http_server(slack.answer) as url:
        memory = await SlackBot("oncall", "xoxb-1", "#oncall", session, api=url).send(message("m1"))
    [(method, body)] = slack.calls
    assert (method, body["channel"]) == ("chat.postMessage", "#oncall")
    assert body["blocks"]
    assert memory == {"channel": "C024", "ts": "171.1"}
    assert slack.tokens == {"Bearer xoxb-1"}


@pytest.mark.parametrize("kind", ["updated", "quiet"])
async def test_later_notices_edit_it_and_go_into_its_thread(
    session: aiohttp.ClientSession, kind: NoticeKind
) -> None:
    slack = Slack()
    memory = {"channel": "C024", "ts": "171.1"}
    async with http_server(slack.answer) as url:
        bot = SlackBot("oncall", "xoxb-1", "#oncall", session, api=url)
        assert await bot.send(later(kind, memory)) == memory
    assert [method for method, _ in slack.calls] == ["chat.update", "chat.postMessage"]
    assert [body.get("ts") for _, body in slack.calls] == ["171.1", None]
    assert [body.get("thread_ts") for _, body in slack.calls] == [None, "171.1"]
    assert {body["channel"] for _, body in slack.calls} == {"C024"}
    edited, news = (json.dumps(body["blocks"]) for _, body in slack.calls)
    assert "Do this first" in edited
    assert "Do this first" not in news
    assert ("Quiet" in edited) == (kind == "quiet")


async def test_a_message_that_somebody_deleted_is_posted_anew(session: aiohttp.ClientSession) -> None:
    slack = Slack("message_not_found")
    async with http_server(slack.answer) as url:
        bot = SlackBot("oncall", "xoxb-1", "#oncall", session, api=url)
        memory = await bot.send(later("updated", {"channel": "C024", "ts": "9.9"}))
    assert memory == {"channel": "C024", "ts": "171.2"}


@pytest.mark.parametrize(
    ("error", "outcome", "retryable"),
    [
        ("invalid_auth", "auth_error", False),
        ("channel_not_found", "client_error", False),
        ("ratelimited", "rate_limited", True),
        ("internal_error", "server_error", True),
        ("<!channel>", "client_error", False),
    ],
)
async def test_what_slack_refuses(
    session: aiohttp.ClientSession, error: str, outcome: str, retryable: bool
) -> None:
    async with http_server(Slack(error).answer) as url:
        with pytest.raises(DeliveryError) as failed:
            await SlackBot("oncall", SECRET, "C024", session, api=url).send(message("m1"))
    assert (failed.value.outcome, failed.value.retryable) == (outcome, retryable)
    assert "<" not in str(failed.value)
    assert_keeps_the_secret(failed.value)


@pytest.mark.parametrize("said", ["", "<html>proxy</html>", "[]", "null", '{"no": "ok"}'])
async def test_an_answer_that_is_not_slacks_is_tried_again(session: aiohttp.ClientSession, said: str) -> None:
    async with http_server(answering(200, said)) as url:
        with pytest.raises(DeliveryError) as failed:
            await SlackBot("oncall", "xoxb-1", "C024", session, api=url).send(message("m1"))
    assert failed.value.retryable


async def test_a_rate_limit_says_how_long_to_wait(session: aiohttp.ClientSession) -> None:
    async def limited(_request: web.Request) -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "30"})

    async with http_server(limited) as url:
        with pytest.raises(DeliveryError) as failed:
            await SlackBot("oncall", "xoxb-1", "C024", session, api=url).send(message("m1"))
    assert failed.value.retry_after_s == 30


def test_the_token_is_not_shown(session: aiohttp.ClientSession) -> None:
    assert repr(SlackBot("oncall", SECRET, "C024", session)) == "SlackBot('oncall')"
