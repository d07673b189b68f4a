"""A person at a terminal, or a pipe: used by `run --dry-run` and while trying things out."""

import asyncio
from collections.abc import Mapping
from typing import TextIO

from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Message
from logwatch.errors import DeliveryError
from logwatch.render.text import text


class Terminal:
    """Writes each notice to `stream`, in colours where it is a terminal."""

    __slots__ = ("_colour", "_language", "_status_url", "_stream", "name")

    def __init__(self, name: str, stream: TextIO, language: Language = "en", *, status_url: str = "") -> None:
        self.name = name
        self._stream = stream
        self._colour = stream.isatty()
        self._language = language
        self._status_url = status_url

    async def send(self, message: Message) -> Mapping[str, str]:
        told = text(message.notice, self._language, status_url=self._status_url, colour=self._colour)
        failure = ""
        try:
            # A pipe that nobody reads blocks its writer.
            await asyncio.to_thread(self._write, told + "\n")
        except (OSError, ValueError) as error:
            failure = type(error).__name__
        if failure:
            raise DeliveryError(f"cannot be written to ({failure})", outcome="network_error", retryable=True)
        return {}

    def _write(self, told: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        self._stream.write(told.encode(encoding, "replace").decode(encoding))
        self._stream.flush()

    async def close(self) -> None:
        """Nothing to do: the stream belongs to whoever opened it."""
