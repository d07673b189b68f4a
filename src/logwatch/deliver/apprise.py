"""Apprise: a hundred further destinations (Teams, Feishu, DingTalk, e-mail …) by one address each.

An optional extra (`pip install 'logwatch[apprise]'`): the library is imported when it is used. It waits for
its destinations, so it runs in a thread. github.com/caronc/apprise.
"""

import asyncio
import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Message
from logwatch.errors import DeliveryError
from logwatch.incident.event import shortened
from logwatch.render.message import briefing
from logwatch.render.text import text

# Apprise knows four kinds of news.
_KINDS = {"info": "info", "warning": "warning", "error": "failure", "critical": "failure"}
# Few destinations take longer messages, and Apprise cuts where it pleases.
MAX_BODY = 4000
MAX_TITLE = 200
# It has time-outs of its own for each destination; beyond this it hangs.
TIMEOUT_S = 60.0
# Far more than a courier tries in turn.
MAX_MARKS = 1000


class Apprise:
    """All of `urls`, each the address of a destination and a secret; all have to take a message."""

    __slots__ = ("_language", "_status_url", "_taken", "_timeout_s", "_urls", "name")

    def __init__(
        self,
        name: str,
        urls: Sequence[str],
        language: Language = "en",
        *,
        status_url: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.name = name
        self._urls = urls
        self._language = language
        self._status_url = status_url
        self._timeout_s = timeout_s
        # Which addresses took a message that others did not take: those others alone are tried again.
        self._taken: dict[str, set[int]] = {}

    def __repr__(self) -> str:
        return f"Apprise({self.name!r})"

    async def send(self, message: Message) -> Mapping[str, str]:
        notice = message.notice
        body = shortened(text(notice, self._language, status_url=self._status_url), MAX_BODY)
        title = shortened(briefing(notice, self._language).headline, MAX_TITLE)
        kind = "success" if notice.kind == "quiet" else _KINDS.get(notice.incident.severity, "info")
        taken = self._taken.setdefault(message.id, set())
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.to_thread(self._notify, taken, title, body, kind)
        except TimeoutError:
            raise DeliveryError("Apprise did not return", outcome="timeout", retryable=True) from None
        if len(taken) < len(self._urls):
            self._make_room()
            why = f"Apprise delivered it to {len(taken)} of {len(self._urls)}"
            raise DeliveryError(why, outcome="server_error", retryable=True)
        del self._taken[message.id]
        return {}

    async def close(self) -> None:
        """Nothing to do: Apprise keeps nothing open."""

    def _make_room(self) -> None:
        """Messages that were given up leave a mark behind."""
        while len(self._taken) > MAX_MARKS:
            del self._taken[next(iter(self._taken))]

    def _notify(self, taken: set[int], title: str, body: str, kind: str) -> None:
        try:
            library: Any = importlib.import_module("apprise")
        except ImportError:
            why = "the library is missing: pip install 'logwatch[apprise]'"
            raise DeliveryError(why, outcome="client_error", retryable=True) from None
        for number, url in enumerate(self._urls):
            if number in taken:
                continue
            destination = library.Apprise()
            if not destination.add(url):
                # The address is a secret and is not said.
                why = f"Apprise does not know address {number + 1}"
                raise DeliveryError(why, outcome="client_error", retryable=False)
            if destination.notify(title=title, body=body, notify_type=kind, body_format="text"):
                taken.add(number)
