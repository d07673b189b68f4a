"""One life of a file at a path: a generation. What is remembered of it, what is known while it is open."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from logwatch.scan.scanner import Match
from logwatch.tail.evidence import Evidence
from logwatch.tail.verdict import FileId, Known

NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Finding:
    """A match in a file: where its record begins, in bytes and lines (from 1), with the lines around it."""

    match: Match
    offset: int
    line_number: int
    context: tuple[str, ...] = ()


@dataclass(slots=True)
class Life:
    """A generation. Offsets and sizes are in bytes, times in seconds.

    `offset`: everything before it is accounted for: size seen = scanned + skipped + what is still to be read.
    `lines`: line feeds before `offset`. `size`: the largest size seen in this life.
    `home`: the path at which this life began, from which rotation makes its names.
    `overlong`: where the record began of which `offset` is in the middle, or NOWHERE.
    `held`: what was found in the unfinished line at the end, as of `held_size` bytes of the file.
    `copy_of`: the life whose bytes this file seems to repeat; it waits to learn which of the two goes on.
    `is_original`: it turned out not to be a copy.
    `said`: where the unfinished record begins of which an event was already published, or NOWHERE.
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
    said: int = NOWHERE
    encoding: str = ""
    home: str = ""
    evidence: Evidence = field(default_factory=Evidence)
    # Known only while the daemon runs.
    fd: int = NOWHERE
    dirty: bool = True
    verified: bool = True
    verified_at: float = 0.0
    mtime_ns: int = 0
    look_at: float = 0.0
    changed_at: float = 0.0
    left_at: float | None = None
    held: list[Finding] = field(default_factory=list)
    held_size: int = 0
    copy_of: str = ""
    is_original: bool = False

    @property
    def unread(self) -> int:
        return max(0, self.size - self.offset)

    @property
    def is_waiting(self) -> bool:
        """Whether all that is unread is an unfinished line that was looked at."""
        return self.held_size == self.size

    @property
    def known(self) -> Known:
        return Known(self.file, self.offset, self.size)

    def skip(self, reason: str, size: int) -> None:
        """`size` bytes will not be scanned, and why."""
        if size > 0:
            self.skipped[reason] = self.skipped.get(reason, 0) + size
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
            "home": self.home,
            "evidence": self.evidence.to_dict(),
        }

    @classmethod
    def from_dict(cls, key: str, source: str, path: str, body: dict[str, Any]) -> "Life":
        """A life as it was remembered: its file has yet to be found and compared."""
        fields = dict(body)
        fields["file"] = FileId(*body["file"])
        fields["evidence"] = Evidence.from_dict(body["evidence"])
        return cls(key=key, source=source, path=path, dirty=False, verified=False, **fields)


def life_key(path: str, number: int, file: FileId) -> str:
    """Names a life. The same after a crash that forgot it, so that its events keep their ids."""
    text = f"{path}\0{number}\0{file.ino}\0{file.birth_ns}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
