"""The programs that logwatch is measured beside: found, or fetched from Debian into a folder of their own."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "build" / "peers"
# A mirror that does not answer must not hold up the rest.
_PATIENCE_S = 120


@dataclass(frozen=True, slots=True)
class Peer:
    """A program and what it says its version is."""

    program: str
    version: str


def find(name: str, package: str) -> Peer | None:
    """`name` of Debian's `package`; None where it is not installed and cannot be had."""
    found = shutil.which(name) or _fetched(name) or _fetch(name, package)
    return Peer(found, _version(found)) if found else None


def _fetched(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join(str(FOLDER / place) for place in ("usr/bin", "bin")))


def _fetch(name: str, package: str) -> str | None:
    """Unpacked beside the checkout: what is installed on the machine stays as it is."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not _download(package) and os.geteuid() == 0:
        # A fresh container has no lists of packages yet.
        _run(["apt-get", "update"])
        _download(package)
    for archive in FOLDER.glob(f"{package}_*.deb"):
        _run(["dpkg", "-x", archive.name, "."])
    return _fetched(name)


def _download(package: str) -> bool:
    return _run(["apt-get", "download", package])


def _run(arguments: Sequence[str]) -> bool:
    try:
        done = subprocess.run(arguments, cwd=FOLDER, capture_output=True, timeout=_PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"\d+\.\d[\w.~-]*", said.stdout + said.stderr)
    return found[0] if found else "of unknown version"
