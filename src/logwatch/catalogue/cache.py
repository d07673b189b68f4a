"""A folder of one's own for what can be made anew. That it cannot be used is never an error."""

import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

# One for each set of folders in use, so to speak; the one that was used longest ago goes.
MOST_KEPT = 8
_SUFFIX = ".kept"
_OURS_ALONE = 0o700
_OTHERS_WRITE = 0o022


def cache_folder(environment: Mapping[str, str]) -> Path | None:
    """`$LOGWATCH_CACHE`, else the service's own (systemd), else below `$XDG_CACHE_HOME` or `~/.cache`."""
    own = environment.get("LOGWATCH_CACHE") or environment.get("CACHE_DIRECTORY", "").split(":")[0]
    if own:
        return Path(own)
    for name, below in (("XDG_CACHE_HOME", "logwatch"), ("HOME", ".cache/logwatch")):
        folder = environment.get(name, "")
        if folder.startswith("/"):
            return Path(folder, below)
    return None


def take(folder: Path, name: str) -> bytes | None:
    """What was put there as `name`; None where there is nothing, or somebody else could have put it there."""
    path = folder / (name + _SUFFIX)
    try:
        if not _is_ours(folder):
            return None
        kept = path.read_bytes()
    except OSError:
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return kept


def put(folder: Path, name: str, make: Callable[[], bytes]) -> None:
    """Keeps what `make` gives, whole or not at all; what was used longest ago gives way.

    Nothing is made where nothing can be kept. An OSError of `make` is no error either.
    """
    with contextlib.suppress(OSError):
        folder.mkdir(mode=_OURS_ALONE, parents=True, exist_ok=True)
        if _is_ours(folder):
            _write(folder / (name + _SUFFIX), make)
            _forget(folder)


def _is_ours(folder: Path) -> bool:
    """What lies there is believed, so nobody else may write there."""
    about = folder.stat()
    return about.st_uid == os.geteuid() and not about.st_mode & _OTHERS_WRITE


def _write(path: Path, make: Callable[[], bytes]) -> None:
    beside = path.with_name(f"{path.stem}.{os.getpid()}{_SUFFIX}")
    try:
        with beside.open("wb") as file:
            file.write(make())
        beside.rename(path)
    finally:
        beside.unlink(missing_ok=True)


def _forget(folder: Path) -> None:
    by_use = sorted(folder.glob("*" + _SUFFIX), key=lambda path: path.stat().st_mtime)
    for path in by_use[:-MOST_KEPT]:
        path.unlink(missing_ok=True)
