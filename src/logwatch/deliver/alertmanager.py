"""Prometheus Alertmanager: an alert per incident, repeated while it lasts, to every member of a cluster."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence

import aiohttp

from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Message
from logwatch.deliver.post import TIMEOUT_S, expect_taken, post
from logwatch.errors import DeliveryError
from logwatch.render.alertmanager import alert

# Clients repeat firing alerts, and each repetition says until when it holds, so that a daemon that is gone
# leaves no alert behind: as Prometheus does, four intervals.
REFRESH_S = 60.0
HOLDS_S = 4 * REFRESH_S


class Alertmanager:
    """All members of one cluster. They tell each other, so one that takes the alert is enough."""

    __slots__ = ("_clock", "_language", "_session", "_status_url", "_timeout_s", "_urls", "name")

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        session: aiohttp.ClientSession,
        language: Language = "en",
        *,
        status_url: str = "",
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._urls = [f"{url.rstrip('/')}/api/v2/alerts" for url in urls]
        self._session = session
        self._language = language
        self._status_url = status_url
        self._timeout_s = timeout_s
        self._clock = clock

    def __repr__(self) -> str:
        return f"Alertmanager({self.name!r})"

    async def send(self, message: Message) -> Mapping[str, str]:
        until = self._clock() + HOLDS_S
        told = alert(message.notice, self._language, firing_until=until, status_url=self._status_url)
        body = json.dumps([told], ensure_ascii=False).encode("utf-8", "replace")
        answers = await asyncio.gather(*(self._tell(url, body) for url in self._urls))
        failures = [failure for failure in answers if failure is not None]
        if len(failures) == len(self._urls):
            # The most hopeful one decides whether to try again.
            raise max(failures, key=lambda failure: failure.retryable)
        return {}

    async def close(self) -> None:
        """Nothing to do: the session belongs to whoever made it."""

    async def _tell(self, url: str, body: bytes) -> DeliveryError | None:
        headers = {"Content-Type": "application/json"}
        try:
            expect_taken(
                await post(self._session, url, body, headers, timeout_s=self._timeout_s), self._clock()
            )
        except DeliveryError as error:
            return error
        return None
