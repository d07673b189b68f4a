"""Whether the state and the events can be written, and on what kind of disk."""

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from logwatch.cli.checks.finding import Finding, Mark
from logwatch.tail.discover import Tree

MIB = 1 << 20
# The state of a thousand files takes a few megabytes; the outbox of a day without network, tens.
SCARCE = 100 * MIB
# File systems without the locks and the fsync that SQLite relies on, as /proc/self/mountinfo calls them.
REMOTE = frozenset(
    {
        "9p", "afs", "beegfs", "beegfs_nodev", "ceph", "cifs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs",
        "nfs4", "orangefs", "panfs", "pvfs2", "smb3", "smbfs", "virtiofs", "wekafs",
    }
)  # fmt: skip
_REMEDIES = {
    errno.EROFS: "name a folder on a file system that is mounted for writing",
    errno.ENOSPC: "free space there",
}
_OCTAL = re.compile(r"\\([0-7]{3})")


def check_state(state_dir: Path, mountinfo: str) -> Iterator[Finding]:
    """`mountinfo` is the text of /proc/self/mountinfo."""
    trouble, remedy = why_not_writable(state_dir)
    if trouble:
        yield Finding(Mark.TROUBLE, "state", trouble, remedy)
        return
    there = _nearest(state_dir)
    made = "" if there == state_dir else "; it will be made"
    yield Finding(Mark.OK, "state", f"{state_dir} can be written{made}")
    kind = file_system(there.resolve(), mountinfo)
    if kind in REMOTE or kind.startswith("fuse."):
        yield Finding(
            Mark.WARNING,
            "state",
            f"{state_dir} is on {kind}: positions can be lost and locks can fail there",
            "name a folder on a local disk under `state_dir`",
        )
    free = shutil.disk_usage(there).free
    if free < SCARCE:
        yield Finding(
            Mark.WARNING, "state", f"{there} has {free // MIB} MiB left", f"free {SCARCE // MIB} MiB or more"
        )


def check_events(
    path: Path | None, to_stdout: bool, sources: Sequence[tuple[str, Sequence[str], Sequence[str]]]
) -> Iterator[Finding]:
    """`sources` are names, patterns and exclusions: none of them may read what is written here."""
    if path is None:
        yield Finding(Mark.OK, "events", "not written anywhere")
        return
    if to_stdout:
        yield Finding(Mark.OK, "events", "written to standard output")
        return
    trouble, remedy = _why_not_appendable(path)
    yield Finding(Mark.TROUBLE if trouble else Mark.OK, "events", trouble or f"{path} can be written", remedy)
    for name, patterns, exclude in sources:
        if Tree(patterns, exclude).fits(str(path)):
            yield Finding(
                Mark.TROUBLE,
                "events",
                f"source {name} reads {path}: every event would be found again in its own record",
                f"add it to the source's `exclude`, or set events.path outside {', '.join(patterns)}",
            )


def why_not_writable(folder: Path) -> tuple[str, str]:
    """What keeps files from being made in `folder`, or it from being made, and the remedy; empty: nothing."""
    there = _nearest(folder)
    if not there.is_dir():
        return f"{there} is not a folder", f"name another folder than {folder}"
    try:
        # Only trying tells: root passes by all modes, and nobody passes a read-only mount.
        with tempfile.TemporaryFile(dir=there):
            return "", ""
    except OSError as error:
        what = "cannot be written" if there == folder else f"cannot be made in {there}"
        remedy = _REMEDIES.get(error.errno or 0, f"make it writable: install -d -o {os.geteuid()} {folder}")
        return f"{folder} {what}: {error.strerror or error}", remedy


def file_system(path: Path, mountinfo: str) -> str:
    """The type of the file system that holds `path` (proc_pid_mountinfo(5)); empty if unknown."""
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:
            continue
        mount = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields[4])
        # A later mount on the same place covers the earlier one.
        if len(mount) >= len(best) and path.is_relative_to(mount):
            best, kind = mount, after.split(" ")[0]
    return kind


def _why_not_appendable(path: Path) -> tuple[str, str]:
    try:
        mode = path.stat().st_mode
    except OSError:
        return why_not_writable(path.parent)
    if stat.S_ISDIR(mode):
        return f"{path} is a folder", "name a file in it under events.path"
    if not stat.S_ISREG(mode):
        return "", ""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC))
    except OSError as error:
        return f"{path} cannot be written: {error.strerror or error}", "give this user the right to write it"
    return "", ""


def _nearest(path: Path) -> Path:
    """`path`, or the nearest folder above it that is there."""
    return next((near for near in (path, *path.parents) if os.path.lexists(near)), Path("/"))
