"""Where records lie."""

import os
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
# In the wheel the records lie inside the package, in a checkout beside src/.
_SHIPPED = (PACKAGE / "seeds", PACKAGE.parent.parent / "seeds")


def shipped_folder() -> Path:
    """The folder of the records that come with logwatch."""
    return next(folder for folder in _SHIPPED if folder.is_dir())


def record_files(folder: Path) -> list[Path]:
    """Every `*.json` below `folder`, in order; what begins with `_` or `.` is no record."""
    return [Path(path) for path in sorted(json_files(str(folder))) if not _is_hidden(path.rpartition("/")[2])]


def json_files(folder: str) -> Iterator[str]:
    """The records below `folder` and what stands beside them (`_edges.json`)."""
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        yield from (f"{parent}/{name}" for name in files if name.endswith(".json"))


def _is_hidden(name: str) -> bool:
    return name.startswith(("_", "."))
