"""What a receiver is, and the queue that stands between an incident and a receiver.

The queue is durable and lives in the store; this room only says what it needs of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from logwatch.incident.incident import Notice


@dataclass(frozen=True, slots=True)
class Message:
    """A notice on its way to one receiver.

    `id` is the idempotency key, the same on every try. `attempts` counts the tries so far.
    `memory` is what this receiver remembered of the incident (a Slack timestamp, say).
    """

    id: str
    receiver: str
    notice: Notice
    attempts: int
    memory: Mapping[str, str]


class Receiver(Protocol):
    """A configured destination."""

    name: str

    async def send(self, message: Message) -> Mapping[str, str]:
        """Delivers one message; what it returns is remembered for the incident.

        Raises:
            DeliveryError: when it was not taken.
        """
        ...

    async def close(self) -> None: ...


class Queue(Protocol):
    """The durable queue, as a courier sees it. Times are seconds since the epoch."""

    async def due(self, receiver: str, now: float, most: int) -> Sequence[Message]:
        """Messages whose time has come, oldest first."""
        ...

    async def next_due(self, receiver: str) -> float | None:
        """When the next message becomes due; None while there is none."""
        ...

    async def sent(self, message: Message, memory: Mapping[str, str]) -> None: ...

    async def put_off(self, message: Message, until: float, why: str) -> None: ...

    async def give_up(self, message: Message, why: str) -> None: ...

    async def disable(self, receiver: str, why: str) -> None:
        """The receiver wants nothing any more (410); its messages are dropped until it is configured anew."""
        ...
