"""Which error brings about which while a job runs: the edges in force, as the program uses them.

This is cause and effect within minutes. The `transition_graph` of an entry is another thing: the way of a
person over days; it is never used here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

# Clocks of a cluster differ by less than this once they are synchronised: an effect may seem to come first.
CLOCK_SKEW_S = 5.0


class EventClass(StrEnum):
    """Kinds of news, the most probable cause of all others first."""

    HARDWARE = "hardware"
    PROCESS = "process"
    SCHEDULER = "scheduler"
    TRANSPORT = "transport"
    TIMEOUT = "timeout"
    LAUNCHER = "launcher"


class Scope(StrEnum):
    """How far an effect reaches: the same process, the same device, the same node, or the whole job."""

    PROCESS = "process"
    DEVICE = "device"
    NODE = "node"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Edge:
    """One way in which some errors bring about others.

    The effect comes at most `within_s` after the cause; None: as long after it as the effect's own line says.
    The cause's line may be written up to `late_s` after the effect's.
    """

    name: str
    causes: frozenset[str]
    effects: frozenset[str]
    scope: Scope
    within_s: float | None
    late_s: float
    note: str


@dataclass(frozen=True)
class Edges:
    """All edges in force, by name, and the class of every entry. `holds` are waits in seconds, by entry."""

    edges: Mapping[str, Edge] = field(default_factory=dict)
    classes: Mapping[str, EventClass] = field(default_factory=dict)
    holds: Mapping[str, float] = field(default_factory=dict)
    _of_effect: Mapping[str, Sequence[Edge]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        of_effect: dict[str, list[Edge]] = {}
        for edge in self.edges.values():
            for effect in edge.effects:
                of_effect.setdefault(effect, []).append(edge)
        object.__setattr__(self, "_of_effect", of_effect)

    def class_of(self, error_id: str) -> EventClass:
        return self.classes.get(error_id, EventClass.PROCESS)

    def between(self, cause: str, effect: str) -> Iterator[Edge]:
        """The ways in which the error `cause` can bring about the error `effect`."""
        if cause != effect:
            for edge in self._of_effect.get(effect, ()):
                if cause in edge.causes:
                    yield edge

    def into(self, effect: str) -> Sequence[Edge]:
        """All ways in which the error `effect` can come about."""
        return self._of_effect.get(effect, ())


NO_EDGES = Edges()
