"""Following the files of one source: what is looked at when, and what each look leads to.

A turn is one hop into a worker thread: it looks for files, looks at those whose time has come, reads a batch.
File-system events are hints (`rings`) that bring a look forward. The truth is `stat` and read.
"""

import contextlib
import errno
import heapq
import itertools
import math
import os
import stat as modes
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from logwatch.breath import with_breaks
from logwatch.scan.records import complete_length
from logwatch.tail import likeness, siblings
from logwatch.tail.descriptors import Descriptors, file_id, name_of
from logwatch.tail.discover import Tree
from logwatch.tail.ears import Ears
from logwatch.tail.evidence import TAIL, reader
from logwatch.tail.framing import MAX_RECORD, raw_length, sniff, to_utf8
from logwatch.tail.glance import KEPT, Glances, Read
from logwatch.tail.life import NOWHERE, Finding, Life, Proven, life_key
from logwatch.tail.reading import COMPRESSED, Turn, is_compressed
from logwatch.tail.register import Register
from logwatch.tail.verdict import FileId, Observed, Verdict, judge
from logwatch.tail.wrapping import sniff_wrapping

# One file's share of a turn, so that a fast one does not keep the others waiting.
QUANTUM = 1024 * 1024
# What is read where less is known to be there: the writer may have gone on.
READ_AT_LEAST = 4096
# What has grown by no more is read in the look that finds it: it takes no share from others.
READ_AT_ONCE = 64 * 1024
# A changing file is looked at this often, an idle one ever less often, up to `cold_s`.
HOT_S = 0.1
# Of more files than this, looking so often is most of the work; a line is still counted within 300 ms, half of them
# within 150, with 15 ms for all that follows on the look.
CROWD = 200
CROWDED_HOT_S = 0.265
# Where the kernel tells of directories, a file that grows is read on in rounds of glances: all the rest is most of
# the work. What lies at its path is asked, and all samples are compared, this often; and when something was found, or
# when another file came to its path.
ASKED_S = 5.0
# An idle file, at the least so often, however many there are.
COLDEST_S = 30.0
# From such a pause on, looks come by up to this part of it earlier, so that not all fall into one moment.
SPREAD_FROM_S = 2.0
SPREAD = 0.25
# A renamed file, at the least so often: only an old writer who was not told can still write to it.
RENAMED_COLD_S = 60.0
# How long an unfinished line waits for its end before what stands in it is published.
HOLD_S = 1.0
# A quiet file without a name is followed on for its old writer: shortly where only we keep its blocks from
# being freed, else until a writer that logs once a day would have been heard.
DELETED_KEPT_S = 5.0
RENAMED_KEPT_S = 90_000.0
# A path that was there and is not may be on a mount that comes back.
KEEP_ABSENT_S = 7 * 86400.0
# A copy beside its original belongs to a rotation under way; after this pause it is just a copy.
COPY_SETTLED_S = 5.0
# What is moved on between being found and being opened is looked for again, so often.
MOVES_FOLLOWED = 8
# Runs that were rotated away unseen are looked for so long after their elder was.
SEARCHED_AGAIN_S = 3.0
# However busy the directories are, they are listed no more often than this.
LISTING_PAUSE_S = 0.02
# Where the kernel tells of all directories each of them is asked all the same, so much less often: something may
# have been mounted on it.
SELDOM = 10
# Looks at idle files need not come in more moments than that, then.
ALIGNED_S = 1.0


@dataclass(frozen=True, slots=True)
class Source:
    """What to follow. `cold_s` is the longest pause between two looks at an idle file, in seconds.

    Of so many idle files that this makes more than `idle_looks_per_s`, each is looked at less often, but never
    less often than every `COLDEST_S`. `listens`: what the kernel tells of a directory it need not be asked for, every
    `discovery_s` seconds. `format` is how lines are wrapped: plain, cri, docker, or auto.
    """

    name: str
    paths: Sequence[str]
    exclude: Sequence[str] = ()
    from_end: bool = False
    cold_s: float = 5.0
    idle_looks_per_s: float = math.inf
    discovery_s: float = 0.25
    listens: bool = False
    max_record: int = MAX_RECORD
    format: str = "auto"


