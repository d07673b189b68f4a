"""Slack, with a bot token: one message per incident, edited in place, the details in its thread.

Needs the scope `chat:write` and the bot in the channel. The methods, their arguments and errors are those of
docs.slack.dev (chat.postMessage, chat.update).
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Message
from logwatch.deliver.post import TIMEOUT_S, expect_taken, post
from logwatch.errors import DeliveryError
from logwatch.incident.incident import Notice
from logwatch.render import slack as render
from logwatch.render.message import Detail

API = "https://slack.com/api"
# An answer repeats the message that was posted: as much as a message may hold, and its envelope.
_MAX_ANSWER = 64 * 1024
_AUTH = frozenset(
    {
        "account_inactive", "access_denied", "invalid_auth", "missing_scope", "no_permission", "not_authed",
        "not_allowed_token_type", "token_expired", "token_revoked", "ekm_access_denied",
    }
)  # fmt: skip
_PASSING = frozenset(
    {"fatal_error", "internal_error", "ratelimited", "rate_limited", "request_timeout", "service_unavailable"}
)
# The message that was to be edited is not there any more: somebody deleted it.
_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})


class SlackBot:
    """A channel in which a bot speaks. `channel` is an id (`C…`) or a name; the token is a secret."""

    __slots__ = ("_api", "_channel", "_clock", "_language", "_session", "_status_url", "_token", "name")

    def __init__(
        self,
        name: str,
        token: str,
        channel: str,
        session: aiohttp.ClientSession,
        language: Language = "en",
        *,
        api: str = API,
        status_url: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._token = token
        self._channel = channel
        self._session = session
        self._language = language
        self._api = api.rstrip("/")
        self._status_url = status_url
        self._clock = clock

    def __repr__(self) -> str:
        return f"SlackBot({self.name!r})"

    async def send(self, message: Message) -> Mapping[str, str]:
        """Posts the first notice of an incident; edits it for later ones, whose news go into its thread."""
        notice, memory = message.notice, message.memory
        whole = self._body(notice, "whole")
        if "ts" in memory:
            edited = await self._call("chat.update", {**whole, **memory})
            if edited["ok"]:
                news, thread = self._body(notice, "news"), memory["ts"]
                await self._post({**news, "thread_ts": thread, "channel": memory["channel"]})
                return memory
            if edited["error"] not in _GONE:
                raise _refused(edited["error"])
        posted = await self._post({**whole, "channel": self._channel})
        return {"channel": posted["channel"], "ts": posted["ts"]}

    async def close(self) -> None:
        """Nothing to do: the session belongs to whoever made it."""

    def _body(self, notice: Notice, detail: Detail) -> dict[str, Any]:
        return render.body(notice, self._language, status_url=self._status_url, detail=detail)

    async def _post(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        posted = await self._call("chat.postMessage", body)
        if not posted["ok"]:
            raise _refused(posted["error"])
        return posted

    async def _call(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Calls a method; the answer has `ok`, and `error` where that is False.

        Raises:
            DeliveryError: there was no answer of that form.
        """
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Authorization": f"Bearer {self._token}",
        }
        answer = await post(
            self._session,
            f"{self._api}/{method}",
            json.dumps(body).encode(),
            headers,
            timeout_s=TIMEOUT_S,
            most=_MAX_ANSWER,
        )
        expect_taken(answer, self._clock())
        try:
            said = json.loads(answer.text)
            return {"error": "", **said, "ok": said["ok"] is True}
        except (ValueError, TypeError, KeyError):
            pass
        raise DeliveryError("the answer is not Slack's", outcome="server_error", retryable=True)


def _refused(error: str) -> DeliveryError:
    """What Slack's own word for a refusal means to us."""
    if error in _PASSING:
        outcome = "rate_limited" if error.startswith("rate") else "server_error"
        return DeliveryError(f"Slack says {error}", outcome=outcome, retryable=True)
    outcome = "auth_error" if error in _AUTH else "client_error"
    known = error if error.isascii() and error.replace("_", "").isalnum() and len(error) < 64 else "no"
    return DeliveryError(f"Slack says {known}", outcome=outcome, retryable=False)
