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
    """`continue`: the same life goes on. `truncated`: the file was cut, and another run may write to it.
    `shortened`: it was cut, and so much of what was read still stands in it that the same run goes on.
    `rewritten`: it was cut and grew beyond what was read. `replaced`: the path names another file.
    `renewed`: the path names another file that was put there whole and begins with all that was read.
    `gone`: the path names nothing.
    """

    CONTINUE = "continue"
    TRUNCATED = "truncated"
    SHORTENED = "shortened"
    REWRITTEN = "rewritten"
    REPLACED = "replaced"
    RENEWED = "renewed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Known:
    """What was known of a life: which file, and how far it was read, in bytes."""

    file: FileId
    offset: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What is there now.

    `content_agrees` is None where the samples were not compared. In a file that is shorter than what was read
    it says that more of it is the same than the banner that every run of a job begins with: what stands in a
    banner is news when it is written again. `was_put_there`: the file was complete before it got this name.
    """

    file: FileId
    size: int
    content_agrees: bool | None = None
    was_put_there: bool = False


def judge(known: Known, observed: Observed | None) -> Verdict:
    """Decides what became of a life; `observed` is None where the path names nothing."""
    if observed is None:
        return Verdict.GONE
    if not known.file.is_same_file(observed.file):
        is_renewed = observed.was_put_there and observed.content_agrees and observed.size >= known.offset
        return Verdict.RENEWED if is_renewed else Verdict.REPLACED
    if observed.size < known.offset:
        return Verdict.SHORTENED if observed.content_agrees else Verdict.TRUNCATED
    if observed.content_agrees is False:
        return Verdict.REWRITTEN
    return Verdict.CONTINUE
