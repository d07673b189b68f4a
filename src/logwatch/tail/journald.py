"""The systemd journal, read through `journalctl`, which knows all versions of its format.

It is run twice: first to catch up, from the entry that was read last over any number of boots to the end;
then with `--follow`, which shows the present boot alone whatever else it is told (systemd 252). The position
is the cursor of the last entry. It is given as `--cursor`, which shows that entry once more: when another
comes first, the journal has dropped it. `--after-cursor` would not tell, and before systemd 255 it swallows
an entry when there is a filter (https://github.com/systemd/systemd/issues/30288).
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from logwatch.scan.scanner import Scanner
from logwatch.tail.framing import MAX_RECORD
from logwatch.tail.journal_entry import FIELDS, Entry, entry_of
from logwatch.tail.journalctl import PROGRAM, Journalctl
from logwatch.tail.pump import Haul, Remembered
from logwatch.tail.sieve import Record, Sieve

# What events name as their path.
PLACE = "journal"
# What is no text is written as `255,` for each byte; a longer line holds no record that fits.
_JSON_PER_BYTE = 4
# The descriptor tells when there is more; this is for the case that it does not.
_IDLE_S = 1.0
_RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Journal:
    """What to read: `kernel`, its messages alone; `units`, those of these units alone; without either, all.

    `directory` holds the journal, where it is not this machine's own. `from_end`: begin with what comes, the
    first time; else at the start of the present boot.
    """

    name: str
    kernel: bool = False
    units: Sequence[str] = ()
    directory: str = ""
    from_end: bool = False
    max_record: int = MAX_RECORD

    @property
    def filter(self) -> list[str]:
        """As arguments of journalctl."""
        return ["_TRANSPORT=kernel"] if self.kernel else [f"--unit={unit}" for unit in self.units]

    @property
    def options(self) -> list[str]:
        """Where to look and what for, as arguments of journalctl."""
        return [*([f"--directory={self.directory}"] if self.directory else []), *self.filter]


@dataclass(slots=True)
class Boot:
    """One boot of the machine: a generation of what its journal says.

    `cursor` and `uptime_us` are those of the last entry that was read, by `filter`. `offset` and `lines`
    count the text that was made of entries, in bytes and lines. Before anything was read `boot` is empty, and
    `since` says from when on to read, in seconds since the epoch; 0: from the start of the present boot.
    """

    key: str
    source: str
    number: int
    path: str = PLACE
    boot: str = ""
    cursor: str = ""
    uptime_us: int = 0
    filter: list[str] = field(default_factory=list)
    offset: int = 0
    lines: int = 0
    since: int = 0

    @property
    def home(self) -> str:
        return self.path

    def remembered(self) -> Remembered:
        names = ("number", "boot", "cursor", "uptime_us", "filter", "offset", "lines", "since")
        return Remembered(self.key, self.source, self.path, {name: getattr(self, name) for name in names})

    @classmethod
    def from_remembered(cls, remembered: Remembered) -> "Boot":
        return cls(key=remembered.key, source=remembered.source, path=remembered.path, **remembered.body)


def _key(source: str, boot: str) -> str:
    """Names a boot as one source sees it. The same after a crash that forgot it."""
    return hashlib.sha256(f"{PLACE}\0{source}\0{boot}".encode()).hexdigest()[:24]


class JournalFeed:
    """The entries of a journal: those that are there and, with `follow`, those that come."""

    roots: Sequence[str] = ()
    is_over = False

    def __init__(
        self, journal: Journal, scanner: Callable[[], Scanner], kind: str, *, follow: bool = True
    ) -> None:
        self._journal = journal
        self._sieve = Sieve(scanner, kind)
        self._follow = follow
        self._boot = Boot(_key(journal.name, ""), journal.name, 0)
        self._is_first_time = True
        self._foreign: list[str] = []
        self._process: Journalctl | None = None
        self._is_catching_up = True
        # The cursor that has to come first, because it was read last; empty once something has come.
        self._awaited = ""
        # The position was lost, so that reading began further up, with entries that were read before.
        self._is_rereading = False
        self._start_at = 0.0
        self._failures = 0
        self._problem = ""

    @property
    def readable(self) -> int | None:
        return self._process.descriptor if self._process else None

    @property
    def is_caught_up(self) -> bool:
        if not self._follow and self._problem:
            return True
        return not self._is_catching_up and not (self._process and self._process.has_more)

    def restore(self, remembered: Sequence[Remembered], *, known_source: bool) -> None:
        own = [Boot.from_remembered(known) for known in remembered if "cursor" in known.body]
        self._foreign = [known.key for known in remembered if "cursor" not in known.body]
        self._is_first_time = not known_source
        if own:
            *older, self._boot = sorted(own, key=lambda boot: boot.number)
            self._foreign += [boot.key for boot in older]

    def hop(
        self,
        now: float,
        rings: Iterable[str] = (),  # noqa: ARG002 - there is no file of which anything could be heard
        most: int = 1 << 20,
        appeared: Mapping[str, int] | None = None,  # noqa: ARG002
    ) -> Haul:
        haul = Haul(self._journal.name)
        haul.ended, self._foreign = self._foreign, []
        if self._is_first_time:
            self._is_first_time = False
            self._boot.since = int(now) if self._journal.from_end else 0
            haul.lives.append(self._boot.remembered())
        if self._process is None and now >= self._start_at:
            self._start(now)
        if self._process is not None:
            self._read(self._process, now, most, haul)
        self._survey(haul, now)
        return haul

    def finish(self) -> Haul:
        return Haul(self._journal.name)

    def close(self) -> None:
        if self._process is not None:
            self._process.end()
            self._process = None

    def _survey(self, haul: Haul, now: float) -> None:
        problem = self._problem or (self._process.complaint() if self._process else "")
        haul.problems = {PLACE: problem} if problem else {}
        haul.files["behind" if self._is_catching_up else "current"] = 1
        if self._process is None:
            haul.next_due = max(now, self._start_at)
        else:
            haul.next_due = now if self._process.has_more else now + _IDLE_S

    # -- the program

    def _start(self, now: float) -> None:
        try:
            self._process = Journalctl(self._arguments(), _JSON_PER_BYTE * self._journal.max_record)
        except OSError as error:
            is_missing = isinstance(error, FileNotFoundError)
            self._failed("is not installed" if is_missing else error.strerror or str(error), now)

    def _arguments(self) -> list[str]:
        told = ["--output=json", f"--output-fields={FIELDS}", "--all", "--no-pager", "--lines=all"]
        if not self._is_catching_up:
            told.append("--follow")
        return [*told, self._where_to_begin(), *self._journal.options]

    def _where_to_begin(self) -> str:
        boot = self._boot
        if boot.cursor:
            # An entry that was found by another filter is rightly not shown, nor one of another boot.
            is_shown = self._is_catching_up and boot.filter == self._journal.filter
            self._awaited = boot.cursor if is_shown else ""
            return f"--cursor={boot.cursor}"
        self._is_rereading = bool(boot.boot)
        return f"--since=@{boot.since}" if boot.since else "--boot"

    def _failed(self, why: str, now: float) -> None:
        self._problem = f"{PROGRAM}: {why}"
        self._start_at = now + _RETRY_S[min(self._failures, len(_RETRY_S) - 1)]
        self._failures += 1
        self._is_catching_up = True

    def _ended(self, process: Journalctl, now: float, haul: Haul) -> None:
        status, complaint = process.end()
        self._process = None
        if self._awaited and (status == 0 or "cursor" in complaint):
            self._lost(haul)
            self._boot.cursor, self._boot.since, self._awaited = "", 0, ""
        elif status == 0 and self._is_catching_up:
            self._is_catching_up, self._is_rereading = False, False
            # One who reads only what is there has no more to start.
            self._start_at = now if self._follow else float("inf")
        else:
            self._failed(complaint or f"ended with status {status}", now)

    # -- what it says

    def _read(self, process: Journalctl, now: float, most: int, haul: Haul) -> None:
        before = self._boot.cursor
        records: list[Record] = []
        for line in process.lines(most):
            entry = self._news(line, haul)
            if entry is None:
                continue
            if entry.boot != self._boot.boot:
                self._sieve.sift(self._boot, records, haul)
                records = []
                self._begin(entry.boot, haul)
            records.extend(self._records(entry, haul))
            self._boot.cursor, self._boot.uptime_us = entry.cursor, entry.uptime_us
            self._boot.filter = self._journal.filter
        self._sieve.sift(self._boot, records, haul)
        self._count_dropped(process, haul)
        if self._boot.cursor != before:
            self._problem, self._failures = "", 0
            haul.lives.append(self._boot.remembered())
        if process.has_ended:
            self._ended(process, now, haul)

    def _news(self, line: bytes, haul: Haul) -> Entry | None:
        """The entry in `line`, unless it was read before."""
        if not line.startswith(b"{"):
            # `-- Boot … --`, between two boots.
            return None
        try:
            entry = entry_of(line)
        except ValueError:
            haul.skipped["malformed"] += len(line)
            return None
        if self._awaited:
            if entry.cursor != self._awaited:
                self._lost(haul)
            self._awaited = ""
        is_old = self._is_rereading and entry.boot == self._boot.boot
        if entry.cursor == self._boot.cursor or (is_old and entry.uptime_us <= self._boot.uptime_us):
            return None
        return entry

    def _lost(self, haul: Haul) -> None:
        haul.gaps["cursor_lost"] += 1
        self._is_rereading = True

    def _begin(self, boot: str, haul: Haul) -> None:
        old = self._boot
        haul.ended.append(old.key)
        haul.happened["generation"] += 1
        haul.happened["boot"] += bool(old.boot)
        self._boot = Boot(_key(old.source, boot), old.source, old.number + 1, boot=boot)

    def _records(self, entry: Entry, haul: Haul) -> Iterator[Record]:
        for line in entry.lines():
            kept = line[: self._journal.max_record]
            if len(kept) < len(line):
                haul.skipped["overlong"] += len(line) - len(kept)
                haul.happened["overlong"] += 1
            yield Record(kept, self._boot.offset, self._boot.lines + 1, entry.labels)
            self._boot.offset += len(line) + 1
            self._boot.lines += 1

    def _count_dropped(self, process: Journalctl, haul: Haul) -> None:
        if process.dropped:
            haul.skipped["overlong"] += process.dropped
            haul.happened["overlong"] += 1
            process.dropped = 0
