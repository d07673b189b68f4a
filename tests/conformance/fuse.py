"""A file system of our own, for what no disk on this machine does: it shows a folder, and misbehaves on demand.

`python fuse.py MOUNTPOINT FOLDER CONTROL` serves FOLDER at MOUNTPOINT until it is told to
stop. Who writes into FOLDER is to the mount what another host is to NFS: no file-system event tells of it. Files
in the folder CONTROL say what is to go wrong:

    zeros     what is added to files from now on reads as NULs: the data has not arrived yet
    stale     every read fails with ESTALE: the server was restarted

It speaks the kernel's protocol (linux/fuse.h, version 7.31) itself: nothing has to be installed, but only root
may mount. Stopped with SIGSTOP, it is a mount that hangs.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

BLOCK = 4096
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
# FOPEN_DIRECT_IO: what is read is what the server says now. FOPEN_NOFLUSH (Linux 5.16): closing does not wait
# for the server. Where it does, the kernel keeps a process that has ended until the server answers, whatever
# the process did.
_OPEN_WITHOUT_CACHE = 1 | 1 << 5
_LIBC = ctypes.CDLL(None, use_errno=True)


class Mount:
    """A folder seen through the mount: write to `behind`, read from `front`."""

    def __init__(self, folder: Path) -> None:
        self.front, self.behind, self._control = (folder / name for name in ("front", "behind", "control"))
        for path in (self.front, self.behind, self._control):
            path.mkdir()
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.serve()
        return self

    def __exit__(self, *_: object) -> None:
        self.take_away()

    def serve(self) -> None:
        """Mounts, and waits until it is there; skips the test where that is not allowed."""
        arguments = [sys.executable, __file__, self.front, self.behind, self._control]
        self._server = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._server.stdout is not None
        if self._server.stdout.readline() != b"mounted\n":
            assert self._server.stderr is not None
            last = self._server.stderr.read().decode().strip().splitlines()[-1:]
            self._server.wait()
            pytest.skip(f"no FUSE mount is possible here: {''.join(last)}")

    def take_away(self) -> None:
        """The mount is gone, as after a lazy unmount."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGCONT)
        _LIBC.umount2(os.fsencode(self.front), _MNT_DETACH)
        self._server.kill()
        self._server.communicate()
        self._server = None

    @contextlib.contextmanager
    def hung(self) -> Iterator[None]:
        """The server stops in its tracks; whoever asks it waits."""
        assert self._server is not None
        self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._server.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def going_wrong(self, how: str) -> Iterator[None]:
        sizes = {str(path.stat().st_ino): path.stat().st_size for path in self.behind.iterdir()}
        (self._control / how).write_text(json.dumps(sizes))
        try:
            yield
        finally:
            (self._control / how).unlink()


