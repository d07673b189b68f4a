"""PagerDuty, Events API v2. The routing key is a secret."""

import json
import time
from collections.abc import Callable, Mapping

import aiohttp

from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Message
from logwatch.deliver.post import TIMEOUT_S, expect_taken, post
from logwatch.render import pagerduty as render

URL = "https://events.pagerduty.com/v2/enqueue"


class PagerDuty:
    """One service. `url` is another address for tests and proxies."""

    __slots__ = (
        "_clock",
        "_language",
        "_routing_key",
        "_session",
        "_status_url",
        "_timeout_s",
        "_url",
        "name",
    )

    def __init__(
        self,
        name: str,
        routing_key: str,
        session: aiohttp.ClientSession,
        language: Language = "en",
        *,
        url: str = URL,
        status_url: str = "",
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._routing_key = routing_key
        self._session = session
        self._language = language
        self._url = url
        self._status_url = status_url
        self._timeout_s = timeout_s
        self._clock = clock

    def __repr__(self) -> str:
        return f"PagerDuty({self.name!r})"

    async def send(self, message: Message) -> Mapping[str, str]:
        body = render.body(message.notice, self._routing_key, self._language, status_url=self._status_url)
        headers = {"Content-Type": "application/json"}
        answer = await post(
            self._session, self._url, json.dumps(body).encode(), headers, timeout_s=self._timeout_s
        )
        expect_taken(answer, self._clock())
        return {}

    async def close(self) -> None:
        """Nothing to do: the session belongs to whoever made it."""
