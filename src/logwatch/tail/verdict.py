"""What has happened to a file, judged from what was observed. Pure: a truth table, tested as one."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class FileId:
    """What the file system says about which file it is. `birth_ns` is 0 where it is not known.

    Inode numbers are reused at once; the time of birth is not.
    """

    dev: int
    ino: int
    birth_ns: int = 0

    def is_same_file(self, other: "FileId") -> bool:
        """Device numbers change when a file system is mounted again: the time of birth decides, if known."""
        if self.ino != other.ino:
            return False
        if self.birth_ns and other.birth_ns:
            return self.birth_ns == other.birth_ns
        return self.dev == other.dev


class Verdict(StrEnum):
    """`continue`: the same life goes on. `truncated`: the file was cut, a new life begins in it.
    `rewritten`: it was cut and grew beyond what was read. `replaced`: the path names another file.
    `gone`: the path names nothing.
    """

    CONTINUE = "continue"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    REPLACED = "replaced"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a life: which file, how far it was read, and how long it once was, in bytes."""

    file: FileId
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What is there now. `content_agrees` is None where the samples were not compared."""

    file: FileId
    size: int
    content_agrees: bool | None = None


def judge(known: Known, observed: Observed | None) -> Verdict:
    """Decides what became of a life; `observed` is None where the path names nothing."""
    if observed is None:
        return Verdict.GONE
    if not known.file.is_same_file(observed.file):
        return Verdict.REPLACED
    if observed.size < known.offset:
        return Verdict.TRUNCATED
    if observed.content_agrees is False:
        return Verdict.REWRITTEN
    return Verdict.CONTINUE
