"""Notices that the configuration or the catalogue has changed, where nobody sends a signal.

In Kubernetes the kubelet swaps a symlink (`..data`) when a ConfigMap or a Secret changes; elsewhere an editor
writes a file. So it is the content that is compared, of all that was read.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from logwatch import config
from logwatch.catalogue.folders import json_files

# The kubelet itself takes up to a minute to bring a change to the node.
LOOK_EVERY_S = 10.0


async def watch(path: Path, env: Mapping[str, str], changed: Callable[[], Awaitable[None]]) -> None:
    """Calls `changed` when something else stands in the configuration at `path`, or in what it names.

    A change counts when it is seen twice: by then whoever writes has finished.
    """
    material = Material(path, env)
    in_force = before = await asyncio.to_thread(material.digest)
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        now = await asyncio.to_thread(material.digest)
        if now == before != in_force:
            in_force = now
            await changed()
        before = now


class Material:
    """All that a configuration is made of: its file, the files of its secrets, folders of entries."""

    def __init__(self, path: Path, env: Mapping[str, str]) -> None:
        self._path = path
        self._env = env
        self._files: Sequence[Path] = (path,)
        self._folders: Sequence[Path] = ()
        self._last = ""

    def digest(self) -> str:
        """The same as long as the content is."""
        if self._summed() != self._last:
            # A change may bring other files.
            self._gather()
            self._last = self._summed()
        return self._last

    def _gather(self) -> None:
        read: list[Path] = []

        def noting(file: Path) -> str:
            read.append(file)
            return config.read_text(file)

        examined = config.examine(self._path, self._env, noting)
        self._files = sorted({self._path, *read})
        self._folders = examined.config.catalogue.paths if examined.config else ()

    def _summed(self) -> str:
        records = [Path(record) for folder in self._folders for record in sorted(json_files(str(folder)))]
        total = hashlib.sha256()
        for file in (*self._files, *records):
            total.update(f"{file}\0".encode("utf-8", "surrogateescape"))
            total.update(_content(file))
        return total.hexdigest()


def _content(file: Path) -> bytes:
    """A digest of the content of `file`, which may be gone by now."""
    try:
        return hashlib.sha256(file.read_bytes()).digest()
    except OSError as error:
        return f"cannot be read: {error.errno}".encode()
