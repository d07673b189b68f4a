"""Finding many literals in a chunk at once: one interface, two engines.

The `hyperscan` wheel is used in literal mode only: in regex mode the bundled Vectorscan 5.4.12 loses
matches of common shapes (VectorCamp/vectorscan#382); in literal mode no difference was ever seen, and
`tests/scan/test_engine.py` looks for one. The plain engine is for platforms without the wheel.
"""

from collections.abc import Sequence
from typing import Protocol

from logwatch.scan.literals import Literal

try:
    import hyperscan

    _PREFERRED: tuple[str, ...] = ("hyperscan", "plain")
except ImportError:  # no wheel for this platform
    _PREFERRED = ("plain",)


class Engine(Protocol):
    """Looks for a fixed set of literals."""

    name: str
    # Whether many literals cost about as much as one.
    is_quick: bool

    @property
    def tables(self) -> bytes:
        """What makes building it again quick; empty where nothing does."""
        ...

    def find(self, chunk: bytes) -> list[tuple[int, int]]:
        """Every (end offset, index of the literal) in `chunk`, in order of the end offset."""
        ...


def available() -> tuple[str, ...]:
    """The engines that can be had here, the preferred one first."""
    return _PREFERRED


def thawed(tables: bytes, name: str = "auto") -> Engine | None:
    """The engine whose tables these are; None where they are of no use here."""
    if not tables or _chosen(name) != "hyperscan":
        return None
    try:
        return _Hyperscan(hyperscan.loadb(tables, hyperscan.HS_MODE_BLOCK))
    except hyperscan.HyperscanError:
        # Of another version of the library, or another kind of processor.
        return None


def build(literals: Sequence[Literal], name: str = "auto") -> Engine:
    """An engine for `literals`; an index in its answers is a place in this sequence.

    No literal may contain NUL, at which the wheel takes it to end; records contain none (scan/clean.py).
    """
    if _chosen(name) == "hyperscan" and literals:
        return _Hyperscan(_compiled(literals))
    return _Plain(literals)


def _chosen(name: str) -> str:
    return available()[0] if name == "auto" else name


class _Hyperscan:
    name = "hyperscan"
    is_quick = True

    def __init__(self, database: "hyperscan.Database") -> None:
        self._database = database
        # Working memory that no scan is using. The database's own serves one scan at a time, and a second
        # thread would be refused.
        self._scratches: list[hyperscan.Scratch] = []

    @property
    def tables(self) -> bytes:
        frozen: bytes = hyperscan.dumpb(self._database)
        return frozen

    def find(self, chunk: bytes) -> list[tuple[int, int]]:
        hits: list[tuple[int, int]] = []
        append = hits.append

        def hit(index: int, _start: int, end: int, _flags: int, _context: object) -> None:
            append((end, index))

        try:
            scratch = self._scratches.pop()
        except IndexError:
            scratch = hyperscan.Scratch(self._database)
        self._database.scan(chunk, match_event_handler=hit, scratch=scratch)
        self._scratches.append(scratch)
        hits.sort()
        return hits


def _compiled(literals: Sequence[Literal]) -> "hyperscan.Database":
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    database.compile(
        expressions=[literal.data for literal in literals],
        ids=list(range(len(literals))),
        flags=[hyperscan.HS_FLAG_CASELESS if literal.caseless else 0 for literal in literals],
        literal=True,
    )
    return database


class _Plain:
    name = "plain"
    is_quick = False
    tables = b""

    def __init__(self, literals: Sequence[Literal]) -> None:
        self._exact = [(i, literal.data) for i, literal in enumerate(literals) if not literal.caseless]
        self._caseless = [(i, literal.data) for i, literal in enumerate(literals) if literal.caseless]

    def find(self, chunk: bytes) -> list[tuple[int, int]]:
        hits = _occurrences(chunk, self._exact)
        if self._caseless:
            hits += _occurrences(chunk.lower(), self._caseless)
        hits.sort()
        return hits


def _occurrences(chunk: bytes, literals: Sequence[tuple[int, bytes]]) -> list[tuple[int, int]]:
    hits: list[tuple[int, int]] = []
    for index, data in literals:
        at = chunk.find(data)
        while at >= 0:
            hits.append((at + len(data), index))
            at = chunk.find(data, at + 1)
    return hits
