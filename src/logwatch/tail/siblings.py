"""Files beside a log that rotation made of it: the renamed file itself, a copy of what it held, later runs."""

import os
import re
import stat as modes
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence

from logwatch.tail.descriptors import Descriptors, file_id
from logwatch.tail.evidence import HEAD, reader
from logwatch.tail.life import Life

# What rotation appends to a log's name: a number, a date, a word.
_ROTATED = re.compile(r"[.\-_](?:\d[\d.\-_T:Z]*|bak|old|orig|copy|prev(?:ious)?|save)$", re.IGNORECASE)
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
# The end of a file, compared with the same place of another.
_END = 4096


class Surroundings:
    """Listings of the directories in which logs lie, good for one turn: many may be rotated in one of them."""

    def __init__(self) -> None:
        self._listings: dict[str, tuple[int, Mapping[str, int], Sequence[str]]] = {}

    def with_inode(self, directory: str, inode: int) -> Iterator[str]:
        """Paths of what has this inode number in `directory`."""
        names, _ = self._listing(directory)
        return (f"{directory}/{name}" for name, number in names.items() if number == inode)

    def rotated(self, log: str) -> Iterator[str]:
        """Paths that are named as rotation names what it makes of `log`."""
        directory, name = os.path.split(log)
        _, names = self._listing(directory)
        for other in names[bisect_left(names, name) :]:
            if not other.startswith(name):
                return
            if _ROTATED.fullmatch(other, len(name)):
                yield f"{directory}/{other}"

    def _listing(self, directory: str) -> tuple[Mapping[str, int], Sequence[str]]:
        try:
            changed_ns = os.stat(directory).st_mtime_ns
            if directory not in self._listings or self._listings[directory][0] != changed_ns:
                with os.scandir(directory) as entries:
                    names = {entry.name: entry.inode() for entry in entries}
                self._listings[directory] = changed_ns, names, sorted(names)
        except OSError:
            return {}, ()
        _, numbers, in_order = self._listings[directory]
        return numbers, in_order


def rotated_from(path: str) -> Iterator[str]:
    """The logs of which `path` may be what rotation made: `train.log` for `train.log.1`.

    Only such files are ever taken for copies: logs of two ranks may be alike to the last byte.
    """
    for at in range(path.rfind("/") + 2, len(path)):
        if _ROTATED.fullmatch(path, at):
            yield path[:at]


def is_mounted(life: Life) -> bool:
    """Whether the file system on which `life` was is there: if so, a file that is missing was removed."""
    directory = os.path.dirname(life.path)
    while True:
        try:
            return os.stat(directory).st_dev == life.file.dev
        except FileNotFoundError:
            directory = os.path.dirname(directory)
        except OSError:
            return False


def find_renamed(life: Life, surroundings: Surroundings) -> str | None:
    """The path under which the file of `life` lies now, looked for where it was and where its link led."""
    for directory in dict.fromkeys((os.path.dirname(life.path), os.path.dirname(life.log))):
        for path in surroundings.with_inode(directory, life.file.ino):
            if not os.path.islink(path):
                return path
    return None


def find_copy(life: Life, surroundings: Surroundings, is_taken: Callable[[str], bool]) -> str | None:
    """A copy of what `life` had read, and more: its unread rest can be read there."""
    if life.evidence.is_empty:
        return None
    for path in sorted(surroundings.rotated(life.log)):
        if path != life.path and not is_taken(path) and _holds_the_rest(path, life):
            return path
    return None


def find_unseen(life: Life, surroundings: Surroundings, is_known: Callable[[int, int], bool]) -> list[str]:
    """Files that began as the log of `life` after it and were rotated away before they were seen; oldest first.

    The file of `life` is open: what only repeats its beginning is a copy that somebody keeps.
    """
    found = []
    for path in surroundings.rotated(life.log):
        try:
            fd = os.open(path, _READ)
        except OSError:
            continue
        try:
            stat = os.fstat(fd)
            is_candidate = modes.S_ISREG(stat.st_mode) and not is_known(stat.st_dev, stat.st_ino)
            if is_candidate and _was_born_after(life, fd, stat) and not _begins(life.fd, fd, stat.st_size):
                found.append((stat.st_mtime_ns, path))
        except OSError:
            continue
        finally:
            os.close(fd)
    return [path for _, path in sorted(found)]


def repeats(life: Life, original: Life, descriptors: Descriptors) -> bool:
    """Whether the file of `life` holds what was read of `original`, as far as it goes."""
    if original.evidence.is_empty:
        return False
    try:
        fd = descriptors.open(life)
        size = os.fstat(fd).st_size
        if size >= original.offset:
            return original.evidence.agrees(reader(fd))
        # Still being copied: as much as there is must be alike.
        whole = descriptors.open(original)
        return size > 0 and _begins(whole, descriptors.open(life), size)
    except OSError:
        return False


def _holds_the_rest(path: str, life: Life) -> bool:
    try:
        fd = os.open(path, _READ)
    except OSError:
        return False
    try:
        stat = os.fstat(fd)
        is_long_enough = modes.S_ISREG(stat.st_mode) and stat.st_size >= life.offset
        return is_long_enough and life.evidence.agrees(reader(fd))
    except OSError:
        return False
    finally:
        os.close(fd)


def _was_born_after(life: Life, fd: int, stat: os.stat_result) -> bool:
    """Whether the file was made after `life` began; by when it was last written, where its birth is unknown."""
    return (file_id(fd, stat).birth_ns or stat.st_mtime_ns) >= life.began_ns


def _begins(whole: int, part: int, size: int) -> bool:
    """Whether the file `part` of `size` bytes is how the file `whole` begins, as far as samples can say."""
    ends = max(0, size - _END)
    head = min(size, HEAD)
    return os.pread(whole, head, 0) == os.pread(part, head, 0) and os.pread(whole, _END, ends).startswith(
        os.pread(part, _END, ends)
    )
