"""Files beside a log that rotation made of it: the renamed file itself, a copy of what it held, later runs."""

import contextlib
import os
import re
import stat as modes
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from logwatch.tail.descriptors import Descriptors, file_id
from logwatch.tail.evidence import HEAD, reader
from logwatch.tail.life import Life
from logwatch.tail.verdict import FileId

# What rotation appends to a log's name: a number, a date, a word.
_ROTATED = re.compile(r"[.\-_](?:\d[\d.\-_T:Z]*|bak|old|orig|copy|prev(?:ious)?|save)$", re.IGNORECASE)
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
# The end of a file, compared with the same place of another.
_END = 4096
# A directory that changed within the granularity of its clock may have changed once more.
_SETTLED_NS = 50_000_000
# What is moved while a directory is listed may be missed. Then it is listed again so often for one file, and for
# all files of a turn.
_TRIES = 5
_TRIES_OF_TURN = 200


class Surroundings:
    """Listings of the directories in which logs lie, good for one turn: many may be rotated in one of them."""

    def __init__(self) -> None:
        self._listings: dict[str, tuple[int, Mapping[str, int], Sequence[str]]] = {}
        self._tries = 0

    def tries(self, directories: Collection[str]) -> Iterator[int]:
        """Once, and again as long as something was moved there meanwhile, each time with new listings."""
        for attempt in range(_TRIES):
            began_ns = time.time_ns()
            yield attempt
            moved = [name for name in directories if _changed_ns(name) >= began_ns - _SETTLED_NS]
            if not moved or self._tries >= _TRIES_OF_TURN:
                return
            self._tries += 1
            for name in moved:
                self._listings.pop(name, None)

    def changed_ns(self, directory: str) -> int:
        """When something was last moved in `directory`; another number each time while it may go on unnoticed."""
        changed_ns, now_ns = _changed_ns(directory), time.time_ns()
        return now_ns if changed_ns >= now_ns - _SETTLED_NS else changed_ns

    def with_inode(self, directory: str, inode: int) -> Iterator[str]:
        """Paths of what has this inode number in `directory`."""
        names, _ = self._listing(directory)
        return (f"{directory}/{name}" for name, number in names.items() if number == inode)

    def rotated(self, log: str) -> Iterator[tuple[str, int]]:
        """Paths that are named as rotation names what it makes of `log`, with the inode numbers they had."""
        directory, name = os.path.split(log)
        numbers, names = self._listing(directory)
        for other in names[bisect_left(names, name) :]:
            if not other.startswith(name):
                return
            if _ROTATED.fullmatch(other, len(name)):
                yield f"{directory}/{other}", numbers[other]

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
    directories = dict.fromkeys((os.path.dirname(life.path), os.path.dirname(life.log)))
    for _ in surroundings.tries(directories):
        for directory in directories:
            for path in surroundings.with_inode(directory, life.file.ino):
                if _inode_of(path) == life.file.ino:
                    return path
    return None


def find_copy(
    life: Life, surroundings: Surroundings, is_taken: Callable[[FileId], bool]
) -> tuple[str, int] | None:
    """A copy of what `life` had read, and more: its unread rest can be read there. Its path, and it opened."""
    if life.evidence.is_empty:
        return None
    for _ in surroundings.tries([os.path.dirname(life.log)]):
        for path, _ in sorted(surroundings.rotated(life.log)):
            fd = _open_copy(path, life, is_taken)
            if fd is not None:
                return path, fd
    return None


def find_unseen(
    life: Life,
    surroundings: Surroundings,
    is_known: Callable[[FileId], bool],
    is_open: Callable[[int, int], bool],
) -> list[str]:
    """Files that began as the log of `life` after it and were rotated away before they were seen; oldest first.

    The file of `life` is open: what only repeats its beginning is a copy that somebody keeps. A device and an inode
    number for which `is_open` holds are a known file's; of others `is_known` tells when they have been opened.
    """
    found: dict[FileId, tuple[int, str]] = {}
    for _ in surroundings.tries([os.path.dirname(life.log)]):
        for path, inode in surroundings.rotated(life.log):
            if is_open(life.file.dev, inode):
                continue
            with contextlib.suppress(OSError):
                unseen = _unseen(path, life, is_known)
                if unseen is not None:
                    file, written_ns = unseen
                    found[file] = written_ns, path
    return [path for _, path in sorted(found.values())]


def _unseen(path: str, life: Life, is_known: Callable[[FileId], bool]) -> tuple[FileId, int] | None:
    """The file at `path` and when it was last written, if it is one that began after `life` and is not known.

    Raises:
        OSError: when it cannot be read.
    """
    fd = os.open(path, _READ)
    try:
        stat = os.fstat(fd)
        file = file_id(fd, stat)
        if not modes.S_ISREG(stat.st_mode) or is_known(file):
            return None
        # Made after `life` began; by when it was last written, where its birth is unknown.
        is_later = (file.birth_ns or stat.st_mtime_ns) >= life.began_ns
        if not is_later or _begins(life.fd, fd, stat.st_size):
            return None
        # With a file that was cut meanwhile nothing can be compared.
        return (file, stat.st_mtime_ns) if life.evidence.agrees(reader(life.fd)) else None
    finally:
        os.close(fd)


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


def _open_copy(path: str, life: Life, is_taken: Callable[[FileId], bool]) -> int | None:
    """What lies at `path`, opened, if it holds what was read of `life` and is another file, not yet taken."""
    try:
        fd = os.open(path, _READ)
    except OSError:
        return None
    try:
        stat = os.fstat(fd)
        is_long_enough = modes.S_ISREG(stat.st_mode) and stat.st_size >= life.offset
        file = file_id(fd, stat)
        is_another = not life.file.is_same_file(file) and not is_taken(file)
        if is_long_enough and is_another and life.evidence.agrees(reader(fd)):
            return fd
    except OSError:
        pass
    os.close(fd)
    return None


def _inode_of(path: str) -> int:
    """The inode number of what lies at `path` itself, a link not followed; 0 where nothing does."""
    try:
        stat = os.lstat(path)
    except OSError:
        return 0
    return 0 if modes.S_ISLNK(stat.st_mode) else stat.st_ino


def _changed_ns(directory: str) -> int:
    try:
        return os.stat(directory).st_mtime_ns
    except OSError:
        return 0


def _begins(whole: int, part: int, size: int) -> bool:
    """Whether the file `part` of `size` bytes is how the file `whole` begins, as far as samples can say."""
    ends = max(0, size - _END)
    head = min(size, HEAD)
    return os.pread(whole, head, 0) == os.pread(part, head, 0) and os.pread(whole, _END, ends).startswith(
        os.pread(part, _END, ends)
    )
