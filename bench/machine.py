"""Where it was measured, with what."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def machine() -> str:
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    name = cpu[1] if cpu else platform.processor() or platform.machine()
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{os.cpu_count()} × {name}, {pages / 1e9:.0f} GB, {platform.system()} {platform.release()}"


def versions() -> str:
    known = [f"Python {platform.python_version()}"]
    for package in ("logwatch", "hyperscan", "regex", "pydantic", "watchdog"):
        try:
            known.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            known.append(f"no {package}")
    return ", ".join(known)


def load() -> str:
    """How much else the machine was doing: the load of the last minute."""
    return f"{os.getloadavg()[0]:.1f}"
