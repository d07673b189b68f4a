"""What the operator wants to run, as finished parts. A reload brings another plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from logwatch.catalogue.catalogue import Catalogue
from logwatch.catalogue.entry import Language
from logwatch.deliver.outbox import Receiver
from logwatch.deliver.pace import BURST, RATE_PER_S
from logwatch.incident.advisor import Advisor
from logwatch.incident.event import Publisher
from logwatch.incident.incident import Incident
from logwatch.incident.open import Holds
from logwatch.incident.outcomes import Experience
from logwatch.scan.scanner import Scanner
from logwatch.tail.feed import Feed


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known of errors: everything that a new catalogue changes, and what has helped here."""

    catalogue: Catalogue
    scanner: Scanner
    publisher: Publisher
    advisor: Advisor
    experience: Experience = field(default_factory=Experience)


class Tap(Protocol):
    """Begins to read a source."""

    def __call__(self, scanner: Callable[[], Scanner], *, max_open_files: int, follow: bool) -> Feed:
        """`scanner` is asked for anew with each hop. Without `follow` only what is there is wanted."""
        ...


@dataclass(frozen=True, slots=True)
class Watched:
    """A source, and what is said of what stands in it. Two with one `fingerprint` are the same.

    `labels_of_path` reads labels off a path; `with_events` asks the file system for hints.
    """

    name: str
    tap: Tap
    kind: str
    labels_of_path: Callable[[str], Mapping[str, str]]
    fingerprint: str
    with_events: bool = True


@dataclass(frozen=True, slots=True)
class Route:
    """A receiver, and which incidents are for it. `retold` says an incident in the receiver's language.

    `refresh_s`: an open incident is told again so often, for receivers that forget. Messages go out at
    `rate_per_s` after a `burst`. `budget` is how many go out in an hour; when more than `crowd` jobs have one
    error they are told of together (None: no limit). `muted_at` names the time interval by which the receiver
    hears nothing at a moment, in seconds since the epoch; empty while it does hear.
    """

    name: str
    fingerprint: str
    receiver: Receiver
    accepts: Callable[[Incident], bool]
    retold: Callable[[Incident], Incident]
    language: Language = "en"
    refresh_s: float | None = None
    rate_per_s: float = RATE_PER_S
    burst: int = BURST
    budget: int | None = None
    crowd: int | None = None
    muted_at: Callable[[float], str] = lambda _now: ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it. `batch_bytes` is what one hop reads at the most.

    `holds` are the times for which incidents wait for their cause; one is over after `quiet_after_s`.
    `shadow` are patterns of ids of errors that are counted and never told of.
    """

    knowledge: Knowledge
    watched: Sequence[Watched]
    routes: Sequence[Route]
    quiet_after_s: float
    batch_bytes: int
    holds: Holds = field(default_factory=Holds)
    shadow: Sequence[str] = ()


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...
