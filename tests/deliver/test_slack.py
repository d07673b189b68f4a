"""What goes to Slack, and what its answers mean."""

import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from logwatch.deliver.slack import SlackWebhook
from logwatch.errors import DeliveryError

from .fakes import Handler, http_server, message
from .test_post import SECRET, answering, assert_keeps_the_secret


async def failure(session: aiohttp.ClientSession, handler: Handler) -> DeliveryError:
    async with http_server(handler) as url:
        receiver = SlackWebhook("oncall", f"{url}/services/{SECRET}", session)
        with pytest.raises(DeliveryError) as failed:
            await receiver.send(message("m1"))
    assert_keeps_the_secret(failed.value)
    return failed.value


async def test_a_message_is_posted_in_the_receivers_language(session: aiohttp.ClientSession) -> None:
    posted: list[tuple[str, dict[str, Any]]] = []

    async def handler(request: web.Request) -> web.Response:
        posted.append((request.content_type, await request.json()))
        return web.Response(text="ok")

    async with http_server(handler) as url:
        receiver = SlackWebhook("oncall", url, session, "zh", status_url="http://node:9477/")
        remembered = await receiver.send(message("m1"))
    [(content_type, body)] = posted
    assert content_type == "application/json"
    assert body["text"].startswith("严重: Watchdog")
    assert "http://node:9477/" in json.dumps(body)
    assert remembered == {}


@pytest.mark.parametrize(
    ("status", "said", "outcome", "retryable", "disable"),
    [
        (400, "invalid_payload", "client_error", False, False),
        (404, "channel_not_found", "client_error", False, False),
        (404, "no_service", "auth_error", False, False),
        (403, "action_prohibited", "auth_error", False, False),
        (403, "invalid_token", "auth_error", False, False),
        (410, "channel_is_archived", "client_error", False, True),
        (404, "<html>default backend</html>", "client_error", True, False),
        (500, "rollup_error", "server_error", True, False),
        (429, "rate_limited", "rate_limited", True, False),
    ],
)
async def test_what_slack_says(
    session: aiohttp.ClientSession, status: int, said: str, outcome: str, retryable: bool, disable: bool
) -> None:
    error = await failure(session, answering(status, said))
    assert (error.outcome, error.retryable, error.disable) == (outcome, retryable, disable)


async def test_a_person_is_told_what_to_do(session: aiohttp.ClientSession) -> None:
    error = await failure(session, answering(404, "no_service"))
    assert str(error) == "HTTP 404 no_service: the webhook was removed or its app uninstalled; make a new one"


async def test_a_proxys_login_page_is_not_taken_for_slack(session: aiohttp.ClientSession) -> None:
    error = await failure(session, answering(200, "<!doctype html><title>Log in</title>"))
    assert (error.outcome, error.retryable) == ("network_error", True)


async def test_a_server_that_only_resembles_slack_may_say_what_it_likes(
    session: aiohttp.ClientSession,
) -> None:
    async with http_server(answering(200, '{"success":true}')) as url:
        assert await SlackWebhook("oncall", url, session).send(message("m1")) == {}


def test_the_address_is_not_shown(session: aiohttp.ClientSession) -> None:
    shown = repr(SlackWebhook("oncall", f"https://hooks.slack.com/services/{SECRET}", session))
    assert shown == "SlackWebhook('oncall')"