class _Server:
    """Answers one request after the other."""

    def __init__(self, device: int, folder: str, control: str) -> None:
        self._device = device
        self._control = control
        # Held open, so that a file stays the one it is when it is renamed or deleted. What concerns no file
        # comes with the number 0.
        root = os.open(folder, os.O_PATH)
        self._nodes: dict[int, str] = dict.fromkeys((0, 1), f"/proc/self/fd/{root}")
        self._numbers: dict[tuple[int, int], int] = {}
        self._answers: dict[int, Callable[[str, bytes], bytes]] = {
            1: self._lookup,
            3: lambda path, _: _attr_out(self._stat(path)),
            14: self._open,
            15: self._read,
            17: lambda _path, _body: struct.pack("<5Q4I6I", 0, 0, 0, 0, 0, BLOCK, 255, BLOCK, 0, *[0] * 6),
            18: self._release,
            25: lambda _path, _body: b"",
            26: self._init,
            27: lambda _path, _body: struct.pack("<QII", 0, 0, 0),
            28: self._readdir,
            29: lambda _path, _body: b"",
            34: lambda _path, _body: b"",
        }

    def run(self) -> None:
        # Forgetting and interrupting are not answered.
        silent = {2, 36, 42}
        while True:
            try:
                request = os.read(self._device, 1 << 18)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                continue
            _, opcode, unique, node = struct.unpack_from("<IIQQ", request)
            if opcode in silent:
                continue
            body, problem = b"", 0
            try:
                answer = self._answers.get(opcode)
                if answer is None:
                    problem = errno.ENOSYS
                else:
                    body = answer(self._nodes[node], request[40:])
            except OSError as error:
                problem = error.errno or errno.EIO
            # The asker may have been killed meanwhile.
            with contextlib.suppress(OSError):
                os.write(self._device, struct.pack("<IiQ", 16 + len(body), -problem, unique) + body)

    def _goes_wrong(self, how: str) -> bool:
        return os.path.exists(os.path.join(self._control, how))

    def _stat(self, path: str) -> os.stat_result:
        return os.stat(path)

    def _init(self, _path: str, _body: bytes) -> bytes:
        return struct.pack("<IIIIHHIIHHI28x", 7, 31, 0, 0, 1, 1, 1 << 17, 1, 0, 0, 0)

    def _lookup(self, folder: str, body: bytes) -> bytes:
        node = os.open(os.path.join(folder, os.fsdecode(body.rstrip(b"\0"))), os.O_PATH | os.O_NOFOLLOW)
        path = f"/proc/self/fd/{node}"
        stat = self._stat(path)
        number = self._numbers.setdefault((stat.st_dev, stat.st_ino), len(self._numbers) + 2)
        if number in self._nodes:
            os.close(node)
        else:
            self._nodes[number] = path
        return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + _attr(stat)

    def _open(self, path: str, _body: bytes) -> bytes:
        return struct.pack("<QII", os.open(path, os.O_RDONLY), _OPEN_WITHOUT_CACHE, 0)

    def _release(self, _path: str, body: bytes) -> bytes:
        os.close(struct.unpack_from("<Q", body)[0])
        return b""

    def _read(self, _path: str, body: bytes) -> bytes:
        handle, offset, size = struct.unpack_from("<QQI", body)
        if self._goes_wrong("stale"):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        data = os.pread(handle, size, offset)
        if self._goes_wrong("zeros"):
            # Of what was not there before, no client has seen anything yet.
            with open(os.path.join(self._control, "zeros"), encoding="ascii") as sizes:
                there = json.load(sizes).get(str(os.fstat(handle).st_ino), 0)
            arrived = max(0, there - offset)
            data = data[:arrived] + b"\0" * len(data[arrived:])
        return data

    def _readdir(self, path: str, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("<QQI", body)
        listing = b""
        for at, name in enumerate(sorted(os.listdir(path))[offset:], offset + 1):
            encoded = os.fsencode(name)
            number = self._stat(os.path.join(path, name)).st_ino
            entry = struct.pack("<QQII", number, at, len(encoded), 0) + encoded
            entry += b"\0" * (-len(entry) % 8)
            if len(listing) + len(entry) > size:
                break
            listing += entry
        return listing


def _attr(stat: os.stat_result) -> bytes:
    times = (stat.st_atime_ns, stat.st_mtime_ns, stat.st_ctime_ns)
    seconds, nanoseconds = zip(*(divmod(time, 10**9) for time in times), strict=True)
    owner = (stat.st_mode, stat.st_nlink, stat.st_uid, stat.st_gid)
    return struct.pack(
        "<6Q10I", stat.st_ino, stat.st_size, stat.st_blocks, *seconds, *nanoseconds, *owner, 0, BLOCK, 0
    )


def _attr_out(stat: os.stat_result) -> bytes:
    return struct.pack("<QII", 0, 0, 0) + _attr(stat)


def _serve(front: str, behind: str, control: str) -> None:
    # A test that is killed leaves no server behind.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id={os.getuid()},group_id={os.getgid()},allow_other"
    if _LIBC.mount(b"logwatch-test", os.fsencode(front), b"fuse", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # The kernel asks for nothing before it is told the version, which is the first request that is answered.
    print("mounted", flush=True)
    _Server(device, behind, control).run()


if __name__ == "__main__":
    _serve(*sys.argv[1:])
