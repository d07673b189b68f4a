"""What the operator wants to run, as finished parts. A reload brings another plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from logwatch.catalogue.load import Catalogue
from logwatch.deliver.outbox import Receiver
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Publisher
from logwatch.incident.incident import Incident
from logwatch.incident.open import Holds
from logwatch.scan.scanner import Scanner
from logwatch.tail.follow import Source


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of errors: everything that a new catalogue changes."""

    catalogue: Catalogue
    scanner: Scanner
    publisher: Publisher
    advisor: Advisor


@dataclass(frozen=True, slots=True)
class Watched:
    """A source, and what is said of its files. Two with one `fingerprint` are the same.

    `labels_of_path` reads labels off a path; `with_events` asks the file system for hints.
    """

    source: Source
    kind: str
    labels_of_path: Callable[[str], Mapping[str, str]]
    fingerprint: str
    with_events: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """A receiver, and which incidents are for it. `retold` says an incident in the receiver's language."""

    name: str
    fingerprint: str
    receiver: Receiver
    accepts: Callable[[Incident], bool]
    retold: Callable[[Incident], Incident]


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. `batch_bytes` is what one hop reads at the most.

    `holds` are the times for which incidents wait for their cause; one is over after `quiet_after_s`.
    """

    knowledge: Knowledge
    watched: Sequence[Watched]
    routes: Sequence[Route]
    quiet_after_s: float
    batch_bytes: int
    holds: Holds = field(default_factory=Holds)


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...
