"""Which files a source speaks of: patterns with `*`, `?`, `[…]` and `**` against the directory tree.

Directories are remembered with their modification time and listed again only when it moves, so that
looking at a tree of 100,000 files costs a `stat` per directory, not per file.
"""

import fnmatch
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

# A listing made within the clock's granularity of a change may have missed it; such a one is repeated.
_SETTLED_NS = 50_000_000
_HAS_MAGIC = re.compile(r"[*?\[]")


@dataclass(slots=True)
class Discovery:
    """What was found: files by path, and directories that could not be listed, with the reason."""

    paths: list[str] = field(default_factory=list)
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


@dataclass(slots=True)
class _Directory:
    """A listing: the files that fit, and the directories below with the states they are listed in."""

    mtime_ns: int
    listed_ns: int
    files: list[str]
    below: list[tuple[str, frozenset[tuple[int, int]]]]


class Tree:
    """The files that fit a set of patterns and no exclusion, found again and again at little cost."""

    def __init__(self, patterns: Sequence[str], exclude: Sequence[str] = ()) -> None:
        self._patterns = [Pattern.parse(text) for text in patterns]
        self._exclude = [_exclusion(text) for text in exclude]
        self._known: dict[tuple[str, frozenset[tuple[int, int]]], _Directory] = {}

    @property
    def roots(self) -> list[str]:
        """The directories in which the patterns begin."""
        return sorted({pattern.root for pattern in self._patterns})

    def fits(self, path: str) -> bool:
        """Whether `path` would be found, were it a file."""
        return any(_fits(p, path) for p in self._patterns) and not self._is_excluded(path)

    def find(self) -> Discovery:
        """Looks at the tree. One directory that cannot be listed hides nothing else."""
        found = Discovery()
        seen: set[str] = set()
        used: dict[tuple[str, frozenset[tuple[int, int]]], _Directory] = {}
        starts: dict[str, set[tuple[int, int]]] = {}
        for number, pattern in enumerate(self._patterns):
            starts.setdefault(pattern.root, set()).update(self._closure([(number, 0)]))
        todo = [(root, frozenset(states)) for root, states in starts.items()]
        while todo:
            directory, states = todo.pop()
            listing = self._list(directory, states, found)
            if listing is None:
                continue
            used[directory, states] = listing
            seen.update(f"{directory.rstrip('/')}/{name}" for name in listing.files)
            todo.extend((f"{directory.rstrip('/')}/{name}", below) for name, below in listing.below)
        self._known = used
        found.paths = sorted(path for path in seen if not self._is_excluded(path))
        return found

    def _closure(self, states: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """`**` may stand for no directory at all."""
        for number, at in states:
            yield number, at
            if at < len(self._patterns[number].segments) and self._patterns[number].segments[at] is None:
                yield from self._closure([(number, at + 1)])

    def _list(
        self, directory: str, states: frozenset[tuple[int, int]], found: Discovery
    ) -> _Directory | None:
        try:
            now = os.stat(directory)
            known = self._known.get((directory, states))
            if known and known.mtime_ns == now.st_mtime_ns < known.listed_ns - _SETTLED_NS:
                return known
            return self._read(directory, states, now.st_mtime_ns)
        except FileNotFoundError:
            return None
        except OSError as error:
            found.unreadable[directory] = error.strerror or str(error)
            return None

    def _read(self, directory: str, states: frozenset[tuple[int, int]], mtime_ns: int) -> _Directory:
        listing = _Directory(mtime_ns, time.time_ns(), [], [])
        with os.scandir(directory) as entries:
            for entry in entries:
                self._sort_in(entry, states, listing)
        return listing

    def _sort_in(
        self, entry: os.DirEntry[str], states: frozenset[tuple[int, int]], listing: _Directory
    ) -> None:
        is_link = entry.is_symlink()
        below: set[tuple[int, int]] = set()
        for number, at in states:
            segments = self._patterns[number].segments
            if at >= len(segments):
                continue
            segment = segments[at]
            if segment is None:
                if not is_link and not entry.name.startswith("."):
                    below.update(self._closure([(number, at)]))
            elif segment.match(entry.name):
                if at == len(segments) - 1:
                    listing.files.append(entry.name)
                else:
                    below.update(self._closure([(number, at + 1)]))
        if below and _is_directory(entry):
            listing.below.append((entry.name, frozenset(below)))

    def _is_excluded(self, path: str) -> bool:
        return any(exclusion.match(path) for exclusion in self._exclude)


def discover(patterns: Sequence[str], exclude: Sequence[str] = ()) -> Discovery:
    """The files that fit `patterns` and no exclusion, once; directories that match are left out."""
    found = Tree(patterns, exclude).find()
    found.paths = [path for path in found.paths if os.path.isfile(path)]
    return found


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
