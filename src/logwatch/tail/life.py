"""One life of a file at a path: a generation. What is remembered of it, what is known while it is open."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from logwatch.scan.scanner import Match
from logwatch.tail.evidence import Evidence
from logwatch.tail.verdict import FileId, Known
from logwatch.tail.wrapping import Begun

NOWHERE = -1
# What is passed over because it is no news, or was not asked for.
SKIPPED_ON_PURPOSE = frozenset({"start_at_end", "copy", "read_before", "compressed"})


@dataclass(frozen=True, slots=True)
class Finding:
    """A match in a file: where its record begins, in bytes and lines (from 1), with the lines around it.

    `labels` are what the source itself knows of the record's writer; a file knows nothing.
    """

    match: Match
    offset: int
    line_number: int
    context: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def alone(self) -> "Finding":
        """The same, without hold of what was read with it."""
        return replace(self, context=tuple(self.context))


class Generation(Protocol):
    """What has to be known of where something was found: a life of a file, a boot, a stream."""

    @property
    def key(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def home(self) -> str: ...
    @property
    def number(self) -> int: ...


class Proven(NamedTuple):
    """How far a file had been read when all samples were compared, and what its head was like then."""

    offset: int
    lines: int
    head_length: int
    head: int


@dataclass(slots=True)
class Life:
    """A generation. Offsets and sizes are in bytes, times in seconds.

    `offset`: everything before it is accounted for: size seen = scanned + skipped + what is still to be read.
    `lines`: line feeds before `offset`. `size`: the largest size seen in this life, before the samples were
    compared: it is not that of a file that has been cut and refilled.
    `home`: the path at which this life began; `path` is where it lies now. `target`: what `home` led to, where
    that was a link. `began_ns`: when the file had last changed, by its own clock, as it was first seen.
    `is_nameless`: it holds no path any more, because it was renamed to something that nobody asked for, or
    deleted.
    `overlong`: where the record began of which `offset` is in the middle, or NOWHERE.
    `has_lost`: something was skipped otherwise than on purpose.
    `held`: what was found in the unfinished line at the end, as of `held_size` bytes of the file.
    `copy_of`: the life whose bytes this file seems to repeat; it waits to learn which of the two goes on.
    `is_original`: it turned out not to be a copy. `left_at`: when it was seen to have lost its
    path; `beside_ns`: the state of its directory in which later runs of its log were looked for.
    `proven`: how far it had been read when all was last compared, if it was read on since.
    `said`: where those unfinished records begin of which an event was already published.
    `wrapping`: how each line is wrapped, once that is known; `begun`: records of which pieces are to come, by
    stream. `nuls_since`: when NULs were first seen at the end, where data may yet appear in their place.
    """

    key: str
    source: str
    path: str
    number: int
    file: FileId
    offset: int = 0
    lines: int = 0
    size: int = 0
    scanned: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    overlong: int = NOWHERE
    said: list[int] = field(default_factory=list)
    encoding: str = ""
    wrapping: str = ""
    begun: Mapping[str, Begun] = field(default_factory=dict)
    home: str = ""
    target: str = ""
    began_ns: int = 0
    evidence: Evidence = field(default_factory=Evidence)
    # Known only while the daemon runs.
    fd: int = NOWHERE
    dirty: bool = True
    has_lost: bool = False
    verified: bool = True
    mtime_ns: int = 0
    look_at: float = 0.0
    proven: "Proven | None" = None
    changed_at: float = 0.0
    is_nameless: bool = False
    is_deleted: bool = False
    held: list[Finding] = field(default_factory=list)
    held_size: int = 0
    held_since: float = 0.0
    nuls_since: float = 0.0
    absent_since: float = 0.0
    left_at: float = 0.0
    beside_ns: int = 0
    copy_of: "Life | None" = None
    is_original: bool = False
    # An older life of the same log, and how far it has to be read before this one is.
    elder: "tuple[Life, int] | None" = None

    @property
    def log(self) -> str:
        """The name from which rotation makes the names of what it moves or copies."""
        return self.target or self.home

    @property
    def chance(self) -> float:
        """From 0 to 1, the same for this life always, and another for most others."""
        return int(self.key[:4], 16) / 0xFFFF

    @property
    def unread(self) -> int:
        return max(0, self.size - self.offset)

    @property
    def is_waiting(self) -> bool:
        """Whether all that is unread is an unfinished line that was looked at."""
        return self.held_size == self.size

    @property
    def is_settled(self) -> bool:
        """Whether it lies at its path, was compared, and was read to its end: no line or question is open."""
        return (
            self.offset == self.size
            and self.verified
            and self.overlong == NOWHERE
            and self.copy_of is None
            and not (self.is_nameless or self.held or self.encoding or self.nuls_since)
        )

    @property
    def known(self) -> Known:
        return Known(self.file, self.offset)

    def go_back(self) -> None:
        """Forgets what was read since all was last compared: it may be another run's."""
        if self.proven is not None:
            offset, self.lines, head_length, head = self.proven
            self.evidence = self.evidence.back_at(offset, head_length, head)
            self.scanned -= self.offset - offset
            self.offset = self.size = offset
            self.proven, self.verified, self.dirty = None, False, True

    def has_begun(self, place: int) -> bool:
        """Whether the record at `place` consists of pieces of which more are to come."""
        return any(record.place == place for record in self.begun.values())

    def note_said(self, place: int) -> None:
        """An event was published of the record at `place`, which may come again."""
        oldest = min(self.offset, *(record.place for record in self.begun.values()), place)
        self.said = [other for other in self.said if other >= oldest and other != place] + [place]
        self.dirty = True

    def skip(self, reason: str, size: int) -> None:
        """`size` bytes will not be scanned, and why."""
        if size > 0:
            self.skipped[reason] = self.skipped.get(reason, 0) + size
            self.has_lost |= reason not in SKIPPED_ON_PURPOSE
            self.dirty = True

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "file": [self.file.dev, self.file.ino, self.file.birth_ns],
            "offset": self.offset,
            "lines": self.lines,
            "size": self.size,
            "scanned": self.scanned,
            "skipped": self.skipped,
            "overlong": self.overlong,
            "said": self.said,
            "encoding": self.encoding,
            "wrapping": self.wrapping,
            "begun": {stream: record.to_list() for stream, record in self.begun.items()},
            "home": self.home,
            "target": self.target,
            "began_ns": self.began_ns,
            "evidence": self.evidence.to_dict(),
        }

    @classmethod
    def from_dict(cls, key: str, source: str, path: str, body: dict[str, Any]) -> "Life":
        """A life as it was remembered: its file has yet to be found and compared."""
        fields = dict(body)
        fields["file"] = FileId(*body["file"])
        fields["evidence"] = Evidence.from_dict(body["evidence"])
        fields["begun"] = {stream: Begun.from_list(record) for stream, record in body["begun"].items()}
        has_lost = not fields["skipped"].keys() <= SKIPPED_ON_PURPOSE
        return cls(
            key=key, source=source, path=path, has_lost=has_lost, dirty=False, verified=False, **fields
        )


def life_key(path: str, number: int, file: FileId) -> str:
    """Names a life. The same after a crash that forgot it, so that its events keep their ids."""
    text = f"{path}\0{number}\0{file.ino}\0{file.birth_ns}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
