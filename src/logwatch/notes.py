"""What people tell a daemon, whether it runs or not: small JSON files in its state directory.

The command line writes them, the daemon only reads, and notices by the file's times that there is news. So
there is no socket to guard, and who may write the state directory may tell the daemon what to do.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logwatch.errors import StateError

# What people write by hand in a year stays far below.
MAX_BYTES = 8 * 1024 * 1024


def read(path: Path) -> list[Any]:
    """The notes in the file, none where there is no file.

    Raises:
        StateError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            notes = json.loads(file.read(MAX_BYTES))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StateError(f"{path}: cannot be read: {error.strerror}\n    → run this as its owner") from error
    except ValueError as error:
        raise StateError(f"{path}: is not JSON: {error}\n    → mend it, or remove it") from error
    if not isinstance(notes, list):
        raise StateError(f"{path}: is not a list\n    → mend it, or remove it")
    return notes


@contextlib.contextmanager
def changing(path: Path) -> Iterator[list[Any]]:
    """The notes, to be altered in place; they are written when the block ends. Others wait meanwhile.

    Raises:
        StateError: the file cannot be read, or its folder not be written.
    """
    try:
        lock = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(path.parent, error) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        notes = read(path)
        yield notes
        try:
            _replace(path, json.dumps(notes, ensure_ascii=False, indent=1) + "\n")
        except OSError as error:
            raise _unusable(path.parent, error) from error
    finally:
        os.close(lock)


class Slip:
    """One such file, as the daemon looks at it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None

    def news(self) -> list[Any] | None:
        """The notes, if the file is another one than at the last call; None where it is not.

        Raises:
            StateError: there is another one and it cannot be read. It is not looked at again.
        """
        seen: tuple[int, ...] = ()
        with contextlib.suppress(OSError):
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if seen == self._seen:
            return None
        self._seen = seen
        return read(self._path)


def _replace(path: Path, text: str) -> None:
    number, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            # The daemon seldom is the user who writes this.
            os.fchmod(file.fileno(), 0o644)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def _unusable(folder: Path, error: OSError) -> StateError:
    return StateError(
        f"{folder}: cannot be written: {error.strerror}"
        "\n    → run this as the user of the daemon or as root, or name its configuration with -c"
    )
