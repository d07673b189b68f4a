"""A generic webhook by Standard Webhooks: signed, with an id that stays the same over retries."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp

from logwatch import __version__
from logwatch.deliver.outbox import Message
from logwatch.deliver.post import TIMEOUT_S, expect_taken, post
from logwatch.deliver.signature import key_of, signed
from logwatch.incident.incident import Notice
from logwatch.render import webhook as render


class Webhook:
    """An address that takes incidents as JSON. Address and secrets are never shown.

    `body` makes what is posted of a notice, as `content_type`.
    `secrets` sign each message, all of them while one replaces another; without any it goes unsigned.

    Raises:
        ValueError: a secret is not one.
    """

    __slots__ = ("_body", "_clock", "_content_type", "_keys", "_session", "_timeout_s", "_url", "name")

    def __init__(
        self,
        name: str,
        url: str,
        secrets: Sequence[str],
        session: aiohttp.ClientSession,
        *,
        body: Callable[[Notice], Mapping[str, Any]] = render.body,
        content_type: str = "application/json",
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._url = url
        self._keys = [key_of(secret) for secret in secrets]
        self._session = session
        self._body = body
        self._content_type = content_type
        self._timeout_s = timeout_s
        self._clock = clock

    def __repr__(self) -> str:
        return f"Webhook({self.name!r})"

    async def send(self, message: Message) -> Mapping[str, str]:
        body = render.encoded(self._body(message.notice))
        headers = signed(body, id=message.id, timestamp=int(self._clock()), keys=self._keys)
        answer = await post(
            self._session,
            self._url,
            body,
            {"Content-Type": self._content_type, "User-Agent": f"logwatch/{__version__}", **headers},
            timeout_s=self._timeout_s,
        )
        expect_taken(answer, self._clock())
        return {}

    async def close(self) -> None:
        """Nothing to do: the session belongs to whoever made it."""
