"""Strands, and which of them explains which: every strand has at most one parent, its most probable cause.

So strands form trees, and what stands at the root of a tree is what its incident is about. Who explains whom
depends on the strands alone, never on the order in which they were heard of: that is what lets a cause that
arrives late take its place, and a log that is read afterwards tell the same as one that was followed.
"""

from collections.abc import Iterator

from logwatch.catalogue.causality import NO_EDGES, Edges
from logwatch.incident.kinship import Link, link, seniority
from logwatch.incident.strand import Strand


class Forest:
    """The strands of all open incidents."""

    def __init__(self, edges: Edges = NO_EDGES) -> None:
        self.edges = edges
        self._by_key: dict[str, Strand] = {}
        # Strands without a job are under the empty name.
        self._by_job: dict[str, dict[str, Strand]] = {}
        self._latest: dict[tuple[str, str, str], str] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __getitem__(self, key: str) -> Strand:
        return self._by_key[key]

    def latest(self, error_id: str, job: str, home: str) -> Strand | None:
        """The strand that goes on with the next event of this error, if there is one."""
        key = self._latest.get((error_id, job, home))
        return None if key is None else self._by_key[key]

    def plant(self, strand: Strand) -> None:
        self._by_key[strand.key] = strand
        self._by_job.setdefault(strand.job, {})[strand.key] = strand
        self._note_latest(strand)

    def fell(self, strand: Strand) -> None:
        del self._by_key[strand.key]
        beside = self._by_job[strand.job]
        del beside[strand.key]
        if not beside:
            del self._by_job[strand.job]
        if self._latest[strand.error_id, strand.job, strand.home] == strand.key:
            del self._latest[strand.error_id, strand.job, strand.home]
            # An earlier one of the same error, in another incident, may still be there.
            for other in beside.values():
                if (other.error_id, other.home) == (strand.error_id, strand.home):
                    self._note_latest(other)

    def best_link(self, effect: Strand) -> Link | None:
        """The most probable explanation of `effect`."""
        if not self.edges.into(effect.error_id) and not effect.involved.previous_xids:
            return None
        links = (link(cause, effect, self.edges) for cause in self._in_reach(effect))
        return min((found for found in links if found), key=lambda found: found.rank, default=None)

    def settle(self, strand: Strand) -> list[Strand]:
        """Finds the parent of a strand that is new or of which more is known, and whose parent it is.

        Gives the strands whose parent is another one now.
        """
        changed = [strand] if self._attach(strand, self.best_link(strand)) else []
        for other in self._in_reach(strand):
            if other.parent == strand.key:
                best = self.best_link(other)
            else:
                best = self._better(link(strand, other, self.edges), other)
                if best is None:
                    continue
            if self._attach(other, best):
                changed.append(other)
        return changed

    def root_of(self, strand: Strand) -> Strand:
        """The first cause. Where strands explain each other in a ring, the most probable of them is it."""
        seen: dict[str, Strand] = {}
        while strand.parent and strand.key not in seen:
            seen[strand.key] = strand
            strand = self._by_key[strand.parent]
        if not strand.parent:
            return strand
        ring = [*seen.values()][[*seen].index(strand.key) :]
        return min(ring, key=lambda member: seniority(member, self.edges))

    def _note_latest(self, strand: Strand) -> None:
        latest = self.latest(strand.error_id, strand.job, strand.home)
        if latest is None or latest.serial < strand.serial:
            self._latest[strand.error_id, strand.job, strand.home] = strand.key

    def _better(self, found: Link | None, effect: Strand) -> Link | None:
        """`found`, if it explains `effect` better than its parent does."""
        if found is None or not effect.parent:
            return found
        present = link(self._by_key[effect.parent], effect, self.edges)
        return found if present is None or found.rank < present.rank else None

    def _attach(self, effect: Strand, found: Link | None) -> bool:
        parent = found.cause.key if found else ""
        effect.why = found.why if found else None
        if parent == effect.parent:
            return False
        effect.parent = parent
        return True

    def _in_reach(self, strand: Strand) -> Iterator[Strand]:
        """What could explain `strand` or be explained by it."""
        jobs = [strand.job, ""] if strand.job else list(self._by_job)
        for job in jobs:
            for other in list(self._by_job.get(job, {}).values()):
                if other is not strand:
                    yield other
