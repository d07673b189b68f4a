"""Slack, through an incoming webhook: bound to one channel, posts and cannot edit."""

import json
import time
from collections.abc import Callable, Mapping

import aiohttp

from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Message
from logwatch.deliver.post import TIMEOUT_S, Answer, expect_taken, post
from logwatch.errors import DeliveryError
from logwatch.render import slack as render

_GONE = "the webhook was removed or its app uninstalled; make a new one"
# What Slack answers beside a 4xx status (docs.slack.dev, "Sending messages using incoming webhooks", and
# the changelog of 2016-05-17), what it counts as, and what a person can do.
_REFUSALS = {
    "invalid_payload": ("client_error", "Slack could not read the message"),
    "invalid_blocks": ("client_error", "Slack could not read the message"),
    "no_text": ("client_error", "Slack could not read the message"),
    "user_not_found": ("client_error", "whom the webhook writes to is not there any more"),
    "channel_not_found": ("client_error", "the webhook's channel is not there any more; make a new webhook"),
    "channel_is_archived": ("client_error", "the webhook's channel is archived; make a webhook for another"),
    "action_prohibited": ("auth_error", "an administrator does not let this webhook post there"),
    "posting_to_general_channel_denied": ("auth_error", "only administrators post in that channel"),
    "invalid_token": ("auth_error", _GONE),
    "no_active_hooks": ("auth_error", _GONE),
    "no_service": ("auth_error", _GONE),
    "no_service_id": ("auth_error", _GONE),
    "no_team": ("auth_error", "the webhook's workspace is not there any more"),
    "team_disabled": ("auth_error", "the webhook's workspace is disabled"),
}


class SlackWebhook:
    """A Slack channel. The address is a secret: whoever has it can post there."""

    __slots__ = ("_clock", "_language", "_session", "_status_url", "_timeout_s", "_url", "name")

    def __init__(
        self,
        name: str,
        url: str,
        session: aiohttp.ClientSession,
        language: Language = "en",
        *,
        status_url: str = "",
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._url = url
        self._session = session
        self._language = language
        self._status_url = status_url
        self._timeout_s = timeout_s
        self._clock = clock

    def __repr__(self) -> str:
        return f"SlackWebhook({self.name!r})"

    async def send(self, message: Message) -> Mapping[str, str]:
        body = render.body(message.notice, self._language, status_url=self._status_url)
        answer = await post(
            self._session,
            self._url,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            timeout_s=self._timeout_s,
        )
        _refuse_knowingly(answer)
        expect_taken(answer, self._clock())
        return {}

    async def close(self) -> None:
        """Nothing to do: the session belongs to whoever made it."""


def _refuse_knowingly(answer: Answer) -> None:
    """Raises what only Slack's own words tell."""
    said = answer.text.strip()
    if 400 <= answer.status < 500 and said in _REFUSALS:
        outcome, meaning = _REFUSALS[said]
        raise DeliveryError(
            f"HTTP {answer.status} {said}: {meaning}",
            outcome=outcome,
            retryable=False,
            disable=answer.status == 410,
        )
    if answer.status == 200 and said.startswith("<"):
        # Slack says `ok`. A page with status 200 comes from a proxy that wants somebody to log in.
        raise DeliveryError(
            "a web page answered in Slack's place: is there a proxy in between?",
            outcome="network_error",
            retryable=True,
        )
