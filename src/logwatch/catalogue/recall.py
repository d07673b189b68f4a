"""The catalogue of some folders, from what was kept of it where that is possible.

What is kept belongs to exactly these files, told by what `stat` says of each as Git does, and to this
program. A wheel brings what was made of the shipped folder, told by the contents of the files.
"""

import os
import zlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from logwatch import __version__
from logwatch.catalogue.cache import put, take
from logwatch.catalogue.folders import PACKAGE, json_files, shipped_folder
from logwatch.catalogue.kept import Known, freeze, restamped, thaw

# Beside the records in a wheel; a checkout has none.
BROUGHT = PACKAGE / "seeds.kept"
# By the clocks of some file systems a file may change again so shortly after a change and keep its times.
_SETTLED_S = 2.0
# What is made of records depends on these, too.
_MAKERS = (PACKAGE / "scan", PACKAGE / "catalogue")


def recall(
    folders: Sequence[Path], *, cache: Path | None, now: float, proven: Collection[Path] = ()
) -> Known:
    """The catalogue of `folders` with the index of its rules, the engine's tables included.

    `cache` is a folder for what is to be kept (see `cache_folder`), or None; `proven` is as for `load`; `now`
    is the present, in seconds since the epoch.

    Raises:
        CatalogueError: with every mistake in every folder.
    """
    base = _base(folders)
    state = _state_of(folders)
    if cache is None or state is None:
        return _anew(folders, proven)[0]
    name = f"{zlib.crc32(repr((os.uname().machine, *map(str, folders))).encode()):08x}"
    kept = take(cache, name)
    known = None if kept is None else thaw(kept, state.stamp, base)
    if known is None:
        known, frozen = _anew(folders, proven)
        if state.changed_at < now - _SETTLED_S and state == _state_of(folders):
            put(cache, name, partial(frozen, state.stamp))
    return known


def bring() -> None:
    """Puts at `BROUGHT` what a wheel should bring of the shipped records.

    Raises:
        CatalogueError: with every mistake in them.
    """
    folder = shipped_folder()
    BROUGHT.write_bytes(freeze(_made([folder], ()), _contents_of(folder), _base([folder])))


def _anew(folders: Sequence[Path], proven: Collection[Path]) -> tuple[Known, Callable[[bytes], bytes]]:
    """The catalogue, and what gives its frozen form with a stamp."""
    if _is_shipped(folders) and BROUGHT.is_file():
        brought = BROUGHT.read_bytes()
        known = thaw(brought, _contents_of(folders[0]), _base(folders))
        if known is not None:
            return known, partial(restamped, brought)
    known = _made(folders, proven)
    return known, lambda stamp: freeze(known, stamp, _base(folders))


def _made(folders: Sequence[Path], proven: Collection[Path]) -> Known:
    from logwatch.catalogue.load import load  # noqa: PLC0415 - it brings pydantic
    from logwatch.catalogue.rules import rules_of  # noqa: PLC0415
    from logwatch.scan.scanner import Scanner  # noqa: PLC0415

    catalogue = load(folders, proven=proven)
    return Known(catalogue, Scanner(rules_of(catalogue.entries.values())).index)


def _base(folders: Sequence[Path]) -> str:
    """What the paths of the shipped records begin with: a wheel cannot know where it will lie."""
    return f"{folders[0]}/" if _is_shipped(folders) else ""


def _is_shipped(folders: Sequence[Path]) -> bool:
    return [*folders] == [shipped_folder()]


@dataclass(frozen=True, slots=True)
class _State:
    """Of all files that a catalogue is made of: what tells this state from others, and its age."""

    stamp: bytes
    changed_at: float


def _state_of(folders: Sequence[Path]) -> _State | None:
    """None while something there cannot be looked at."""
    said, changed_at = [__version__], 0.0
    try:
        for path in _all_files(folders):
            about = os.stat(path)  # noqa: PTH116 - to make a Path takes longer than to look
            said.append(f"{path} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns} {about.st_ino}")
            changed_at = max(changed_at, about.st_mtime, about.st_ctime)
    except OSError:
        return None
    return _State("\n".join(said).encode("utf-8", "surrogateescape"), changed_at)


def _contents_of(folder: Path) -> bytes:
    """Tells what a catalogue is made of from anything else, wherever it lies."""
    from hashlib import sha256  # noqa: PLC0415 - a start from the cache does without

    total = sha256(__version__.encode())
    for path in map(Path, _all_files([folder])):
        total.update(sha256(path.name.encode()).digest())
        total.update(sha256(path.read_bytes()).digest())
    return total.digest()


def _all_files(folders: Sequence[Path]) -> list[str]:
    records = [path for folder in folders for path in sorted(json_files(str(folder)))]
    return records + sorted(str(path) for maker in _MAKERS for path in maker.glob("*.py"))


if __name__ == "__main__":
    bring()
