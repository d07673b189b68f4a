"""Is an open file the one that a life was read from, and does it go on as the same run?"""

import os

from logwatch.tail.evidence import reader
from logwatch.tail.life import NOWHERE, Life
from logwatch.tail.verdict import FileId

# Of two long files so much is compared at a time.
_AT_ONCE = 1024 * 1024


def must_compare(life: Life, stat: os.stat_result) -> bool:
    """Whether the samples must be compared to say what became of a file that has the number of `life`'s."""
    is_as_it_was = stat.st_size == life.size and stat.st_mtime_ns == life.mtime_ns
    return not (life.verified and life.proven is None and is_as_it_was)


def agrees(life: Life, fd: int, size: int) -> bool:
    """Whether the file holds what was read of it; one that is shorter now, whether the same run goes on."""
    if size < life.offset:
        return life.evidence.standing(size, reader(fd)) > 0
    if life.verified and size > life.size:
        return life.evidence.goes_on(reader(fd))
    return life.evidence.agrees(reader(fd))


def is_another_run(life: Life, fd: int) -> bool:
    """Whether what was read on of `fd`, as it was open, was another run's, in so far as that can be found out."""
    # Of a file that has just been cut nothing is left to compare; what was read joined on when it was read.
    is_cut = os.fstat(fd).st_size < life.offset
    if not is_cut and not life.evidence.agrees(reader(fd)):
        return True
    life.proven = None
    return False


def note_compared(life: Life, stat: os.stat_result) -> None:
    """Takes note that the samples were compared with a file in this state."""
    life.verified, life.mtime_ns = True, stat.st_mtime_ns


def is_open_as(life: Life, fd: int, here: FileId) -> bool:
    """Whether `fd`, which has the inode number of `life`, is its file, and not a later one with that number."""
    if life.fd != NOWHERE:
        return True
    if life.file.birth_ns and here.birth_ns:
        return life.file.is_same_file(here)
    return life.evidence.agrees(reader(fd))


def may_be_remounted(life: Life, here: FileId) -> bool:
    """Where births are not known: the number is the same, the device is not, and the content has to tell."""
    is_unknown = not (life.file.birth_ns and here.birth_ns)
    return is_unknown and life.file.ino == here.ino and life.offset > 0


def has_the_unread(life: Life, fd: int) -> bool:
    """Whether what is unread in the old file stands in `fd`, too, in which all samples do."""
    if not life.unread:
        return True
    if life.fd == NOWHERE:
        # Of an unfinished line there is a sample.
        return life.unread <= life.evidence.ahead_length
    at = life.offset
    while old := os.pread(life.fd, _AT_ONCE, at):
        if os.pread(fd, len(old), at) != old:
            return False
        at += len(old)
    return True
