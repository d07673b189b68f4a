"""Writes the locks of the image: deploy/container/{runtime,build}.lock, each requirement with its version and hashes.

Usage: python tools/lock_image.py

The newest versions that fit pyproject.toml and that have a wheel for every machine the image is built for: those
wheels and no others are allowed by their hashes. It fails where one machine has none.
"""

import hashlib
import re
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = ROOT / "deploy" / "container"
# As the base in the Dockerfile has it; a test compares them.
PYTHON = "3.11"
MACHINES = ("x86_64", "aarch64")
# What Debian 12, with glibc 2.36, can load.
LIBCS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28", "manylinux_2_34")
HEADER = "# {what} Written by tools/lock_image.py; do not edit.\n"


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = "What logwatch needs to run, for x86_64 and aarch64."
    write(LOCKS / "runtime.lock", runtime, project["project"]["dependencies"])
    write(LOCKS / "build.lock", "What its wheel is built with.", project["build-system"]["requires"])


def write(path: Path, what: str, requirements: Sequence[str]) -> None:
    hashes: dict[str, set[str]] = defaultdict(set)
    pinned = requirements
    for machine in MACHINES:
        with tempfile.TemporaryDirectory() as folder:
            download(pinned, machine, Path(folder))
            for wheel in Path(folder).iterdir():
                name, version = wheel.name.split("-")[:2]
                requirement = f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"
                hashes[requirement].add(hashlib.sha256(wheel.read_bytes()).hexdigest())
        # The other machines get the same versions.
        pinned = sorted(hashes)
    path.write_text(HEADER.format(what=what) + "".join(lines(hashes.items())), encoding="utf-8")


def download(requirements: Sequence[str], machine: str, folder: Path) -> None:
    platforms = [f"--platform={libc}_{machine}" for libc in LIBCS]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    options = ["--only-binary=:all:", f"--python-version={PYTHON}", f"--dest={folder}"]
    subprocess.run([*pip, *options, *platforms, *requirements], check=True)  # noqa: S603  fixed words


def lines(hashes: Iterable[tuple[str, set[str]]]) -> Iterable[str]:
    for requirement, allowed in sorted(hashes):
        yield " \\\n    ".join([requirement, *(f"--hash=sha256:{one}" for one in sorted(allowed))]) + "\n"


if __name__ == "__main__":
    main()
