"""The program `journalctl` at work: its lines as they come, without ever waiting for one."""

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence

PROGRAM = "journalctl"
# What a pipe of Linux holds.
_AT_ONCE = 64 * 1024
# It ends by itself as soon as it is told to, or nobody reads; only one that hangs in a dead mount does not.
_PATIENCE_S = 1.0
_MAX_COMPLAINT = 1024


class Journalctl:
    """One run. A line longer than `max_line` is not kept; its bytes are counted in `dropped`.

    Raises (from the constructor):
        OSError: when it cannot be started.
    """

    def __init__(self, arguments: Sequence[str], max_line: int) -> None:
        # A session of its own: Ctrl-C on a terminal is for the daemon, which then ends this in order.
        self._process = subprocess.Popen(  # noqa: S603 - no shell; the arguments come from the configuration
            [PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
        assert self._process.stdout is not None  # noqa: S101
        assert self._process.stderr is not None  # noqa: S101
        self.descriptor = self._process.stdout.fileno()
        self._errors = self._process.stderr.fileno()
        os.set_blocking(self.descriptor, False)
        os.set_blocking(self._errors, False)
        self.dropped = 0
        self.has_more = False
        self.has_ended = False
        self._max_line = max_line
        self._begun = b""
        self._is_dropping = False
        self._complaint = b""

    def complaint(self) -> str:
        """What it has said so far of its own troubles."""
        with contextlib.suppress(BlockingIOError):
            while said := os.read(self._errors, _AT_ONCE):
                self._complaint = (self._complaint + said)[:_MAX_COMPLAINT]
        return " ".join(self._complaint.decode("utf-8", "replace").split())

    def lines(self, most: int) -> Iterator[bytes]:
        """The complete lines of about the next `most` bytes, as far as they are there."""
        self.has_more = False
        read = 0
        while read < most:
            try:
                data = os.read(self.descriptor, _AT_ONCE)
            except BlockingIOError:
                return
            if not data:
                self.has_ended = True
                return
            read += len(data)
            yield from self._complete(data)
        self.has_more = True

    def end(self) -> tuple[int, str]:
        """Ends it, if it has not ended; its exit status, and what it complained about."""
        if not self.has_ended:
            self._process.terminate()
        try:
            status = self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        complaint = self.complaint()
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()
        return status, complaint

    def _complete(self, data: bytes) -> Iterator[bytes]:
        *complete, rest = (self._begun + data).split(b"\n")
        for line in complete:
            if self._is_dropping:
                self.dropped += len(line) + 1
                self._is_dropping = False
            else:
                yield line
        if len(rest) > self._max_line or self._is_dropping:
            self.dropped += len(rest)
            self._is_dropping, rest = True, b""
        self._begun = rest
