"""Following the files of one source: what is looked at when, and what each look leads to.

A turn is one hop into a worker thread: it looks for files, looks at those whose time has come, reads a batch.
File-system events are hints (`rings`) that bring a look forward. The truth is `stat` and read.
"""

import contextlib
import heapq
import itertools
import os
import stat as modes
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from logwatch.tail import siblings
from logwatch.tail.descriptors import Descriptors, file_id
from logwatch.tail.discover import Tree
from logwatch.tail.evidence import HEAD, TAIL, reader
from logwatch.tail.framing import MAX_RECORD, Frame, frame, raw_length, sniff, to_utf8
from logwatch.tail.life import NOWHERE, Finding, Life, life_key
from logwatch.tail.verdict import FileId, Observed, Verdict, judge

# One file's share of a turn, so that a fast one does not keep the others waiting.
QUANTUM = 1024 * 1024
# A changing file is looked at this often, an idle one ever less often, up to `cold_s`.
HOT_S = 0.1
# How long an unfinished line waits for its end before what stands in it is published.
HOLD_S = 1.0
# A file without a name is followed on for its old writer: short where its blocks are only held by us.
DRAIN_DELETED_S = 5.0
DRAIN_RENAMED_S = 300.0
# A pause after which a file may have been restarted in place, so that all samples are compared.
PAUSE_S = 2.0
# NULs at the live edge are data that a network file system has not delivered yet.
NUL_HOLD_S = 30.0
# A path that was there and is not may be on a mount that comes back.
KEEP_ABSENT_S = 7 * 86400.0
# A copy beside its original belongs to a rotation under way; after this pause it is just a copy.
COPY_SETTLED_S = 5.0
# Runs of NULs from here on are holes left by a writer that did not open for appending.
HOLE = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """What to follow. `cold_s` is the longest pause between two looks at an idle file, in seconds."""

    name: str
    paths: Sequence[str]
    exclude: Sequence[str] = ()
    from_end: bool = False
    cold_s: float = 5.0
    discovery_s: float = 0.25
    max_record: int = MAX_RECORD


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes to scan. `offset` and `record` are places in the file.

    `data` is UTF-8 and begins at `offset`; all before `settled` is final, matches beyond it are held back.
    `lines` counts the line feeds before `offset`. `record`: the start of the overlong record that `data` is a
    part of, or NOWHERE. `before` are bytes that precede it, for context.
    """

    life: Life
    offset: int
    data: bytes
    settled: int
    lines: int
    record: int = NOWHERE
    before: bytes = b""

    def place(self, at: int) -> int:
        """The offset in the file of the record that begins at `at` of `data`."""
        if self.record != NOWHERE:
            return self.record
        return self.offset + raw_length(self.data[:at], self.life.encoding)


@dataclass(slots=True)
class Turn:
    """What one turn gave. Counts are in bytes and belong to the source."""

    chunks: list[Chunk] = field(default_factory=list)
    released: list[tuple[Life, Finding]] = field(default_factory=list)
    read: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)


class Follower:
    """All files of one source. Not thread-safe: one turn at a time."""

    def __init__(self, source: Source, descriptors: Descriptors) -> None:
        self.source = source
        self._descriptors = descriptors
        self._tree = Tree(source.paths, source.exclude)
        self._slots: dict[str, Life] = {}
        self._by_file: dict[tuple[int, int], Life] = {}
        self._nameless: dict[str, Life] = {}
        self._aliases: dict[str, tuple[int, int]] = {}
        self._numbers: dict[str, int] = {}
        self._looks: list[tuple[float, int, Life]] = []
        self._order = itertools.count()
        self._ready: deque[Life] = deque()
        self._is_ready: set[str] = set()
        self._discover_at = 0.0
        self._known_source = False
        self._turn = Turn()

    @property
    def roots(self) -> list[str]:
        """The directories worth asking the file system about."""
        return self._tree.roots

    def restore(self, lives: Iterable[Life], *, known_source: bool) -> None:
        """Takes up what was remembered; `known_source`: this source was followed before."""
        self._known_source = known_source
        for life in lives:
            self._numbers[life.path] = max(life.number, self._numbers.get(life.path, 0))
            other = self._slots.get(life.path)
            if other is not None and other.number > life.number:
                self._nameless[life.key] = life
                life.left_at = 0.0
            else:
                if other is not None:
                    self._nameless[other.key] = other
                    other.left_at = 0.0
                self._slots[life.path] = life
            self._index(life)

    def lives(self) -> list[Life]:
        return [*self._slots.values(), *self._nameless.values()]

    def changed(self) -> list[Life]:
        """Lives whose remembered part changed since the last call."""
        changed = [life for life in self.lives() if life.dirty]
        for life in changed:
            life.dirty = False
        return changed

    def next_due(self, now: float) -> float:
        """When the next turn has something to do without being rung."""
        if self._ready:
            return now
        look = self._looks[0][0] if self._looks else self._discover_at
        return min(look, self._discover_at)

    def turn(self, now: float, rings: Iterable[str] = (), most: int = 4 * QUANTUM) -> Turn:
        """Looks and reads, at most about `most` bytes. `rings` are paths about which something was heard."""
        self._turn = Turn()
        for path in rings:
            self._ring(path, now)
        if now >= self._discover_at:
            self._discover(now)
        while self._looks and self._looks[0][0] <= now:
            at, _, life = heapq.heappop(self._looks)
            if life.look_at == at:
                self._look(life, now)
        self._read_batch(now, most)
        return self._turn

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that was seen has been read."""
        return not self._ready and self._known_source

    @property
    def lag_exists(self) -> bool:
        """Whether there is something that the next turn can read."""
        return bool(self._ready)

    def release_all(self) -> list[tuple[Life, Finding]]:
        """What stands in unfinished lines, for the end of all reading."""
        self._turn = Turn()
        for life in self.lives():
            self._release(life)
        return self._turn.released

    def close(self) -> None:
        for life in self.lives():
            self._descriptors.close(life)

    # -- hints and discovery

    def _ring(self, path: str, now: float) -> None:
        life = self._slots.get(path)
        if life is not None:
            self._look_again(life, now, now)
        elif path not in self._aliases:
            # A name that is new, or a directory: the tree knows which.
            self._discover_at = min(self._discover_at, now)

    def _discover(self, now: float) -> None:
        found = self._tree.find()
        first_time = not self._known_source
        self._known_source = True
        self._turn.problems.update(found.unreadable)
        for path in found.paths:
            if path not in self._slots:
                self._meet(path, now, from_end=first_time and self.source.from_end)
        for life in [life for life in self._slots.values() if life.look_at == 0.0]:
            self._look_again(life, now, now)
        for life in [life for life in self._nameless.values() if life.look_at == 0.0]:
            self._recover_nameless(life, now)
        self._discover_at = now + self.source.discovery_s

    def _meet(self, path: str, now: float, *, from_end: bool) -> None:
        """A path that fits and has no life yet."""
        try:
            stat = os.stat(path)
        except FileNotFoundError:
            return
        except OSError as error:
            self._turn.problems[path] = error.strerror or str(error)
            return
        if not modes.S_ISREG(stat.st_mode):
            return
        here = (stat.st_dev, stat.st_ino)
        if self._aliases.get(path) == here and here in self._by_file:
            return
        known = self._by_file.get(here)
        if known is not None and self._is_the_same(known, stat):
            self._meet_known(known, path, here, now)
            return
        self._begin(path, now, from_end=from_end)

    def _is_the_same(self, life: Life, stat: os.stat_result) -> bool:
        """Whether the file with the number of `life` is still that file."""
        if life.fd != NOWHERE:
            return True
        return stat.st_size >= life.offset

    def _meet_known(self, life: Life, path: str, here: tuple[int, int], now: float) -> None:
        """A second name of a file: a hard link or an alias if the first one holds, else it was renamed."""
        if life.left_at is None and _names(life.path) == here:
            self._aliases[path] = here
            return
        if life.left_at is None:
            del self._slots[life.path]
        self._nameless.pop(life.key, None)
        old_path, life.path, life.left_at = life.path, path, None
        life.dirty = True
        self._slots[path] = life
        self._turn.happened["renamed"] += 1
        self._look_again(life, now, now)
        if self._tree.fits(old_path) and old_path not in self._slots:
            self._meet(old_path, now, from_end=False)

    def _begin(self, path: str, now: float, *, from_end: bool = False) -> None:
        """A new life at `path`, from its first byte."""
        try:
            fd = self._descriptors.open_path(path)
        except FileNotFoundError:
            return
        except OSError as error:
            self._turn.problems[path] = error.strerror or str(error)
            return
        stat = os.fstat(fd)
        life = self._new_life(path, file_id(fd, stat), now)
        self._descriptors.adopt(life, fd)
        self._slots[path] = life
        if from_end:
            self._skip_to_end(life, stat.st_size)
        self._look_again(life, now, now)

    def _new_life(self, path: str, file: FileId, now: float, home: str = "") -> Life:
        number = self._numbers.get(path, 0) + 1
        self._numbers[path] = number
        key = life_key(path, number, file)
        life = Life(key, self.source.name, path, number, file, home=home or path, changed_at=now)
        self._index(life)
        self._turn.happened["generation"] += 1
        return life

    def _index(self, life: Life) -> None:
        self._by_file[life.file.dev, life.file.ino] = life

    def _skip_to_end(self, life: Life, size: int) -> None:
        """Passes over what is there, up to the line that may still be written."""
        start = max(0, size - self.source.max_record)
        end = os.pread(life.fd, size - start, start)
        at = max(end.rfind(b"\n"), end.rfind(b"\r")) + 1 if end else 0
        offset = start + at
        life.lines = _count_lines(life.fd, offset)
        life.evidence.skip_to(offset, end[:at])
        life.offset = life.size = offset
        self._skip(life, "start_at_end", offset)

    # -- looking

    def _look_again(self, life: Life, at: float, now: float) -> None:
        if life.look_at and now <= life.look_at <= at:
            return
        life.look_at = at or now
        heapq.heappush(self._looks, (life.look_at, next(self._order), life))

    def _look(self, life: Life, now: float) -> None:
        """What became of a life? Everything that follows from it is done here."""
        life.look_at = 0.0
        if life.left_at is not None:
            self._look_at_nameless(life, now)
            return
        try:
            observed: Observed | None = self._observe(life, now)
        except FileNotFoundError:
            observed = None
        except OSError as error:
            # A mount that is ill: the life is kept as it is and asked for again.
            self._turn.problems[life.path] = error.strerror or str(error)
            self._look_again(life, now + self.source.cold_s, now)
            return
        verdict = judge(life.known, observed)
        if observed is None or verdict is Verdict.GONE:
            self._lost_its_path(life, now)
        elif verdict is Verdict.REPLACED:
            self._replaced(life, now)
        elif verdict is Verdict.CONTINUE:
            self._go_on(life, observed.size, now)
        else:
            self._cut(life, observed.size, now)

    def _observe(self, life: Life, now: float) -> Observed:
        """What stands at the path of `life`.

        Raises:
            OSError: when that cannot be found out.
        """
        stat = os.stat(life.path)
        file = FileId(stat.st_dev, stat.st_ino)
        is_other = (stat.st_dev, stat.st_ino) != (life.file.dev, life.file.ino)
        if (is_other and life.fd != NOWHERE) or not (is_other or _must_compare(life, stat, now)):
            return Observed(file, stat.st_size)
        opened = life.fd == NOWHERE
        fd = self._descriptors.open(life)
        stat = os.fstat(fd)
        here = file_id(fd, stat)
        if opened and not life.file.is_same_file(here):
            self._descriptors.close(life)
            return Observed(here, stat.st_size)
        agrees = stat.st_size >= life.offset and life.evidence.agrees(reader(fd))
        life.verified, life.verified_at, life.mtime_ns = True, now, stat.st_mtime_ns
        if agrees and here != life.file:
            life.file, life.dirty = here, True
            self._index(life)
        return Observed(here, stat.st_size, agrees)

    def _go_on(self, life: Life, size: int, now: float) -> None:
        if size < life.size:
            self._skip(life, "truncated_before_read", life.size - size)
            life.size = size
        if size != life.size:
            life.size = size
            life.changed_at = now
            life.dirty = True
        if life.copy_of:
            self._settle_copy(life, now)
        elif life.unread and not life.is_waiting:
            self._make_ready(life)
        elif life.held and now - life.changed_at >= HOLD_S:
            self._release(life)
        self._look_again(life, now + self._pause(life, now), now)

    def _pause(self, life: Life, now: float) -> float:
        """An idle file is looked at less and less often."""
        idle = now - life.changed_at
        if life.held and idle < HOLD_S:
            return HOLD_S - idle
        return min(self.source.cold_s, max(HOT_S, idle / 4))

    def _cut(self, life: Life, size: int, now: float) -> None:
        """The file was truncated: what was there and unread is fetched from a copy, or counted as lost."""
        self._turn.happened["truncated"] += 1
        fresh = self._new_life(life.path, life.file, now, life.home)
        fresh.left_at = life.left_at
        self._descriptors.hand_over(life, fresh)
        if fresh.left_at is None:
            self._slots[life.path] = fresh
        else:
            self._nameless[fresh.key] = fresh
        self._end_or_continue_in_copy(life, "truncated_before_read", now)
        if fresh.left_at is None:
            self._go_on(fresh, size, now)
        else:
            self._look_again(fresh, now, now)

    def _is_read_for_itself(self, path: str) -> bool:
        """Whether the file at `path` has a life of its own that has begun to be read."""
        other = self._slots.get(path)
        return other is not None and not other.copy_of and other.offset > 0

    def _continue_in_copy(self, life: Life, copy: str, now: float) -> None:
        """copytruncate: the unread rest stands in the copy, which carries this life on."""
        stand_in = self._slots.pop(copy, None)
        if stand_in is not None:
            self._end(stand_in)
        life.path, life.dirty, life.verified, life.held_size = copy, True, False, 0
        life.left_at = None
        with contextlib.suppress(OSError):
            fd = self._descriptors.open(life)
            stat = os.fstat(fd)
            life.file, life.size = file_id(fd, stat), stat.st_size
            self._index(life)
        self._numbers[copy] = max(life.number, self._numbers.get(copy, 0))
        if self._tree.fits(copy):
            self._slots[copy] = life
        else:
            self._nameless[life.key] = life
            life.left_at = now
        self._look_again(life, now, now)

    def _settle_copy(self, life: Life, now: float) -> None:
        """A file that repeats another one is not read again, unless it says more, or something else."""
        original = next((o for o in self.lives() if o.key == life.copy_of), None)
        if original is None or not siblings.repeats(life, original, self._descriptors):
            self._is_no_copy(life)
        elif now - life.changed_at >= COPY_SETTLED_S:
            if life.size > original.offset:
                self._is_no_copy(life)
                return
            self._skip(life, "copy", life.unread)
            fd = self._descriptors.open(life)
            life.evidence.skip_to(life.size, os.pread(fd, TAIL, max(0, life.size - TAIL)))
            life.offset, life.copy_of, life.dirty = life.size, "", True

    def _is_no_copy(self, life: Life) -> None:
        life.copy_of, life.is_original = "", True
        self._make_ready(life)

    def _replaced(self, life: Life, now: float) -> None:
        del self._slots[life.path]
        path = life.path
        self._turn.happened["rotated"] += 1
        self._leave(life, now)
        self._meet(path, now, from_end=False)

    def _lost_its_path(self, life: Life, now: float) -> None:
        """Removed, renamed, or on a mount that is away: what is away may come back and is waited for."""
        if life.fd == NOWHERE and not siblings.is_mounted(life) and now - life.changed_at < KEEP_ABSENT_S:
            self._look_again(life, now + self.source.cold_s, now)
            return
        del self._slots[life.path]
        self._leave(life, now)

    # -- lives without a path

    def _leave(self, life: Life, now: float) -> None:
        """`life` has lost its path to another file, or its path is gone."""
        life.left_at = now
        life.changed_at = now
        if life.fd != NOWHERE or self._reopen_renamed(life):
            self._nameless[life.key] = life
            self._look_again(life, now, now)
            return
        self._end_or_continue_in_copy(life, "deleted_before_read", now)

    def _end_or_continue_in_copy(self, life: Life, reason: str, now: float) -> None:
        """The file is gone or cut. What was unread may stand in the copy that rotation made; else it is lost."""
        self._nameless.pop(life.key, None)
        copy = siblings.find_copy(life, self._is_read_for_itself)
        if copy is not None:
            self._continue_in_copy(life, copy, now)
            return
        self._skip(life, reason, life.unread)
        self._release(life)
        self._end(life)

    def _reopen_renamed(self, life: Life) -> bool:
        """Finds the file under another name in its directory, as rotation leaves it."""
        path = siblings.find_renamed(life)
        if path is None:
            return False
        old_path, life.path = life.path, path
        try:
            fd = self._descriptors.open(life)
            if life.file.is_same_file(file_id(fd, os.fstat(fd))) and life.evidence.agrees(reader(fd)):
                return True
        except OSError:
            pass
        self._descriptors.close(life)
        life.path = old_path
        return False

    def _recover_nameless(self, life: Life, now: float) -> None:
        """After a restart: a life that had no path when we stopped."""
        self._leave(life, now)

    def _look_at_nameless(self, life: Life, now: float) -> None:
        try:
            stat = os.fstat(life.fd)
        except OSError:
            self._end(life)
            return
        if stat.st_size < life.offset:
            self._cut(life, stat.st_size, now)
            return
        if stat.st_size > life.size:
            life.size, life.changed_at, life.dirty = stat.st_size, now, True
        if life.unread and not life.is_waiting:
            self._make_ready(life)
        elif now - life.changed_at >= (DRAIN_DELETED_S if stat.st_nlink == 0 else DRAIN_RENAMED_S):
            self._release(life)
            self._end(life)
            return
        elif life.held and now - life.changed_at >= HOLD_S:
            self._release(life)
        self._look_again(life, now + min(1.0, self._pause(life, now)), now)

    def _end(self, life: Life) -> None:
        """Nothing more will come of this life."""
        self._descriptors.close(life)
        self._nameless.pop(life.key, None)
        if self._by_file.get((life.file.dev, life.file.ino)) is life:
            del self._by_file[life.file.dev, life.file.ino]
        life.look_at = NOWHERE
        self._turn.ended.append(life.key)

    # -- reading

    def _make_ready(self, life: Life) -> None:
        if life.key not in self._is_ready:
            self._is_ready.add(life.key)
            self._ready.append(life)

    def _read_batch(self, now: float, most: int) -> None:
        """A share for every file that has something, in turns, until the batch is full."""
        before = self._turn.read
        for _ in range(len(self._ready)):
            if self._turn.read - before >= most:
                return
            life = self._ready.popleft()
            self._is_ready.discard(life.key)
            if life.look_at == NOWHERE:
                continue
            try:
                self._read(life, now)
            except OSError as error:
                self._turn.problems[life.path] = error.strerror or str(error)
                continue
            if life.unread and not life.is_waiting and not life.copy_of:
                self._make_ready(life)

    def _read(self, life: Life, now: float) -> None:
        """One read: what precedes the offset must be what we read, then the new bytes are framed.

        Raises:
            OSError: when the file cannot be opened or read.
        """
        fd = self._descriptors.open(life)
        if life.offset == 0 and self._seems_a_copy(life):
            return
        tail = life.evidence.tail_length
        data = os.pread(fd, tail + QUANTUM, life.offset - tail)
        before, data = data[:tail], data[tail:]
        if not life.evidence.tail_agrees(before):
            self._cut(life, os.fstat(fd).st_size, now)
            return
        if data.startswith(b"\x00") and self._step_over_nuls(life, data, now):
            return
        if life.offset == 0:
            life.encoding = sniff(data)
        self._take(life, before, data)

    def _seems_a_copy(self, life: Life) -> bool:
        """`train.log.1` that begins as `train.log` does: copied for a rotation, or for keeping."""
        if life.is_original:
            return False
        for original in self.lives():
            is_named_so = original is not life and siblings.is_rotated_name(life.path, original.home)
            if is_named_so and siblings.repeats(life, original, self._descriptors):
                life.copy_of = original.key
                self._look_again(life, life.changed_at + HOT_S, life.changed_at)
                return True
        return False

    def _take(self, life: Life, before: bytes, data: bytes) -> None:
        text = to_utf8(data, life.encoding)
        framed = frame(text, in_overlong=life.overlong != NOWHERE, max_record=self.source.max_record)
        begins = life.offset if life.overlong == NOWHERE else life.overlong
        skipped = raw_length(text[: framed.start], life.encoding)
        consumed = raw_length(text[: framed.consumed], life.encoding)
        self._turn.read += len(data)
        life.held.clear()
        life.held_size = (
            life.size if framed.consumed < len(text) and life.offset + len(data) >= life.size else 0
        )
        if framed.end > framed.start:
            self._turn.chunks.append(
                Chunk(
                    life=life,
                    offset=life.offset + skipped,
                    data=text[framed.start : framed.end],
                    settled=framed.settled - framed.start,
                    lines=life.lines + text.count(b"\n", 0, framed.start),
                    record=begins if life.overlong != NOWHERE or framed.overlong else NOWHERE,
                    before=before,
                )
            )
        self._advance(life, framed, before, data[:consumed], text)
        life.evidence.look_ahead(data[consumed:])
        if framed.overlong and life.overlong == NOWHERE:
            self._turn.happened["overlong"] += 1
        life.overlong = begins if framed.overlong else NOWHERE
        self._skip(life, "overlong", raw_length(text[: framed.skipped], life.encoding))

    def _advance(self, life: Life, framed: Frame, before: bytes, taken: bytes, text: bytes) -> None:
        if not taken:
            return
        life.evidence.extend(taken, (before + taken[-TAIL:])[-TAIL:])
        life.offset += len(taken)
        life.lines += text.count(b"\n", 0, framed.consumed)
        life.scanned += len(taken) - raw_length(text[: framed.skipped], life.encoding)
        life.dirty = True

    def _step_over_nuls(self, life: Life, data: bytes, now: float) -> bool:
        """NULs at the offset: a hole is skipped, data yet to arrive is waited for. True when that was all."""
        run = len(data) - len(data.lstrip(b"\x00"))
        if run < len(data) and run < HOLE:
            return False
        data_at = _next_data(life.fd, life.offset)
        if data_at is None or data_at == life.offset:
            if run == len(data) and now - life.changed_at < NUL_HOLD_S:
                life.held_size = life.size
                return True
            data_at = life.offset + run
        data_at = min(data_at, max(life.size, life.offset + run))
        self._skip(life, "hole", data_at - life.offset)
        life.offset = data_at
        life.evidence.skip_to(data_at, os.pread(life.fd, TAIL, max(0, data_at - TAIL))[:TAIL])
        return True

    def _skip(self, life: Life, reason: str, size: int) -> None:
        if size > 0:
            life.skip(reason, size)
            self._turn.skipped[reason] += size

    def _release(self, life: Life) -> None:
        """What stood in an unfinished line is published; its end, should it come, is not news."""
        self._turn.released.extend((life, finding) for finding in life.held)
        life.held = []


def _must_compare(life: Life, stat: os.stat_result, now: float) -> bool:
    """Whether the samples must be compared before more is read.

    A file that is appended to several times a second is compared now and then, a small one always; every
    read compares the bytes before the offset anyway.
    """
    if not life.verified:
        return True
    if stat.st_size == life.size:
        return stat.st_mtime_ns != life.mtime_ns
    return life.offset <= HEAD or now - life.verified_at >= PAUSE_S


def _names(path: str) -> tuple[int, int] | None:
    """Device and inode of what `path` names."""
    with contextlib.suppress(OSError):
        stat = os.stat(path)
        return stat.st_dev, stat.st_ino
    return None


def _next_data(fd: int, offset: int) -> int | None:
    """The next place at or after `offset` that is not a hole; None where the file system cannot tell."""
    try:
        return os.lseek(fd, offset, os.SEEK_DATA)
    except OSError:
        return None


def _count_lines(fd: int, end: int) -> int:
    """Line feeds in the first `end` bytes: reading them costs less than being off by a million lines."""
    lines = at = 0
    while at < end:
        data = os.pread(fd, min(QUANTUM, end - at), at)
        if not data:
            break
        lines += data.count(b"\n")
        at += len(data)
    return lines
