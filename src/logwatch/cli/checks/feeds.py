"""Whether the sources that are no files can be read: the journal, the kernel's log, FIFOs."""

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from logwatch.cli.checks.finding import Finding, Mark
from logwatch.tail.journalctl import PROGRAM

_PATIENCE_S = 20.0


def check_journal(subject: str, options: Sequence[str]) -> Iterator[Finding]:
    """Asks journalctl for one entry, with the `options` (directory, filter) of the source."""
    program = shutil.which(PROGRAM)
    if program is None:
        yield Finding(Mark.TROUBLE, subject, f"{PROGRAM} is not installed", "install systemd's tools")
        return
    asked = subprocess.run(  # noqa: S603 - no shell; the options come from the configuration
        [program, "--output=json", "--no-pager", "--lines=1", *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=_PATIENCE_S,
    )
    said = " ".join(asked.stderr.split())
    if asked.returncode or said:
        remedy = "let the daemon's user read it (with systemd: SupplementaryGroups=systemd-journal)"
        yield Finding(Mark.TROUBLE, subject, f"{PROGRAM}: {said or f'status {asked.returncode}'}", remedy)
    elif not asked.stdout.startswith("{"):
        yield Finding(
            Mark.WARNING, subject, "the journal has no such entry", "leave it if there will be some"
        )
    else:
        yield Finding(Mark.OK, subject, "the journal can be read")


def check_kernel_log(subject: str, device: Path) -> Iterator[Finding]:
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        denied = error.errno in {errno.EPERM, errno.EACCES}
        remedy = "give the daemon CAP_SYSLOG (with systemd: ProtectKernelLogs=no)" if denied else ""
        yield Finding(Mark.TROUBLE, subject, f"{device}: {error.strerror}", remedy)
    else:
        yield Finding(Mark.OK, subject, f"{device} can be read")


def check_fifo(subject: str, path: Path) -> Iterator[Finding]:
    """Does not open it: that would take a writer's first words."""
    try:
        is_fifo = stat.S_ISFIFO(path.stat().st_mode)
    except OSError as error:
        yield Finding(Mark.TROUBLE, subject, f"{path}: {error.strerror}", f"make it: mkfifo {path}")
        return
    if not is_fifo:
        yield Finding(
            Mark.TROUBLE, subject, f"{path} is not a FIFO", "name it under `paths` of `type: files`"
        )
    elif not os.access(path, os.R_OK):
        yield Finding(Mark.TROUBLE, subject, f"{path} may not be read", "give the daemon's user access")
    else:
        yield Finding(Mark.OK, subject, f"{path} can be read")


def nothing_to_check(subject: str) -> Iterator[Finding]:
    yield Finding(Mark.OK, subject, "standard input")
