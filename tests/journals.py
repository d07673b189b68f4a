"""Journals to read: one that a small stand-in for `journalctl` shows, and one made by systemd's own tools.

Both are written entry by entry, and can lose what is old. The stand-in knows the options that are used, and
behaves as systemd 252 does where that is surprising: with `--follow` it shows the present boot alone, and from
a cursor that it does not have it goes to the next entry without a word.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REMOTE = Path("/lib/systemd/systemd-journal-remote")
T0 = 1_790_000_000_000_000

_STAND_IN = """\
#!{python}
import json, os, sys, time

options, matches = {{}}, {{}}
for word in sys.argv[1:]:
    name, _, value = word.partition("=")
    (options if name.startswith("--") else matches)[name] = value
if "--after-cursor" in options:
    options["--cursor"] = options["--after-cursor"]
path = os.environ["FAKE_JOURNAL"]
with open(path + ".calls", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if os.path.exists(path + ".broken"):
    sys.exit(open(path + ".broken").read())


def number(entry):
    return int(entry["__REALTIME_TIMESTAMP"])


def wanted(entry, present):
    if "--unit" in options and entry.get("_SYSTEMD_UNIT") != options["--unit"]:
        return False
    if ("--follow" in options or "--boot" in options) and entry["_BOOT_ID"] != present:
        return False
    if "--since" in options and number(entry) < int(options["--since"].lstrip("@")) * 1_000_000:
        return False
    return all(entry.get(name) == value for name, value in matches.items())


cursor = options.get("--cursor", "")
if cursor and ";t=" not in cursor:
    sys.exit("Failed to seek to cursor: Invalid argument")
after = int(cursor.split(";t=")[1].split(";")[0], 16) if cursor else 0
shown = 0
boot = None
while True:
    entries = [json.loads(line) for line in open(path).read().split("\\n")[:-1]]
    present = entries[-1]["_BOOT_ID"] if entries else None
    for entry in entries:
        is_first = number(entry) == after and "--after-cursor" not in options
        if number(entry) < after or (number(entry) == after and not is_first) or number(entry) <= shown:
            continue
        shown = number(entry)
        if wanted(entry, present):
            if boot not in (None, entry["_BOOT_ID"]):
                print("-- Boot %s --" % entry["_BOOT_ID"])
            boot = entry["_BOOT_ID"]
            print(json.dumps(entry), flush=True)
    sys.stdout.flush()
    if "--follow" not in options:
        sys.exit(0)
    time.sleep(0.01)
"""


class FakeJournal:
    """A journal for the stand-in."""

    directory = ""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._entries = folder / "entries"
        self._entries.write_text("")
        program = folder / "bin" / "journalctl"
        program.parent.mkdir()
        program.write_text(_STAND_IN.format(python=sys.executable))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        monkeypatch.setenv("FAKE_JOURNAL", str(self._entries))
        self._boot = 1
        self._number = 0

    def write(self, message: Any, **fields: Any) -> None:
        """An entry of the kernel, or of whom `fields` name."""
        self._number += 1
        at = T0 + self._number * 1000
        boot = f"{self._boot:032x}"
        entry = {
            "__CURSOR": f"s=feed;i={self._number:x};b={boot};m={self._number * 1000:x};t={at:x};x=0",
            "__REALTIME_TIMESTAMP": str(at),
            "__MONOTONIC_TIMESTAMP": str(self._number * 1000),
            "_BOOT_ID": boot,
            "_HOSTNAME": "node7",
            "MESSAGE": message,
            **(fields or {"_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel"}),
        }
        with self._entries.open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def reboot(self) -> None:
        self._boot += 1

    def forget(self, count: int) -> None:
        """The oldest `count` entries are rotated away."""
        kept = self._entries.read_text().splitlines(keepends=True)[count:]
        fresh = self._entries.with_suffix(".new")
        fresh.write_text("".join(kept))
        fresh.replace(self._entries)

    def break_down(self, why: str) -> None:
        """From now on the program fails."""
        self._entries.with_suffix(".broken").write_text(why)

    def mend(self) -> None:
        self._entries.with_suffix(".broken").unlink()

    def calls(self) -> list[list[str]]:
        """The arguments of every run."""
        return [json.loads(line) for line in self._entries.with_suffix(".calls").read_text().splitlines()]


class RealJournal:
    """A journal as systemd writes it, for the real journalctl."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "journal"
        self._folder.mkdir()
        self.directory = str(self._folder)
        self._entries: list[str] = []
        self._boot = 1
        self._number = 0

    def write(self, message: str, **fields: str) -> None:
        self._number += 1
        said = {
            "__REALTIME_TIMESTAMP": str(T0 + self._number * 1000),
            "__MONOTONIC_TIMESTAMP": str(self._number * 1000),
            "_BOOT_ID": f"{self._boot:032x}",
            "_HOSTNAME": "node7",
            "MESSAGE": message,
            **(fields or {"_TRANSPORT": "kernel", "SYSLOG_IDENTIFIER": "kernel"}),
        }
        self._entries.append("".join(f"{name}={value}\n" for name, value in said.items()) + "\n")
        self._append(self._entries[-1:])

    def reboot(self) -> None:
        self._boot += 1

    def forget(self, count: int) -> None:
        for file in self._folder.iterdir():
            file.unlink()
        self._append(self._entries[count:])

    def _append(self, entries: list[str]) -> None:
        subprocess.run(
            [REMOTE, "-o", str(self._folder / "a.journal"), "-"],
            input="".join(entries),
            text=True,
            check=True,
            capture_output=True,
        )