class Follower:
    """All files of one source. Not thread-safe: one turn at a time."""

    def __init__(self, source: Source, descriptors: Descriptors) -> None:
        self.source = source
        # A record up to the limit fits, also where it takes twice the space as UTF-16.
        self._quantum = max(QUANTUM, 2 * source.max_record + 2)
        self._descriptors = descriptors
        self._ears = Ears() if source.listens else None
        self._tree = Tree(source.paths, source.exclude, self._ears)
        self._register = Register()
        # Names in the tree without a life of their own: to be met, further names of a file, or no files.
        self._unmet: set[str] = set()
        self._aliases: dict[str, tuple[int, int]] = {}
        self._unlisted: dict[str, str] = {}
        self._unread: dict[str, str] = {}
        # When, and whose. Not the lives themselves: of what holds only numbers and text the collector of garbage
        # loses sight, and it does not go through 100,000 of them again and again.
        self._looks: list[tuple[float, int, str]] = []
        self._order = itertools.count()
        self._ready: deque[Life] = deque()
        self._is_ready: set[str] = set()
        self._glances = Glances()
        self._round_at = 0.0
        self._listed_at = 0.0
        self._turned_at = 0.0
        self._list_at = 0.0
        self._ask_at = 0.0
        # How far the moments lie apart in which idle files are looked at.
        self._aligned_s = min(source.discovery_s, ALIGNED_S)
        self._known_source = False
        # Of one turn.
        self._turn = Turn()
        self._most = 0
        self._hot_s = HOT_S
        self._cold_s = source.cold_s
        # By how much files are looked at less often than fewer would be.
        self._crowd = 1.0
        self._surroundings = siblings.Surroundings()
        self._newborn: list[Life] = []
        self._appeared: Counter[str] = Counter()
        # Lives that began at a path since the last listing but one: an event may tell of them late.
        self._begun: Counter[str] = Counter()
        self._begun_before: Counter[str] = Counter()

    @property
    def roots(self) -> list[str]:
        """The directories worth asking the file system about."""
        return self._tree.roots

    @property
    def readable(self) -> int | None:
        """A descriptor that can be read as soon as something came or went in a directory, if the kernel tells."""
        return self._ears.readable if self._ears is not None else None

    @property
    def problems(self) -> dict[str, str]:
        """What cannot be read at present, directories and files, and why."""
        return {**self._unlisted, **self._unread}

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that was seen has been read."""
        return not self._ready and self._known_source

    def lives(self) -> list[Life]:
        return list(self._register)

    def changed(self) -> list[Life]:
        """Lives whose remembered part changed since the last call."""
        changed = [life for life in self._register if life.dirty]
        for life in changed:
            life.dirty = False
        return changed

    def restore(self, lives: Iterable[Life], *, known_source: bool) -> None:
        """Takes up what was remembered; `known_source`: this source was followed before.

        What the patterns no longer ask for stays remembered and is left alone: it may be asked for again.
        """
        self._known_source = known_source
        for life in sorted(lives, key=lambda life: life.number):
            if not (self._tree.fits(life.home) or self._tree.fits(life.path)):
                continue
            other = self._register.at(life.path)
            if other is not None:
                self._register.take_path(other)
            life.is_nameless = not self._tree.fits(life.path)
            self._register.add(life)
            self._look_again(life, 0.0)

    def next_due(self, now: float) -> float:
        """When the next turn has something to do without being rung."""
        if self._ready:
            return now
        look = self._looks[0][0] if self._looks else self._list_at
        return min(look, self._list_at, self._round_at if self._glances else self._list_at)

    def turn(
        self,
        now: float,
        rings: Iterable[str] = (),
        most: int = 4 * QUANTUM,
        appeared: Mapping[str, int] | None = None,
        *,
        is_innocent: Callable[[bytes], bool],
    ) -> Turn:
        """Looks and reads, at most about `most` bytes.

        `rings` are paths about which something was heard, `appeared` how often a file came to be at a path.
        `is_innocent` tells of whole lines whether they are worth no closer look.
        """
        self._turn, self._surroundings = Turn(), siblings.Surroundings()
        self._newborn = []
        self._most = most
        self._mind_the_crowd()
        self._appeared.update(appeared or {})
        if now < self._turned_at:
            self._mind_the_clock(now)
        self._turned_at = now
        for path in rings:
            self._ring(path, now)
        if self._tree.listen():
            self._list_soon()
        is_listed = now >= self._list_at
        if is_listed:
            self._discover(now)
        self._go_round(now, is_innocent)
        self._look_at_what_is_due(now)
        if is_listed:
            self._count_missed()
        self._line_up()
        self._read_batch(now, most)
        return self._turn

    def release_all(self) -> list[tuple[Life, Finding]]:
        """What stands in unfinished lines, for the end of all reading."""
        self._turn = Turn()
        for life in self._register:
            self._settle(life, self._glances.end(life))
            self._turn.release(life)
        return self._turn.released

    def close(self) -> None:
        for life in self._register:
            self._descriptors.close(life)
        if self._ears is not None:
            self._ears.close()

    def _mind_the_crowd(self) -> None:
        self._hot_s = HOT_S if len(self._register) <= CROWD else CROWDED_HOT_S
        crowded_cold_s = len(self._register) / self.source.idle_looks_per_s
        self._cold_s = max(self.source.cold_s, min(crowded_cold_s, COLDEST_S))
        # Where the kernel tells of what is written, a file cools down the sooner the more there are.
        self._crowd = self._cold_s / self.source.cold_s if self._tree.is_heard else 1.0

    def _mind_the_clock(self, now: float) -> None:
        """The clock was set back: what was to happen in a second would happen in an hour."""
        for life in self._register:
            life.changed_at, life.left_at = min(life.changed_at, now), min(life.left_at, now)
            life.look_at = 0.0
            self._look_again(life, now)
        self._list_at = self._listed_at = self._ask_at = self._round_at = now

    # -- hints and discovery

    def _ring(self, path: str, now: float) -> None:
        life = self._register.at(path)
        if life is None and path in self._aliases:
            life = self._register.of_file(*self._aliases[path])
        if life is not None:
            self._look_again(life, now)
        elif path in self._tree.roots:
            # Whatever lies below may have changed, and is looked at now.
            for life in self._register:
                self._look_again(life, now)
            self._list_at = self._ask_at = now
        else:
            # A name that is new, or a directory: the tree knows which.
            self._list_soon()

    def _list_soon(self) -> None:
        self._list_at = min(self._list_at, self._listed_at + LISTING_PAUSE_S)

    def _discover(self, now: float) -> None:
        first_time, self._known_source = not self._known_source, True
        news = self._tree.look(asks_all=now >= self._ask_at)
        self._unlisted = news.unreadable
        for path in news.changed | news.vanished:
            life = self._register.at(path)
            if life is not None:
                self._look_again(life, now)
            elif path in news.changed:
                # Another file than the one that was met here, and has been moved on meanwhile.
                self._aliases.pop(path, None)
                self._unmet.add(path)
        for path in news.vanished:
            self._aliases.pop(path, None)
            self._unread.pop(path, None)
        self._appeared |= Counter(news.appeared)
        self._unmet = (self._unmet | news.appeared) & self._tree.names
        for path in with_breaks(sorted(self._unmet)):
            self._meet(path, now, from_end=first_time and self.source.from_end)
        self._plan_listing(now)

    def _plan_listing(self, now: float) -> None:
        every_s = self.source.discovery_s
        if now >= self._ask_at:
            self._ask_at = now + SELDOM * every_s
        # Nothing tells when a name that could not be met can be.
        is_quiet = self._tree.is_heard and not self._unmet
        self._listed_at, self._list_at = now, now + every_s * (SELDOM if is_quiet else 1)
        self._aligned_s = ALIGNED_S if is_quiet else min(every_s, ALIGNED_S)

    def _meet(self, path: str, now: float, *, from_end: bool = False) -> None:
        """A name that fits and has no life yet."""
        if self._register.at(path) is not None:
            self._unmet.discard(path)
            return
        self._unmet.add(path)
        try:
            stat = os.stat(path)
        except OSError as error:
            self._cannot_meet(path, error)
            return
        if not modes.S_ISREG(stat.st_mode):
            return
        here = (stat.st_dev, stat.st_ino)
        known = self._register.of_file(*here)
        if known is not None and not known.is_nameless and _names(known.path) == here:
            self._aliases[path] = here
        elif known is not None and self._is_file_of(known, path):
            self._meet_renamed(known, path, now)
        else:
            self._begin(path, now, from_end=from_end)

    def _is_file_of(self, life: Life, path: str) -> bool:
        """Whether `path`, which has the inode number of `life`, is its file, and not a later one."""
        # An open file keeps its number from being used again.
        if life.fd != NOWHERE:
            return True
        with contextlib.suppress(OSError):
            fd = self._descriptors.open_path(path)
            try:
                return likeness.is_open_as(life, fd, file_id(fd, os.fstat(fd)))
            finally:
                os.close(fd)
        return False

    def _known(self, file: FileId) -> Life | None:
        """The life of `file`, unless that was of an earlier file with its number; undecided ones count."""
        life = self._register.of_file(file.dev, file.ino)
        return life if life is not None and life.file.is_same_file(file) else None

    def _cannot_meet(self, path: str, error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            self._unread[path] = error.strerror or str(error)
        elif os.path.islink(path):
            self._unread[path] = "is a link to something that is not there"
        else:
            self._unread.pop(path, None)

    def _meet_renamed(self, life: Life, path: str, now: float) -> None:
        """The file of `life` has got another name that fits."""
        old_path, held = life.path, not life.is_nameless
        self._aliases.pop(path, None)
        self._register.give_path(life, path)
        self._unmet.discard(path)
        self._unread.pop(path, None)
        life.is_deleted = False
        self._turn.happened["renamed"] += 1
        self._look_again(life, now)
        if held and self._tree.fits(old_path):
            self._meet(old_path, now)

    def _begin(self, path: str, now: float, *, from_end: bool = False, after: Life | None = None) -> None:
        """A new life of the file at `path`, from its first byte; `after`: a life whose log it was, too."""
        try:
            # A rotation that moves it on in this moment changes when it last changed.
            began_ns = after.began_ns if after else os.stat(path).st_ctime_ns
            fd = self._descriptors.open_path(path)
        except OSError as error:
            self._cannot_meet(path, error)
            return
        stat = os.fstat(fd)
        file = file_id(fd, stat)
        known = self._known(file)
        if known is not None and likeness.is_open_as(known, fd, file):
            # It was moved here in this very moment; the next look finds out.
            os.close(fd)
            return
        life = self._new_life(after.home if after else path, file, stat, now)
        life.began_ns = min(began_ns, life.began_ns)
        life.path, life.target = path, after.target if after else _target(path)
        life.is_nameless = after is not None
        self._register.add(life)
        self._descriptors.adopt(life, fd)
        self._unmet.discard(path)
        self._unread.pop(path, None)
        self._begun[path] += 1
        if from_end:
            self._skip_to_end(life)
        self._newborn.append(life)
        self._look_again(life, now)
        if after is None:
            self._meet_unseen_before(life, now)

    def _new_life(self, home: str, file: FileId, stat: os.stat_result, now: float) -> Life:
        self._turn.happened["generation"] += 1
        number = self._register.next_number(home)
        return Life(
            life_key(home, number, file),
            self.source.name,
            home,
            number,
            file,
            size=stat.st_size,
            home=home,
            began_ns=stat.st_ctime_ns,
            mtime_ns=stat.st_mtime_ns,
            changed_at=now,
        )

    def _skip_to_end(self, life: Life) -> None:
        """Passes over what is there, up to the line that may still be written."""
        life.encoding = sniff(os.pread(life.fd, 2, 0))
        start = max(0, life.size - self.source.max_record) & ~1
        end = to_utf8(os.pread(life.fd, life.size - start, start), life.encoding)
        offset = start + raw_length(end[: complete_length(end)], life.encoding)
        life.lines = _count_lines(life.fd, offset, life.encoding)
        self._turn.skip_to(life, offset, "start_at_end")

    def _count_missed(self) -> None:
        """Files of which we have heard, and that were gone when we came to look."""
        for path, times in self._appeared.items():
            unseen = times - self._begun[path] - self._begun_before[path]
            if unseen > 0 and self._is_asked_for(path):
                # What is there and did not begin is no file of its own, or one that cannot be read.
                self._turn.happened["missed"] += unseen - os.path.lexists(path)
        self._appeared.clear()
        self._begun_before, self._begun = self._begun, Counter()

    def _is_asked_for(self, path: str) -> bool:
        """Whether what stands at `path` fits, or was rotated away from where it did."""
        return any(self._tree.fits(name) for name in (path, *siblings.rotated_from(path)))

    # -- looking

    def _look_again(self, life: Life, at: float) -> None:
        """Sees to it that `life` is looked at by the time `at`."""
        if life.look_at and life.look_at <= at:
            return
        life.look_at = at
        heapq.heappush(self._looks, (at, next(self._order), life.key))

    def _look_at_what_is_due(self, now: float) -> None:
        for at, key in with_breaks(self._due(now)):
            life = self._register.get(key)
            if life is not None and life.look_at == at:
                life.look_at = 0.0
                self._look_if_possible(life, now)

    def _due(self, now: float) -> Iterator[tuple[float, str]]:
        """Looks that are due, and when they were."""
        while self._looks and self._looks[0][0] <= now:
            at, _, key = heapq.heappop(self._looks)
            yield at, key

    def _go_round(self, now: float, is_innocent: Callable[[bytes], bool]) -> None:
        """Glances at the files that are read on in rounds, at moments at which others are looked at anyway."""
        # What was met just now may have to be read before what has grown.
        can_wait = self._newborn or self._turn.read >= self._most
        if not self._glances or now < self._round_at or can_wait:
            return
        self._round_at = self._moment(now + self._hot_s)
        if not self._tree.is_heard:
            for life in self._glances.lives():
                self._look_if_possible(life, now)
            return
        gone_round = self._glances.go_round(now, is_innocent)
        self._turn.read += gone_round.read
        self._turn.scanned += gone_round.read
        self._turn.grown += gone_round.grown
        for life in gone_round.suspect:
            self._settle(life, self._glances.take(life), is_innocent=False)
        for life in gone_round.strange:
            self._look_if_possible(life, now)

    def _settle(self, life: Life, read: Read | None, *, is_innocent: bool = True) -> None:
        """`life` learns of what glances have `read` of its file, in which samples were not compared since."""
        if read is None:
            return
        evidence = life.evidence
        life.proven = life.proven or Proven(life.offset, life.lines, evidence.head_length, evidence.head)
        if not is_innocent:
            self._turn.note_chunk(life, read.before, read.data)
        self._learn(life, read)

    def _learn(self, life: Life, read: Read) -> None:
        # The clock may have been set back meanwhile.
        life.changed_at = min(read.grown_at, self._turned_at)
        self._turn.pass_lines(life, read.before, read.data)

    def _confirm(self, life: Life, now: float) -> bool:
        """What glances have read is accounted for; whether all else is as it was, too.

        If so, the file is read on in rounds; False: it takes part in none, and has yet to be looked at.
        """
        read = self._glances.take(life)
        if read is None or not life.is_settled or not self._goes_on(life, read):
            self._glances.end(life)
            self._settle(life, read)
            return False
        self._learn(life, read)
        life.proven = None
        self._look_again(life, self._asked_at(life, now))
        return True

    def _goes_on(self, life: Life, read: Read) -> bool:
        """Whether `read` is all that the file at the path of `life` says more, and all samples stand in it."""
        if life.fd == NOWHERE:
            return False
        with contextlib.suppress(OSError):
            stat = os.stat(life.path)
            is_it = (stat.st_dev, stat.st_ino) == (life.file.dev, life.file.ino)
            is_all = stat.st_size == life.offset + len(read.data)
            read_at = reader(self._descriptors.open(life))
            if is_it and is_all and life.evidence.goes_on(read_at, read.before):
                likeness.note_compared(life, stat)
                return True
        return False

    def _asked_at(self, life: Life, now: float) -> float:
        """When all is compared again of a file that is read on in rounds: each has moments of its own for that."""
        phase = ASKED_S * life.chance
        times = math.floor((now + self._hot_s - phase) / ASKED_S) + 1
        return self._moment(times * ASKED_S + phase)

    def _look_if_possible(self, life: Life, now: float) -> None:
        """A mount that is ill ends nothing: the life is kept as it is and asked for again."""
        try:
            if not (self._confirm(life, now) or (life.is_settled and self._look_quickly(life, now))):
                self._look(life, now)
        except OSError as error:
            self._unread[life.path] = error.strerror or str(error)
            self._look_again(life, now + self.source.cold_s)

    def _look_quickly(self, life: Life, now: float) -> bool:
        """The way nearly all looks go, in few steps: the file is as it was, or some lines longer. False: it is not.

        Raises:
            OSError: when that cannot be found out.
        """
        try:
            stat = os.stat(life.path)
        except FileNotFoundError:
            return False
        file = life.file
        if stat.st_ino != file.ino or stat.st_dev != file.dev:
            return False
        if likeness.must_compare(life, stat) and not self._read_at_once(life, stat, now):
            return False
        life.absent_since = 0.0
        if self._unread:
            self._unread.pop(life.path, None)
        if life in self._glances:
            self._look_again(life, self._asked_at(life, now))
        else:
            self._look_again(life, self._next_look(life, now, self._cold_s))
        return True

    def _read_at_once(self, life: Life, stat: os.stat_result, now: float) -> bool:
        """Reads whole lines by which a file has grown; False, and nothing is changed, if it is not that simple.

        What is new and what tells that it is the same file are read but once for the look and the reading.
        """
        grown = stat.st_size - life.offset
        if not 0 < grown <= READ_AT_ONCE:
            return False
        before, data = self._read_lines(life, max(grown, READ_AT_LEAST))
        # Compared after the bytes were read, so that these are of the same run as the samples.
        if not data or not life.evidence.goes_on(reader(life.fd), before):
            return False
        likeness.note_compared(life, stat)
        life.proven = None
        self._note_size(life, stat.st_size, now)
        life.changed_at = now
        self._turn.read += len(data)
        self._turn.take_lines(life, before, data)
        # What grows quickly would be read in vain: as much as is kept comes in a few looks.
        if grown <= KEPT // 4 and not life.unread and self._tree.is_heard:
            self._glances.begin(life, (before[-TAIL:] + data)[-TAIL:])
        return True

    def _read_lines(self, life: Life, wanted: int) -> tuple[bytes, bytes]:
        """Up to `wanted` new bytes, if they are whole lines and may be taken at once, and what stands before them."""
        is_simple = life.wrapping == "plain" and life.elder is None and not self._newborn
        if life.fd == NOWHERE or not is_simple or self._turn.read >= self._most:
            return b"", b""
        reach = life.evidence.reach
        data = os.pread(self._descriptors.open(life), reach + wanted, life.offset - reach)
        before, data = data[:reach], data[reach:]
        return (before, data) if data.endswith(b"\n") and not data.startswith(b"\x00") else (b"", b"")

    def doubts(self, life: Life, now: float) -> bool:
        """Whether what was just read of `life` is to be forgotten: it is another run's, and read from its start."""
        if life.proven is None:
            return False
        try:
            if not likeness.is_another_run(life, self._descriptors.open(life)):
                return False
        except OSError:
            # It was closed meanwhile to make room for others, and is not where it was.
            return False
        self._turn.go_back(life)
        self._look_if_possible(life, now)
        return True

    def _look(self, life: Life, now: float) -> None:
        """What became of a life? Everything that follows from it is done here."""
        try:
            if life.is_nameless:
                self._look_at_nameless(life, now)
                return
            observed = self._observe(life)
        except FileNotFoundError:
            observed = None
        except OSError as error:
            # A mount that is ill: the life is kept as it is and asked for again.
            self._unread[life.path] = error.strerror or str(error)
            self._look_again(life, now + self.source.cold_s)
            return
        match judge(life.known, observed), observed:
            case Verdict.CONTINUE, Observed(size=size):
                self._go_on(life, size, now)
            case Verdict.RENEWED, _:
                self._renewed(life, now)
            case Verdict.REPLACED, _:
                self._replaced(life, now)
            case Verdict.REWRITTEN, Observed():
                # It may have been so for some looks already.
                self._turn.go_back(life)
                self._cut(life, now)
            case Verdict.SHORTENED, Observed(size=size):
                self._cut(life, now, keeps=life.evidence.standing(size, reader(life.fd)))
            case _, Observed():
                self._cut(life, now)
            case _:
                self._lost_its_path(life, now)

    def _observe(self, life: Life) -> Observed:
        """What stands at the path of `life`.

        Raises:
            OSError: when that cannot be found out.
        """
        stat = os.stat(life.path)
        file = FileId(stat.st_dev, stat.st_ino)
        is_other = (stat.st_dev, stat.st_ino) != (life.file.dev, life.file.ino)
        if is_other and life.fd != NOWHERE:
            return self._observe_other(life, file, stat)
        if not is_other and not likeness.must_compare(life, stat):
            return Observed(file, stat.st_size)
        if life.fd != NOWHERE:
            # Open, it keeps its number: what stands at the path is this file.
            agrees = likeness.agrees(life, life.fd, stat.st_size)
            likeness.note_compared(life, stat)
            return Observed(life.file, stat.st_size, agrees)
        return self._observe_closed(life)

    def _observe_closed(self, life: Life) -> Observed:
        fd, stat, here = self._descriptors.open_unknown(life)
        agrees = likeness.agrees(life, fd, stat.st_size)
        if not (life.file.is_same_file(here) or (agrees and likeness.may_be_remounted(life, here))):
            self._descriptors.close(life)
            return self._observe_other(life, here, stat)
        likeness.note_compared(life, stat)
        if here != life.file:
            self._register.identify(life, here)
        return Observed(here, stat.st_size, agrees)

    def _observe_other(self, life: Life, file: FileId, stat: os.stat_result) -> Observed:
        """Another file at the path of `life`: is it the old one written anew, as `rsync` and editors do it?

        Such a file was complete before it was renamed, so that its inode changed after its content did; and
        the old one is gone. A log that a restarted job has begun is neither.
        """
        was_put_there = stat.st_ctime_ns > stat.st_mtime_ns and self._is_unlinked(life)
        if not was_put_there or stat.st_size < life.offset or life.evidence.is_empty:
            return Observed(file, stat.st_size)
        fd = self._descriptors.open_path(life.path)
        try:
            agrees = life.evidence.agrees(reader(fd)) and likeness.has_the_unread(life, fd)
        finally:
            os.close(fd)
        return Observed(file, stat.st_size, agrees, was_put_there)

    def _is_unlinked(self, life: Life) -> bool:
        if life.fd != NOWHERE:
            return os.fstat(life.fd).st_nlink == 0
        path = siblings.find_renamed(life, self._surroundings)
        # A file that was made later may have got its number.
        return path is None or not self._is_file_of(life, path)

    def _go_on(self, life: Life, size: int, now: float) -> None:
        life.absent_since = 0.0
        life.proven = None
        self._note_size(life, size, now)
        self._attend(life, now)
        self._look_again(life, self._next_look(life, now, self._cold_s))

    def _note_size(self, life: Life, size: int, now: float) -> None:
        if size > life.size:
            life.size, life.changed_at, life.dirty = size, now, True
        elif size < life.size:
            self._turn.skip(life, "truncated_before_read", life.size - size)
            life.size = size

    def _attend(self, life: Life, now: float) -> None:
        """Reads what there is, or publishes an unfinished line that has waited for long enough."""
        if life.copy_of is not None:
            self._settle_copy(life, life.copy_of, now)
            return
        if life.unread and (life.nuls_since or not life.is_waiting):
            self._make_ready(life)
            return
        self._unread.pop(life.path, None)
        if life.held and now - life.changed_at >= HOLD_S:
            self._turn.release(life)

    def _next_look(self, life: Life, now: float, longest: float) -> float:
        """An idle file is looked at less and less often.

        Of many that came at once the looks are spread, over moments at which the directories are looked at anyway.
        """
        idle = now - life.changed_at
        if life.held and idle < HOLD_S:
            return life.changed_at + HOLD_S
        pause, every_s = min(longest, max(self._hot_s, idle / 4 * self._crowd)), self._aligned_s
        if pause < SPREAD_FROM_S:
            return self._moment(now + pause)
        if every_s <= 0:
            return now + pause
        return math.ceil((now + pause * (1 - SPREAD * life.chance)) / every_s) * every_s

    def _moment(self, at: float) -> float:
        """When what is due at `at` is looked at. All in the same moments: a hop costs as much as dozens of looks."""
        return (math.floor(at / self._hot_s - 0.9) + 1) * self._hot_s

    def _cut(self, life: Life, now: float, *, keeps: int = 0) -> None:
        """The file was truncated, and a new life begins in it, after the `keeps` bytes that were left.

        What was there and unread is fetched from a copy, or counted as lost.
        """
        self._turn.happened["truncated"] += 1
        fd = self._descriptors.open(life)
        fresh = self._new_life(life.home, life.file, os.fstat(fd), now)
        fresh.path, fresh.target = life.path, life.target
        fresh.is_nameless, fresh.is_deleted = life.is_nameless, life.is_deleted
        self._register.add(fresh)
        self._descriptors.hand_over(life, fresh)
        if keeps:
            fresh.encoding, fresh.evidence = life.encoding, life.evidence.up_to(keeps)
            fresh.wrapping = life.wrapping
            fresh.lines = _count_lines(fd, keeps, fresh.encoding)
            self._turn.skip_to(fresh, keeps, "read_before")
        self._register.take_path(life)
        self._end_or_continue_in_copy(life, "truncated_before_read", now)
        self._newborn.append(fresh)
        self._attend(fresh, now)
        self._look_again(fresh, now + HOT_S)

    def _renewed(self, life: Life, now: float) -> None:
        """The file was written anew, longer, and put in place of the old one: the life goes on there."""
        self._descriptors.close(life)
        _, _, here = self._descriptors.open_unknown(life)
        self._register.identify(life, here)
        life.verified = False
        self._look_again(life, now)

    def _replaced(self, life: Life, now: float) -> None:
        path = life.path
        self._turn.happened["rotated"] += 1
        self._leave(life, now)
        self._meet(path, now)

    def _lost_its_path(self, life: Life, now: float) -> None:
        """Removed, renamed, or on a mount that is away: what is away may come back and is waited for."""
        if life.fd != NOWHERE and not _answers(life.fd):
            # What was open has gone with its mount.
            self._descriptors.close(life)
        if self._may_come_back(life, now):
            self._look_again(life, now + self.source.cold_s)
            return
        self._leave(life, now)

    def _may_come_back(self, life: Life, now: float) -> bool:
        if life.fd != NOWHERE or siblings.is_mounted(life):
            return False
        life.absent_since = life.absent_since or now
        self._unread[life.path] = "its file system is away"
        return now - life.absent_since < KEEP_ABSENT_S

    # -- copies that rotation makes

    def _seems_a_copy(self, life: Life, now: float) -> bool:
        """`train.log.1` that begins as `train.log` does: copied for a rotation, or for keeping."""
        if life.is_original:
            return False
        for log in siblings.rotated_from(life.path):
            for original in list(self._register.of_log(log)):
                if original is not life and self._goes_on_elsewhere(original, life, now):
                    return True
                if original is not life and siblings.repeats(life, original, self._descriptors):
                    life.copy_of = original
                    self._look_again(life, life.changed_at + HOT_S)
                    return True
        return False

    def _goes_on_elsewhere(self, original: Life, life: Life, now: float) -> bool:
        """Whether another run writes to the file of `original`, as had not been noticed, and `life` is over for it.

        Only of an open file: to open another might close that of `life`, which is being read.
        """
        self._settle(original, self._glances.take(original))
        return original.fd != NOWHERE and self.doubts(original, now) and life not in self._register

    def _settle_copy(self, life: Life, original: Life, now: float) -> None:
        """A file that repeats another one is not read again, unless it says more, or something else."""
        if self._goes_on_elsewhere(original, life, now):
            return
        if not siblings.repeats(life, original, self._descriptors):
            self._is_no_copy(life)
        elif now - life.changed_at >= COPY_SETTLED_S:
            if life.size > original.offset:
                self._is_no_copy(life)
                return
            self._turn.skip_to(life, life.size, "copy")
            life.copy_of, life.dirty = None, True

    def _is_no_copy(self, life: Life) -> None:
        life.copy_of, life.is_original = None, True
        self._make_ready(life)

    def _is_read_for_itself(self, file: FileId) -> bool:
        """Whether `file` has a life of its own that has begun to be read."""
        other = self._known(file)
        return other is not None and other.copy_of is None and other.offset > 0

    def _end_or_continue_in_copy(self, life: Life, reason: str, now: float) -> None:
        """The file is gone or cut. What was unread may stand in the copy that rotation made; else it is lost."""
        found = siblings.find_copy(life, self._surroundings, self._is_read_for_itself)
        if found is not None:
            self._continue_in_copy(life, *found, now)
            return
        self._turn.close(life, reason)
        self._end(life)

    def _continue_in_copy(self, life: Life, path: str, fd: int, now: float) -> None:
        """copytruncate: the unread rest stands in the copy, open as `fd`, which carries this life on."""
        self._descriptors.close(life)
        self._register.take_path(life)
        stat = os.fstat(fd)
        file = file_id(fd, stat)
        stand_in = self._known(file)
        if stand_in is not None:
            self._end(stand_in)
        # Before anybody else is asked where he goes on: this file is taken.
        self._register.identify(life, file)
        self._descriptors.adopt(life, fd)
        life.path, life.size = path, stat.st_size
        life.changed_at = life.left_at = now
        life.dirty, life.verified, life.held_size, life.is_deleted = True, False, 0, False
        holder = self._register.at(path)
        if holder is not None:
            self._leave(holder, now)
        if self._tree.fits(path):
            self._register.give_path(life, path)
            self._unmet.discard(path)
        self._meet_unseen(life, now)
        self._attend(life, now)
        self._look_again(life, now)

    # -- lives without a path

    def _leave(self, life: Life, now: float) -> None:
        """`life` has lost its path to another file, or its path is gone."""
        self._settle(life, self._glances.end(life))
        self._register.take_path(life)
        if self._tree.fits(life.path):
            self._unmet.add(life.path)
        life.changed_at = life.left_at = now
        life.dirty = True
        try:
            is_there = life.fd != NOWHERE or self._reopen_renamed(life)
        except OSError as error:
            self._unread[life.path] = error.strerror or str(error)
            self._look_again(life, now + HOT_S)
            return
        if not is_there:
            self._end_or_continue_in_copy(life, "deleted_before_read", now)
            return
        self._locate(life)
        self._meet_unseen(life, now)
        self._look_again(life, now)

    def _locate(self, life: Life) -> None:
        """Finds out where the open file of `life` lies now."""
        stat = os.fstat(life.fd)
        life.is_deleted = stat.st_nlink == 0
        if life.is_deleted or _names(life.path) == (stat.st_dev, stat.st_ino):
            return
        path = name_of(life.fd) or siblings.find_renamed(life, self._surroundings)
        if path is not None:
            life.path, life.dirty = path, True
        else:
            # It has a name that we cannot find: the descriptor is the only way to it.
            life.is_deleted = True

    def _reopen_renamed(self, life: Life) -> bool:
        """Opens the file under another name in its directory, as rotation leaves it. False: it is not there.

        Raises:
            OSError: when it cannot be opened, or is moved on again and again.
        """
        for _ in range(MOVES_FOLLOWED):
            path = siblings.find_renamed(life, self._surroundings)
            if path is None:
                return False
            with contextlib.suppress(FileNotFoundError):
                is_it = self._reopen_at(life, path)
                if is_it is not None:
                    return is_it
        raise OSError(errno.EAGAIN, "is renamed again and again", life.path)

    def _reopen_at(self, life: Life, path: str) -> bool | None:
        """Opens `path` if that is the file of `life`; None when another one has been moved there meanwhile.

        Raises:
            OSError: when that cannot be found out.
        """
        fd = self._descriptors.open_path(path)
        is_it = False
        try:
            here = file_id(fd, os.fstat(fd))
            if here.ino != life.file.ino:
                return None
            is_same = life.file.is_same_file(here) or likeness.may_be_remounted(life, here)
            is_it = is_same and life.evidence.agrees(reader(fd))
        finally:
            if not is_it:
                os.close(fd)
        if is_it:
            self._register.identify(life, here)
            self._descriptors.adopt(life, fd)
            life.path, life.is_deleted, life.verified = path, False, True
        return is_it

    def _meet_unseen_before(self, life: Life, now: float) -> None:
        """Since its elder was left, the log may have been rotated once more."""
        elders = [other for other in self._register.of_log(life.log) if other.number < life.number]
        if elders:
            self._meet_unseen(max(elders, key=lambda elder: elder.number), now)

    def _meet_later_runs(self, life: Life, now: float) -> None:
        """What is moved while it is looked for may be missed, so that it is looked for again for a while.

        As long as no log stands at its name, one that was begun there and rotated is found from its elder only.
        """
        if now - life.left_at >= SEARCHED_AGAIN_S and not self._is_last_of_log(life):
            return
        changed_ns = self._surroundings.changed_ns(os.path.dirname(life.log))
        if changed_ns != life.beside_ns:
            self._meet_unseen(life, now)
            life.beside_ns = changed_ns

    def _is_last_of_log(self, life: Life) -> bool:
        is_over = self._register.at(life.log) is None
        return is_over and all(other.number <= life.number for other in self._register.of_log(life.log))

    def _meet_unseen(self, life: Life, now: float) -> None:
        """Several rotations between two looks leave files that never stood at the log's name when we looked."""
        if not self._reach(life) or not life.evidence.agrees(reader(life.fd)):
            return
        for _ in range(MOVES_FOLLOWED):
            unseen = siblings.find_unseen(life, self._surroundings, self._is_known, self._has_open)
            beside = [path for path in unseen if not self._tree.fits(path)]
            for path in beside:
                self._begin(path, now, after=life)
            # What was moved on since it was found is found again.
            if all(self._is_known_at(path) for path in beside):
                return

    def _reach(self, life: Life) -> bool:
        """Whether the file of `life` is open, or can be opened where it lies now."""
        with contextlib.suppress(FileNotFoundError):
            return self._descriptors.open(life) != NOWHERE
        return life.is_nameless and self._reopen_renamed(life)

    def _is_known(self, file: FileId) -> bool:
        return self._known(file) is not None

    def _has_open(self, device: int, inode: int) -> bool:
        """Whether a life has this file open: as long as it has, its number stands for no other."""
        life = self._register.of_file(device, inode)
        return life is not None and life.fd != NOWHERE

    def _is_known_at(self, path: str) -> bool:
        here = _names(path)
        return here is not None and self._register.of_file(*here) is not None

    def _look_at_nameless(self, life: Life, now: float) -> None:
        # After a start nobody knows since when its writer has been silent.
        life.changed_at = life.changed_at or now
        stat = self._stat_nameless(life)
        if stat is None and self._may_come_back(life, now):
            self._look_again(life, now + RENAMED_COLD_S)
            return
        if stat is None:
            self._end_or_continue_in_copy(life, "deleted_before_read", now)
            return
        if life.fd != NOWHERE and likeness.must_compare(life, stat):
            is_cut = stat.st_size < life.offset
            if is_cut or not likeness.agrees(life, life.fd, stat.st_size):
                if not is_cut:
                    self._turn.go_back(life)
                self._cut(life, now)
                return
            likeness.note_compared(life, stat)
            life.proven = None
        self._note_size(life, stat.st_size, now)
        if life.fd != NOWHERE:
            self._locate(life)
        self._meet_later_runs(life, now)
        self._attend(life, now)
        kept_s = DELETED_KEPT_S if life.is_deleted else RENAMED_KEPT_S
        if life.key not in self._is_ready and now - life.changed_at >= kept_s:
            self._turn.close(life, "deleted_before_read")
            self._end(life)
        else:
            longest = 1.0 if life.is_deleted else RENAMED_COLD_S
            self._look_again(life, self._next_look(life, now, longest))

    def _stat_nameless(self, life: Life) -> os.stat_result | None:
        """The state of a file that holds no path; None when it is gone.

        Raises:
            OSError: when that cannot be found out.
        """
        if life.fd == NOWHERE:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                stat = os.stat(life.path)
                is_it = (stat.st_dev, stat.st_ino) == (life.file.dev, life.file.ino)
                if is_it and not likeness.must_compare(life, stat):
                    return stat
            if not self._reopen_renamed(life):
                return None
        return os.fstat(life.fd)

    def _end(self, life: Life) -> None:
        """Nothing more will come of this life."""
        self._settle(life, self._glances.end(life))
        self._descriptors.close(life)
        self._register.drop(life)
        self._unread.pop(life.path, None)
        self._turn.ended.append(life.key)

    # -- reading

    def _make_ready(self, life: Life) -> None:
        if life.key not in self._is_ready:
            self._is_ready.add(life.key)
            self._ready.append(life)

    def _line_up(self) -> None:
        """Of one log, what was written first is read first; other logs do not wait for that."""
        streams: dict[str, list[Life]] = defaultdict(list)
        for life in self._newborn:
            streams[self._stream_of(life)].append(life)
        for log, newborn in streams.items():
            youngest = self._register.at(log)
            unread = [life for life in self._register.of_log(log) if life.unread and life not in newborn]
            in_order = sorted(
                [*unread, *newborn], key=lambda life: (life is youngest, life.mtime_ns, life.number)
            )
            for elder, life in itertools.pairwise(in_order):
                # When its old writer goes on, a file changes its place in the order.
                life.elder = None if _waits_for(elder, life) else (elder, elder.size)

    def _stream_of(self, life: Life) -> str:
        """The log that `life` is a part of: itself, or what rotation made it from."""
        logs = siblings.rotated_from(life.path)
        return next((log for log in logs if self._register.at(log) is not None), life.log)

    def _must_wait(self, life: Life) -> bool:
        if life.elder is not None:
            elder, size = life.elder
            # For what cannot be read nobody waits.
            if elder.key in self._is_ready and elder.offset < size and elder.path not in self._unread:
                return True
            life.elder = None
        return False

    def _read_batch(self, now: float, most: int) -> None:
        """A share for every file that has something, in turns, until the batch is full."""
        for _ in with_breaks(range(len(self._ready))):
            if self._turn.read >= most:
                return
            life = self._ready.popleft()
            if self._must_wait(life):
                self._ready.append(life)
                continue
            self._is_ready.discard(life.key)
            if life not in self._register:
                continue
            try:
                self._read(life, now)
            except FileNotFoundError:
                self._look_again(life, now)
                continue
            except OSError as error:
                self._unread[life.path] = error.strerror or str(error)
                continue
            if life in self._register and life.unread and not life.is_waiting and life.copy_of is None:
                self._make_ready(life)

    def _read(self, life: Life, now: float) -> None:
        """One read: what precedes the offset must be what we read, then the new bytes are framed.

        Raises:
            FileNotFoundError: when it does not lie at its path any more.
            OSError: when the file cannot be opened or read.
        """
        fd = self._descriptors.open(life)
        if life.encoding == COMPRESSED:
            self._turn.skip_to(life, life.size, "compressed")
            return
        if life.offset == 0 and self._seems_a_copy(life, now):
            return
        tail = life.evidence.tail_length
        # A buffer of a megabyte for a line of a hundred bytes would cost more than all else here.
        wanted = min(self._quantum, max(life.unread, READ_AT_LEAST))
        data = os.pread(fd, tail + wanted, life.offset - tail)
        before, data = data[:tail], data[tail:]
        # Compared once more after the bytes were read, so that these are of the same run as the samples.
        if not life.evidence.goes_on(reader(fd), before):
            life.verified = False
            self._look_if_possible(life, now)
            return
        life.proven = None
        self._turn.read += len(data)
        if data.startswith(b"\x00") and self._turn.step_over_nuls(life, data, now):
            return
        if life.offset == 0:
            life.encoding = COMPRESSED if is_compressed(data) else sniff(data)
            if life.encoding == COMPRESSED:
                self._turn.skip_to(life, life.size, "compressed")
                return
        if life.offset == 0 or not life.wrapping:
            life.wrapping = sniff_wrapping(data) if self.source.format == "auto" else self.source.format
        self._turn.take(life, before, data, self.source.max_record, now)


def _waits_for(life: Life, other: Life) -> bool:
    while life.elder is not None:
        life, _ = life.elder
        if life is other:
            return True
    return False


def _answers(fd: int) -> bool:
    with contextlib.suppress(OSError):
        os.fstat(fd)
        return True
    return False


def _names(path: str) -> tuple[int, int] | None:
    """Device and inode of what `path` names."""
    with contextlib.suppress(OSError):
        stat = os.stat(path)
        return stat.st_dev, stat.st_ino
    return None


def _target(path: str) -> str:
    """What `path` leads to, if it is a link."""
    return os.path.realpath(path) if os.path.islink(path) else ""


def _count_lines(fd: int, end: int, encoding: str) -> int:
    """Line feeds in the first `end` bytes: reading them costs less than being off by a million lines."""
    lines = at = 0
    while at < end:
        data = os.pread(fd, min(QUANTUM, end - at), at)
        if not data:
            break
        lines += to_utf8(data, encoding).count(b"\n")
        at += len(data)
    return lines
