"""Which files a source speaks of: patterns with `*`, `?`, `[…]` and `**` against the directory tree.

Directories are remembered with their modification time and listed again only when it moves, so that
looking at a tree of 100,000 files costs a `stat` per directory, not per file. Where the kernel tells of a directory
not even that, but for a check now and then. A rotation changes the directory, so that it is noticed here even where
the file itself is looked at rarely.
"""

import fnmatch
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from logwatch.breath import with_breaks
from logwatch.tail.ears import Ears

T = TypeVar("T")

# A listing made within the clock's granularity of a change may have missed it; such a one is repeated.
_SETTLED_NS = 50_000_000
_HAS_MAGIC = re.compile(r"[*?\[]")


@dataclass(slots=True)
class Discovery:
    """What was found: files by path, and directories that could not be listed, with the reason."""

    paths: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class News:
    """How the tree differs from the last look at it.

    `appeared` and `vanished` are names that came and went, `changed` names that now stand for another file or
    link. `unreadable` are the directories that cannot be listed, with the reason; what was known to stand in
    them has not vanished.
    """

    appeared: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    vanished: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path pattern taken apart: the fixed directory it starts in, then one matcher per segment.

    A segment of None stands for `**`: any number of directories, hidden ones and links left out.
    """

    root: str
    segments: tuple[re.Pattern[str] | None, ...]

    @classmethod
    def parse(cls, text: str) -> "Pattern":
        parts = os.path.abspath(text).split("/")[1:]
        if parts[-1] == "**":
            parts.append("*")
        fixed = next((i for i, part in enumerate(parts) if _HAS_MAGIC.search(part)), len(parts) - 1)
        return cls("/" + "/".join(parts[:fixed]), tuple(_segment(part) for part in parts[fixed:]))


def _segment(text: str) -> re.Pattern[str] | None:
    if text == "**":
        return None
    hidden = "" if text.startswith(".") else r"(?!\.)"
    return re.compile(hidden + fnmatch.translate(text))


# Where in the patterns a directory stands: number of the pattern, number of the segment that its names fit.
_States = frozenset[tuple[int, int]]


@dataclass(slots=True)
class _Directory:
    """A listing: the inodes of what fits, by path, and the directories below with the states they are in."""

    ino: int
    mtime_ns: int
    listed_ns: int
    files: dict[str, int] = field(default_factory=dict)
    below: list[tuple[str, _States]] = field(default_factory=list)


class Tree:
    """The files that fit a set of patterns and no exclusion, found again and again at little cost.

    `names`: all that fitted at the last look, which may be directories, too. `is_heard`: whether the kernel tells of
    all directories that were met then, by `ears`.
    """

    def __init__(
        self, patterns: Sequence[str], exclude: Sequence[str] = (), ears: Ears | None = None
    ) -> None:
        self._patterns = [Pattern.parse(text) for text in patterns]
        self._exclude = [_exclusion(text) for text in exclude]
        self._known: dict[tuple[str, _States], _Directory] = {}
        self._ears = ears
        # Directories that have changed since they were listed, as was heard.
        self._stirred: set[str] = set()
        self.names: set[str] = set()
        self.is_heard = False

    @property
    def roots(self) -> list[str]:
        """The directories in which the patterns begin."""
        return sorted({pattern.root for pattern in self._patterns})

    def fits(self, path: str) -> bool:
        """Whether `path` would be found, were it a file."""
        return any(_fits(p, path) for p in self._patterns) and not self._is_excluded(path)

    def listen(self) -> bool:
        """Whether something was heard that the next look will see."""
        if self._ears is not None:
            self._stirred |= self._ears.collect()
        return bool(self._stirred)

    def look(self, *, asks_all: bool = True) -> News:
        """Looks at the tree. One directory that cannot be listed hides nothing else.

        Without `asks_all` those are left alone of which the kernel tells, and has told nothing.
        """
        news = News()
        if not (self.listen() or asks_all or not self.is_heard):
            return news
        before, self._known = self._known, {}
        stirred, self._stirred, self.is_heard = self._stirred, set(), self._ears is not None
        todo = self._starts()
        for directory, states in with_breaks(_drained(todo)):
            known = before.get((directory, states))
            is_quiet = not asks_all and known is not None and self._is_heard(directory)
            if is_quiet and directory not in stirred:
                listing = known
            else:
                listing = self._list(directory, states, known, news)
                self.is_heard &= self._is_heard(directory)
            if listing is not None:
                self._known[directory, states] = listing
                todo.extend((_join(directory, name), below) for name, below in listing.below)
        for place in before.keys() | self._known.keys():
            old, new = before.get(place), self._known.get(place)
            if old is not new:
                _compare(old.files if old else {}, new.files if new else {}, news)
        self._forget_all(before.keys() - self._known.keys())
        # In place: to make a set of 100,000 names anew stops every other thread for tens of milliseconds.
        self.names -= news.vanished
        self.names |= news.appeared
        return news

    def _is_heard(self, directory: str) -> bool:
        return self._ears is not None and directory in self._ears

    def _forget_all(self, gone: Iterable[tuple[str, _States]]) -> None:
        """Listens no more to directories that are not there."""
        if self._ears is not None and gone:
            left = {directory for directory, _ in self._known}
            for directory, _ in gone:
                if directory not in left:
                    self._ears.forget(directory)

    def _starts(self) -> list[tuple[str, _States]]:
        starts: dict[str, set[tuple[int, int]]] = {}
        for number, pattern in enumerate(self._patterns):
            starts.setdefault(pattern.root, set()).update(self._closure([(number, 0)]))
        return [(root, frozenset(states)) for root, states in starts.items()]

    def _closure(self, states: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """`**` may stand for no directory at all."""
        for number, at in states:
            yield number, at
            if at < len(self._patterns[number].segments) and self._patterns[number].segments[at] is None:
                yield from self._closure([(number, at + 1)])

    def _list(
        self, directory: str, states: _States, known: _Directory | None, news: News
    ) -> _Directory | None:
        try:
            now = os.stat(directory)
            if (
                known is not None
                and known.ino == now.st_ino
                and known.mtime_ns == now.st_mtime_ns < known.listed_ns - _SETTLED_NS
            ):
                return known
            return self._read(directory, states, now)
        except (FileNotFoundError, NotADirectoryError):
            self._listen_no_more(directory)
            return None
        except OSError as error:
            self._listen_no_more(directory)
            news.unreadable[directory] = error.strerror or str(error)
            return known

    def _listen_no_more(self, directory: str) -> None:
        """What could not be looked at is asked each time, until it can be."""
        if self._ears is not None:
            self._ears.forget(directory)

    def _read(self, directory: str, states: _States, stat: os.stat_result) -> _Directory:
        if self._ears is not None:
            # Before it is listed: what comes after that is heard.
            self._ears.listen(directory, stat.st_dev)
        listing = _Directory(stat.st_ino, stat.st_mtime_ns, time.time_ns())
        with os.scandir(directory) as entries:
            for entry in entries:
                self._sort_in(_join(directory, entry.name), entry, states, listing)
        return listing

    def _sort_in(self, path: str, entry: os.DirEntry[str], states: _States, listing: _Directory) -> None:
        below: set[tuple[int, int]] = set()
        for number, at in states:
            segments = self._patterns[number].segments
            if at >= len(segments):
                continue
            segment = segments[at]
            if segment is None:
                if not entry.name.startswith(".") and not entry.is_symlink():
                    below.update(self._closure([(number, at)]))
            elif segment.match(entry.name):
                if at < len(segments) - 1:
                    below.update(self._closure([(number, at + 1)]))
                elif not self._is_excluded(path):
                    listing.files[path] = entry.inode()
        if below and _is_directory(entry):
            listing.below.append((entry.name, frozenset(below)))

    def _is_excluded(self, path: str) -> bool:
        return any(exclusion.match(path) for exclusion in self._exclude)


def discover(patterns: Sequence[str], exclude: Sequence[str] = ()) -> Discovery:
    """The files that fit `patterns` and no exclusion, once; directories that match are left out."""
    news = Tree(patterns, exclude).look()
    return Discovery(sorted(path for path in news.appeared if os.path.isfile(path)), news.unreadable)


def _drained(stack: list[T]) -> Iterator[T]:
    while stack:
        yield stack.pop()


def _compare(old: Mapping[str, int], new: Mapping[str, int], news: News) -> None:
    news.vanished |= old.keys() - new.keys()
    for path, inode in new.items():
        if path not in old:
            news.appeared.add(path)
        elif old[path] != inode:
            news.changed.add(path)


def _join(directory: str, name: str) -> str:
    return f"{directory.rstrip('/')}/{name}"


def _is_directory(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _fits(pattern: Pattern, path: str) -> bool:
    root = pattern.root.rstrip("/")
    if not path.startswith(root + "/"):
        return False
    return _segments_fit(pattern.segments, path[len(root) + 1 :].split("/"))


def _segments_fit(segments: Sequence[re.Pattern[str] | None], names: Sequence[str]) -> bool:
    if not segments:
        return not names
    if segments[0] is None:
        if _segments_fit(segments[1:], names):
            return True
        return bool(names) and not names[0].startswith(".") and _segments_fit(segments, names[1:])
    return bool(names) and bool(segments[0].match(names[0])) and _segments_fit(segments[1:], names[1:])


def _exclusion(text: str) -> re.Pattern[str]:
    """An exclusion as one expression over the whole path; `**/` stands for any directories, or none."""
    translated = "".join(
        ".*" if part in {"**", "**/"} else _within_segment(part)
        for part in re.split(r"(\*\*/|\*\*)", text if text.startswith(("/", "**")) else f"**/{text}")
    )
    return re.compile(rf"(?s:{translated})\Z")


def _within_segment(text: str) -> str:
    return re.sub(r"\\\*", "[^/]*", re.sub(r"\\\?", "[^/]", re.escape(text)))
