"""An incident in the making: its strands, what was told of it, and when there is something to tell."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from logwatch.catalogue.causality import Edges, EventClass
from logwatch.incident.incident import Remark
from logwatch.incident.strand import Strand

# A growing incident is told again 1, 5, 15 and 60 minutes after its opening, then hourly.
UPDATE_GAPS_S = (60.0, 240.0, 600.0, 2700.0, 3600.0)
# What comes in one burst is told once.
BURST_S = 10.0
_NEVER = float("inf")
# What went quiet is remembered so long: a collective that timed out looks back half an hour and more.
REMEMBERED_S = 7200.0
# A server that comes back and goes again within this time has not come back.
CLEARED_AFTER_S = 60.0

# Ids of incidents that were merged into one are for looking them up; more would not be.
MAX_ABSORBED = 20


@dataclass(frozen=True, slots=True)
class Holds:
    """How long an incident waits before it is told, in seconds, by what it seems to be.

    A cause is told at once, but for the moment in which its own cause may still be on the way through another
    file. Symptoms wait for their cause: that saves a message that would have to be corrected.
    """

    cause_s: float = 1.0
    # An error that is known to follow from others, whose lines may come after its own.
    effect_s: float = 2.0
    # Peers of a process that died speak within milliseconds, but InfiniBand tries again for 7 to 30 s.
    transport_s: float = 10.0
    timeout_s: float = 30.0
    launcher_s: float = 15.0

    def of(self, error_id: str, edges: Edges) -> float:
        """How long an incident about `error_id` waits."""
        if error_id in edges.holds:
            return edges.holds[error_id]
        match edges.class_of(error_id):
            case EventClass.TRANSPORT:
                return self.transport_s
            case EventClass.TIMEOUT:
                return self.timeout_s
            case EventClass.LAUNCHER:
                return self.launcher_s
        may_come_first = any(edge.late_s for edge in edges.into(error_id))
        return self.effect_s if may_come_first else self.cause_s


@dataclass(slots=True)
class Open:
    """An open incident. Times are seconds since the epoch, as the daemon's clock has them.

    `root` is the key of the strand it is about. It is told first at `opens_at`; `told_root` is what it was
    told to be about last, empty before. `grown_at` is when the first event came that is not told yet, and
    `retell_at` when it is told that there is another root, or that it stirs again: None where there is no
    such news. While it `is_quiet` it is only remembered, for what may follow from it yet.
    """

    incident_id: str
    root: str
    stirred_at: float
    opens_at: float = _NEVER
    strands: dict[str, Strand] = field(default_factory=dict)
    total: int = 0
    told_root: str = ""
    told_error: str = ""
    told_at: float = 0.0
    told_count: int = 0
    told_echoes: int = 0
    told_places: int = 0
    notices: int = 0
    growths: int = 0
    grown_at: float | None = None
    retell_at: float | None = None
    is_quiet: bool = False
    cleared_at: float | None = None
    absorbed: list[str] = field(default_factory=list)

    @property
    def is_told(self) -> bool:
        return bool(self.told_root)

    @property
    def over_untold_at(self) -> float | None:
        """When it need not be told any more, as it was over before it was told and brought nothing about."""
        if self.is_told or self.cleared_at is None or len(self.strands) > 1:
            return None
        return self.cleared_at + CLEARED_AFTER_S

    @property
    def root_strand(self) -> Strand:
        return self.strands[self.root]

    def become(self, tree: dict[str, Strand], root: Strand, hold_s: float, now: float) -> None:
        """The incident consists of the strands `tree`, and is about `root`, from now on."""
        self.strands = tree
        self.total = sum(strand.count for strand in tree.values())
        if root.key != self.root or self.opens_at == _NEVER:
            self.root = root.key
            self.opens_at = min(self.opens_at, root.arrived + hold_s)
            is_news = self.is_told and self.told_root != root.key
            self.retell_at = now + hold_s if is_news else None

    def stir(self, strand: Strand, now: float, hold_s: float) -> None:
        """There was another event of `strand`. If it had gone quiet, that is told after `hold_s`."""
        self.stirred_at = now
        if self.grown_at is None:
            self.grown_at = now
        if strand.key == self.root and self.cleared_at is not None:
            self.cleared_at = None
            # It was not over: if that was to be told earlier, it is told now.
            self.opens_at = max(self.opens_at, now)
        if self.is_quiet:
            self.is_quiet, self.cleared_at, self.retell_at = False, None, now + hold_s
            self.growths = 0

    def due_at(self, quiet_after_s: float) -> float:
        """When there is something to tell: that it is there, what has changed, or that it went quiet."""
        if not self.is_told:
            return self.opens_at if self.over_untold_at is None else self.over_untold_at
        if self.is_quiet:
            return self.stirred_at + REMEMBERED_S
        due = self.quiet_at(quiet_after_s)
        if self.retell_at is not None:
            due = min(due, self.retell_at)
        if self.grown_at is not None:
            gap = UPDATE_GAPS_S[min(self.growths, len(UPDATE_GAPS_S) - 1)]
            due = min(due, max(self.told_at + gap, self.grown_at + BURST_S))
        return due

    def quiet_at(self, quiet_after_s: float) -> float:
        quiet = self.stirred_at + quiet_after_s
        return quiet if self.cleared_at is None else min(quiet, self.cleared_at + CLEARED_AFTER_S)

    def changes(self) -> Iterator[Remark]:
        """What is other than it was told."""
        if self.is_told and self.told_root != self.root:
            yield Remark("new_root", {"error": self.root_strand.error_id, "before": self.told_error})
        else:
            count, echoes = self.counts()
            yield from _more("more", count - self.told_count)
            yield from _more("more_echoes", echoes - self.told_echoes)
            yield from _more("more_places", len(self.root_strand.places) - self.told_places)

    def note_told(self, now: float) -> None:
        """It is told as it stands now. Growth is told at longer and longer intervals."""
        if self.is_told and self.told_root == self.root:
            self.growths += 1
        self.told_root, self.told_error = self.root, self.root_strand.error_id
        self.told_at, self.retell_at, self.grown_at = now, None, None
        self.told_count, self.told_echoes = self.counts()
        self.told_places = len(self.root_strand.places)
        self.notices += 1

    def counts(self) -> tuple[int, int]:
        """How often the root's error was seen, and how often what follows from it."""
        about = self.root_strand.error_id
        count = sum(strand.count for strand in self.strands.values() if strand.error_id == about)
        return count, self.total - count

    def shift(self, seconds: float) -> None:
        """The clock was set: all times of it are so much later."""
        self.opens_at += seconds
        self.stirred_at += seconds
        self.told_at += seconds
        for name in ("grown_at", "retell_at", "cleared_at"):
            if getattr(self, name) is not None:
                setattr(self, name, getattr(self, name) + seconds)
        for strand in self.strands.values():
            strand.arrived += seconds

    def to_dict(self) -> dict[str, Any]:
        body = {name: getattr(self, name) for name in self.__slots__}
        body["strands"] = [strand.to_dict() for strand in self.strands.values()]
        return body

    @classmethod
    def from_dict(cls, body: Mapping[str, Any]) -> "Open":
        """The inverse of `to_dict`, also after a way through JSON."""
        strands = [Strand.from_dict(strand) for strand in body["strands"]]
        return cls(**{**body, "strands": {strand.key: strand for strand in strands}})


def _more(kind: str, count: int) -> Iterator[Remark]:
    if count > 0:
        yield Remark(kind, {"count": str(count)})
