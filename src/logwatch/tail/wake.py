"""Hints from the file system: something was created, moved, deleted or written. The only import of watchdog.

A ring may be missing (network file systems, overflow, limits) and may come too often; it only brings a look
forward that the sweep would have taken anyway.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

# Rings that wait to be collected; beyond, the sweep finds what they were about.
MAX_WAITING = 10_000
_WORTH_HEARING: list[type[FileSystemEvent]] = [
    DirCreatedEvent,
    DirMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class Doorbell:
    """Listens below some directories; calls `ring`, from another thread, when there is news to collect."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._handler = _Collector(ring)
        self._observer: BaseObserver | None = None
        self.problems: dict[str, str] = {}

    def listen(self, roots: Iterable[str]) -> None:
        """Begins to listen. A directory that cannot be listened to is named in `problems`; it is swept."""
        observer = Observer()
        for root in _outermost(roots):
            if not Path(root).is_dir():
                self.problems[root] = "is not there yet"
                continue
            try:
                observer.schedule(self._handler, root, recursive=True, event_filter=_WORTH_HEARING)
            except OSError as error:
                self.problems[root] = error.strerror or str(error)
        try:
            observer.start()
        except OSError as error:
            # inotify limits: max_user_watches (ENOSPC) or max_user_instances (EMFILE).
            self.problems["*"] = error.strerror or str(error)
            return
        self._observer = observer

    @property
    def is_listening(self) -> bool:
        return self._observer is not None and not self.problems

    def collect(self) -> set[str]:
        """The paths about which something was heard since the last call."""
        return self._handler.collect()

    def close(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            # The thread may be stuck on a dead mount; it is a daemon thread and ends with the process.
            self._observer.join(timeout=1.0)


class _Collector(FileSystemEventHandler):
    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._paths: set[str] = set()
        self._lock = threading.Lock()

    def on_any_event(self, event: FileSystemEvent) -> None:
        paths = {_text(event.src_path), _text(event.dest_path)} - {""}
        with self._lock:
            was_empty = not self._paths
            if len(self._paths) < MAX_WAITING:
                self._paths |= paths
        if was_empty:
            self._ring()

    def collect(self) -> set[str]:
        with self._lock:
            paths, self._paths = self._paths, set()
        return paths


def _text(path: bytes | str) -> str:
    return path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")


def _outermost(roots: Iterable[str]) -> list[str]:
    """Listening is recursive: a directory below another one needs no listening of its own."""
    chosen: list[str] = []
    for root in sorted(set(roots)):
        if not any(root == other or root.startswith(other.rstrip("/") + "/") for other in chosen):
            chosen.append(root)
    return chosen
