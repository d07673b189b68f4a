"""Hints from the file system: something was created, moved, deleted or written. The only import of watchdog.

A ring may be missing (network file systems, overflow, limits) and may come too often; it only brings a look
forward that the sweep would have taken anyway.
"""

import ctypes
import errno
import os
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

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
from watchdog.observers.api import BaseObserver, ObservedWatch

# When folders are renamed in quick succession watchdog finds a watch that it had forgotten to forget, and says
# so at length. Nothing follows from it.
warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
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
# inotify(7), for a look at its limits that watchdog does not take. None where there is no inotify.
_IN_DELETE_SELF = 0x400
_LIBC = ctypes.CDLL(None, use_errno=True) if hasattr(ctypes.CDLL(None), "inotify_init1") else None
# Each ring costs about 20 µs. Files that are written so often between two calls of `listen` (every few
# seconds) are looked at anyway: their writing is not listened to until it has been calm for so many calls.
LOUD = 1000
CALM = 6


@dataclass(slots=True)
class Heard:
    """Paths about which something was heard, and how often a file came to be at one."""

    paths: set[str] = field(default_factory=set)
    appeared: Counter[str] = field(default_factory=Counter)


class Doorbell:
    """Listens below some directories; calls `ring`, from another thread, when there is news to collect."""

    def __init__(self, ring: Callable[[], None], roots: Iterable[str]) -> None:
        self._handler = _Collector(ring)
        self._roots = _outermost(roots)
        self._observer: BaseObserver | None = None
        # Which directory a root was when listening to it began, and the watch that does it.
        self._heard: dict[str, tuple[tuple[int, int], ObservedWatch]] = {}
        self._loud_calls = 0
        self.problems: dict[str, str] = {}

    def listen(self, reads: int = 0) -> None:
        """Begins to listen where that is not done yet; to be called again from time to time.

        `reads`: how often files were found to have grown since the last call. A directory may be made later, or anew.
        One that cannot be listened to is named in `problems`; it is swept. May take long where the tree is large.
        """
        try:
            observer = self._observer = self._observer or _begin_to_observe()
        except OSError as error:
            # max_user_instances is reached.
            self.problems = dict.fromkeys(self._roots, error.strerror or str(error))
            return
        self._mind_the_noise(reads)
        for root in self._roots:
            try:
                self._listen_to(root, observer)
                self.problems.pop(root, None)
            except OSError as error:
                self.problems[root] = error.strerror or str(error)
        # Of folders below a root for which there was no watch left watchdog says nothing.
        if self._heard and (why := _why_no_more_watches()):
            self.problems.update(dict.fromkeys(self._heard, f"{why}; some of the folders below may be heard"))

    @property
    def is_loud(self) -> bool:
        """Whether so much is written that only what appears, moves and goes is listened to."""
        return self._loud_calls > 0

    def _mind_the_noise(self, reads: int) -> None:
        was_loud = self.is_loud
        # What is read was written: to listen only to find out that it is loud still would cost more than all else.
        writes = max(self._handler.count_writes(), reads)
        self._loud_calls = CALM if writes > LOUD else max(0, self._loud_calls - 1)
        if self.is_loud != was_loud and self._observer is not None:
            for _, watch in self._heard.values():
                self._observer.unschedule(watch)
            self._heard.clear()

    @property
    def is_listening(self) -> bool:
        return self._observer is not None and not self.problems

    def collect(self) -> Heard:
        """What was heard since the last call."""
        return self._handler.collect()

    def close(self) -> None:
        if self._observer is not None:
            self._observer.stop()
            # The thread may be stuck on a dead mount; it is a daemon thread and ends with the process.
            self._observer.join(timeout=1.0)

    def _listen_to(self, root: str, observer: BaseObserver) -> None:
        earlier, watch = self._heard.get(root, (None, None))
        try:
            stat = os.stat(root)
            here = (stat.st_dev, stat.st_ino)
        except FileNotFoundError:
            here = None
        if watch is not None and here == earlier and _is_alive(watch, observer):
            return
        if watch is not None:
            del self._heard[root]
            observer.unschedule(watch)
        if here is None:
            raise FileNotFoundError(errno.ENOENT, "is not there yet")
        wanted = [kind for kind in _WORTH_HEARING if not (self.is_loud and kind is FileModifiedEvent)]
        watch = observer.schedule(self._handler, root, recursive=True, event_filter=wanted)
        self._heard[root] = here, watch
        # What happened before the watch stood is found by a look.
        self._handler.hear(root)


class _Collector(FileSystemEventHandler):
    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._heard = Heard()
        self._writes = 0
        self._lock = threading.Lock()

    def on_any_event(self, event: FileSystemEvent) -> None:
        source, destination = _text(event.src_path), _text(event.dest_path)
        if isinstance(event, FileModifiedEvent):
            self._writes += 1
        if isinstance(event, FileCreatedEvent):
            self.hear(source, appeared=source)
        elif isinstance(event, FileMovedEvent):
            self.hear(source, destination, moved_from=source, moved_to=destination)
        else:
            self.hear(source, destination)

    def hear(self, *paths: str, appeared: str = "", moved_from: str = "", moved_to: str = "") -> None:
        with self._lock:
            was_empty = not self._heard.paths
            if len(self._heard.paths) < MAX_WAITING:
                self._heard.paths.update(path for path in paths if path)
                if appeared:
                    self._heard.appeared[appeared] += 1
                # A file that appeared and was moved on is to be looked for where it is now.
                if self._heard.appeared[moved_from] > 0:
                    self._heard.appeared[moved_from] -= 1
                    self._heard.appeared[moved_to] += 1
        if was_empty:
            self._ring()

    def count_writes(self) -> int:
        """How often files were written since the last call. A few may be missed: nothing depends on them."""
        writes, self._writes = self._writes, 0
        return writes

    def collect(self) -> Heard:
        with self._lock:
            heard, self._heard = self._heard, Heard()
        return heard


def _begin_to_observe() -> BaseObserver:
    observer = Observer()
    observer.start()
    return observer


def _why_no_more_watches() -> str:
    """Why no further directory could be watched (max_user_watches is reached); empty if one could, or who knows."""
    if _LIBC is None:
        return ""
    fd = _LIBC.inotify_init1(os.O_CLOEXEC)
    if fd < 0:
        return ""
    try:
        is_full = (
            _LIBC.inotify_add_watch(fd, b"/", _IN_DELETE_SELF) < 0 and ctypes.get_errno() == errno.ENOSPC
        )
    finally:
        os.close(fd)
    return "inotify watch limit reached" if is_full else ""


def _is_alive(watch: ObservedWatch, observer: BaseObserver) -> bool:
    """Whether the thread that listens is there still: what it does not expect ends it."""
    return any(emitter.watch == watch and emitter.is_alive() for emitter in observer.emitters)


def _text(path: bytes | str) -> str:
    return path if isinstance(path, str) else path.decode("utf-8", "surrogateescape")


def _outermost(roots: Iterable[str]) -> list[str]:
    """Listening is recursive: a directory below another one needs no listening of its own."""
    chosen: list[str] = []
    for root in sorted(set(roots)):
        if not any(root == other or root.startswith(other.rstrip("/") + "/") for other in chosen):
            chosen.append(root)
    return chosen
