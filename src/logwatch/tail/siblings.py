"""Files beside a log that rotation made of it: the renamed file itself, or a copy of what it held."""

import os
import re
from collections.abc import Callable

from logwatch.tail.descriptors import Descriptors
from logwatch.tail.evidence import HEAD, reader
from logwatch.tail.life import Life


def find_renamed(life: Life) -> str | None:
    """The path under which the file of `life` lies now, looked for in the directory where it was."""
    directory = os.path.dirname(life.path)
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.inode() == life.file.ino and entry.is_file(follow_symlinks=False):
                    return entry.path
    except OSError:
        return None
    return None


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


# What rotation appends to a log's name: a number, a date, a word.
_ROTATED = re.compile(r"[.\-_](?:\d[\d.\-_T:Z]*|bak|old|orig|copy|prev(?:ious)?|save)$", re.IGNORECASE)


def is_rotated_name(path: str, log: str) -> bool:
    """Whether `path` is named as rotation names what it makes of `log`: `train.log.1`, `train.log-20260101`.

    Only such files are ever taken for copies: logs of two ranks may be alike to the last byte.
    """
    return path.startswith(log) and _ROTATED.fullmatch(path, len(log)) is not None


def find_copy(life: Life, is_taken: Callable[[str], bool]) -> str | None:
    """A copy of what `life` had read, and more: its unread rest can be read there."""
    if life.evidence.is_empty:
        return None
    directory = os.path.dirname(life.home)
    try:
        with os.scandir(directory) as entries:
            paths = sorted(e.path for e in entries if is_rotated_name(e.path, life.home))
    except OSError:
        return None
    paths = [path for path in paths if path != life.path]
    return next((path for path in paths if not is_taken(path) and _holds_the_rest(path, life)), None)


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
        there = reader(descriptors.open(original))
        here = reader(fd)
        return size > 0 and here(0, min(size, HEAD)) == there(0, min(size, HEAD))
    except OSError:
        return False


def _holds_the_rest(path: str, life: Life) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.fstat(fd).st_size >= life.offset and life.evidence.agrees(reader(fd))
    finally:
        os.close(fd)
