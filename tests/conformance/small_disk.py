"""A disk that is soon full, for tests that fill one: a tmpfs of two megabytes, where that may be mounted."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE = "2m"


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """Mounted at `path` while the block runs; skips the test where that is not allowed."""
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "logwatch-test", path],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("no file system may be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)
