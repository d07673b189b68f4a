"""How we remember: positions, events, incidents and the outbox move in one SQLite transaction.

Whatever happens between two transactions, a restart finds all of them as they were after the first: what was
read but not committed is read again and gives the same event ids. Every method is synchronous and belongs
to one thread; `deliver` and `daemon` reach it through an executor.
"""

import contextlib
import fcntl
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from logwatch.breath import with_breaks
from logwatch.errors import StateError

SCHEMA_VERSION = 1
# Ids of events are kept so long against a second reading of the same line; positions alone prevent most.
EVENT_IDS_KEPT = 200_000
# A receiver that is down for days costs disk, not memory, and at most this much of it.
OUTBOX_KEPT = 10_000
# Incidents of which it is known what was advised: people say afterwards what helped.
TOLD_KEPT = 10_000

_SCHEMA = """
CREATE TABLE generation (
    key TEXT PRIMARY KEY, source TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL, seen_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE source (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, line BLOB
);
CREATE INDEX event_unwritten ON event (seq) WHERE line IS NOT NULL;
CREATE TABLE incident (incident_id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, receiver TEXT NOT NULL, kind TEXT NOT NULL,
    incident_id TEXT NOT NULL, body TEXT NOT NULL, queued_at REAL NOT NULL, due_at REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT '', UNIQUE (id, receiver)
);
CREATE INDEX outbox_due ON outbox (receiver, due_at);
CREATE TABLE memory (
    receiver TEXT NOT NULL, incident_id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (receiver, incident_id)
) WITHOUT ROWID;
CREATE TABLE disabled (receiver TEXT PRIMARY KEY, why TEXT NOT NULL, fingerprint TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (
    error_id TEXT NOT NULL, domain TEXT NOT NULL, category TEXT NOT NULL, severity TEXT NOT NULL,
    source TEXT NOT NULL, count INTEGER NOT NULL, exposed INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (error_id, domain, category, severity, source)
) WITHOUT ROWID;
CREATE TABLE dispatch (
    kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE told (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, incident_id TEXT NOT NULL UNIQUE, body TEXT NOT NULL
);
"""

_TABLES = frozenset(re.findall(r"CREATE TABLE (\w+)", _SCHEMA))

CounterKey = tuple[str, str, str, str, str]
# What is remembered of who was told what: a kind of thing, and which one.
DispatchKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StoredGeneration:
    """A life of a file; `body` belongs to the room that reads, `seen_at` is when it was last there."""

    key: str
    source: str
    path: str
    body: Mapping[str, Any]
    seen_at: float


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A notice for one receiver. `body` is the notice; times are seconds since the epoch."""

    id: str
    receiver: str
    kind: str
    incident_id: str
    body: Mapping[str, Any]
    due_at: float
    queued_at: float = 0.0
    attempts: int = 0
    memory: Mapping[str, str] = field(default_factory=dict)


# A statement and its values.
_Change = tuple[str, Sequence[Any]]


@dataclass(slots=True)
class Batch:
    """What one turn of the daemon has to remember, all of it or nothing.

    `events` are pairs of event id and the line for the event file (None where there is no such file).
    `dispatch` is what changed of who was told what, None for what is over; `told` is the advice that was
    given, by incident.
    """

    generations: list[StoredGeneration] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    events: list[tuple[str, bytes | None]] = field(default_factory=list)
    counts: dict[CounterKey, int] = field(default_factory=dict)
    incidents: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    messages: list[StoredMessage] = field(default_factory=list)
    dispatch: dict[DispatchKey, Mapping[str, Any] | None] = field(default_factory=dict)
    told: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(
            (
                self.generations,
                self.forgotten,
                self.events,
                self.incidents,
                self.closed,
                self.messages,
                self.dispatch,
                self.told,
            )
        )


class Store:
    """The state directory of one daemon.

    Raises (from the constructor):
        StateError: when the directory cannot be used, or another daemon holds it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = _lock(folder)
        self.warnings: list[str] = []
        self._file = folder / "state.db"
        self._backup = folder / "state.db.bak"
        self._db = self._open_or_fall_back()
        self._on_disk = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def on_disk(self) -> bool:
        """False while the disk cannot be written and the state lives in memory."""
        return self._on_disk

    def close(self) -> None:
        """Leaves a copy for the case that the file is damaged later, and lets go of the lock."""
        if self._on_disk:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._copy_to(self._backup)
        else:
            self.settle()
        self._db.close()
        os.close(self._lock)

    def commit(self, batch: Batch) -> None:
        """Makes `batch` durable; with a disk that cannot be written, in memory until `settle` succeeds."""
        self._transact(lambda: self._write(batch))

    def settle(self) -> bool:
        """Tries to bring the state from memory back to the disk; True when it is there."""
        if self._on_disk:
            return True
        try:
            with contextlib.closing(_connect(self._file)) as disk:
                self._db.backup(disk)
            fresh = _connect(self._file)
        except sqlite3.Error:
            return False
        self._db.close()
        self._db, self._on_disk = fresh, True
        return True

    def generations(self) -> list[StoredGeneration]:
        rows = self._db.execute("SELECT key, source, path, body, seen_at FROM generation ORDER BY key")
        return [StoredGeneration(k, s, p, json.loads(b), at) for k, s, p, b, at in rows]

    def sources(self) -> set[str]:
        """Names of the sources that were followed before."""
        return {name for (name,) in self._db.execute("SELECT name FROM source")}

    def known_events(self, event_ids: Sequence[str]) -> set[str]:
        """Those of `event_ids` that are committed."""
        known: set[str] = set()
        for some in _pieces(event_ids, 500):
            marks = ",".join("?" * len(some))
            known.update(
                row[0]
                for row in self._db.execute(
                    f"SELECT event_id FROM event WHERE event_id IN ({marks})",  # noqa: S608 - only marks
                    some,
                )
            )
        return known

    def unwritten(self, most: int) -> list[tuple[int, str, bytes]]:
        """Events that are not known to be in the event file: sequence number, id and line, oldest first."""
        rows = self._db.execute(
            "SELECT seq, event_id, line FROM event WHERE line IS NOT NULL ORDER BY seq LIMIT ?", (most,)
        )
        return [(seq, event, bytes(line)) for seq, event, line in rows]

    def written(self, up_to: int) -> None:
        """The event file holds every event up to sequence number `up_to`; old ids are dropped."""
        old = "DELETE FROM event WHERE line IS NULL AND seq <= (SELECT MAX(seq) FROM event) - ?"
        self._change(
            ("UPDATE event SET line = NULL WHERE seq <= ? AND line IS NOT NULL", (up_to,)),
            (old, (EVENT_IDS_KEPT,)),
        )

    def incidents(self) -> list[Mapping[str, Any]]:
        return [json.loads(body) for (body,) in self._db.execute("SELECT body FROM incident")]

    def dispatch(self) -> dict[DispatchKey, Mapping[str, Any]]:
        """What batches have put there and not taken away."""
        rows = self._db.execute("SELECT kind, key, body FROM dispatch")
        return {(kind, key): json.loads(body) for kind, key, body in rows}

    def counters(self) -> list[tuple[CounterKey, int, bool]]:
        rows = self._db.execute(
            "SELECT error_id, domain, category, severity, source, count, exposed FROM counter"
        )
        return [((e, d, c, s, src), n, bool(x)) for e, d, c, s, src, n, x in rows]

    def expose(self, keys: Iterable[tuple[str, ...]]) -> None:
        """Prometheus has seen these series. Those of which that is known already are not written again."""
        unseen = self._db.execute(
            "SELECT error_id, domain, category, severity, source FROM counter WHERE exposed = 0"
        )
        news = set(unseen).intersection(keys)
        seen = (
            "UPDATE counter SET exposed = 1 WHERE error_id = ? AND domain = ? AND category = ?"
            " AND severity = ? AND source = ?"
        )
        if news:
            self._change(*((seen, key) for key in news))

    def due(self, receiver: str, now: float, most: int) -> list[StoredMessage]:
        rows = self._db.execute(
            "SELECT o.id, o.kind, o.incident_id, o.body, o.due_at, o.queued_at, o.attempts, m.body"
            " FROM outbox o LEFT JOIN memory m ON m.receiver = o.receiver AND m.incident_id = o.incident_id"
            " WHERE o.receiver = ? AND o.due_at <= ? ORDER BY o.seq LIMIT ?",
            (receiver, now, most),
        )
        return [
            StoredMessage(i, receiver, kind, inc, json.loads(body), due, queued, n, json.loads(mem or "{}"))
            for i, kind, inc, body, due, queued, n, mem in rows
        ]

    def next_due(self, receiver: str) -> float | None:
        (at,) = self._db.execute("SELECT MIN(due_at) FROM outbox WHERE receiver = ?", (receiver,)).fetchone()
        return None if at is None else float(at)

    def sent(self, message_id: str, receiver: str, incident_id: str, memory: Mapping[str, str]) -> None:
        changes: list[_Change] = [_taken_out(message_id, receiver)]
        if memory:
            kept = (receiver, incident_id, _json(memory))
            changes.append(("INSERT OR REPLACE INTO memory VALUES (?, ?, ?)", kept))
        self._change(*changes)

    def put_off(self, message_id: str, receiver: str, until: float, why: str) -> None:
        later = (
            "UPDATE outbox SET due_at = ?, attempts = attempts + 1, error = ? WHERE id = ? AND receiver = ?"
        )
        self._change((later, (until, why[:500], message_id, receiver)))

    def give_up(self, message_id: str, receiver: str) -> None:
        self._change(_taken_out(message_id, receiver))

    def disable(self, receiver: str, fingerprint: str, why: str) -> None:
        """The receiver, as configured under `fingerprint`, gets nothing any more."""
        self._change(
            ("INSERT OR REPLACE INTO disabled VALUES (?, ?, ?)", (receiver, why, fingerprint)),
            ("DELETE FROM outbox WHERE receiver = ?", (receiver,)),
        )

    def disabled(self) -> dict[str, tuple[str, str]]:
        """Fingerprint and reason, by receiver."""
        rows = self._db.execute("SELECT receiver, fingerprint, why FROM disabled")
        return {receiver: (fingerprint, why) for receiver, fingerprint, why in rows}

    def enable(self, receiver: str) -> None:
        self._change(("DELETE FROM disabled WHERE receiver = ?", (receiver,)))

    def waiting(self) -> dict[str, tuple[int, str]]:
        """How many messages wait, and why the oldest of them does, by receiver."""
        rows = self._db.execute("SELECT receiver, COUNT(*), error, MIN(seq) FROM outbox GROUP BY receiver")
        return {receiver: (count, error) for receiver, count, error, _ in rows}

    def _write(self, batch: Batch) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO generation VALUES (?, ?, ?, ?, ?)",
            ((g.key, g.source, g.path, _json(g.body), g.seen_at) for g in with_breaks(batch.generations)),
        )
        self._db.executemany("INSERT OR IGNORE INTO source VALUES (?)", [(s,) for s in batch.sources])
        self._db.executemany("DELETE FROM generation WHERE key = ?", [(k,) for k in batch.forgotten])
        self._db.executemany("INSERT OR IGNORE INTO event (event_id, line) VALUES (?, ?)", batch.events)
        self._db.executemany(
            "INSERT INTO counter VALUES (?, ?, ?, ?, ?, ?, 0)"
            " ON CONFLICT DO UPDATE SET count = count + excluded.count",
            [(*key, n) for key, n in batch.counts.items()],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO incident VALUES (?, ?)",
            [(name, _json(body)) for name, body in batch.incidents.items()],
        )
        self._db.executemany("DELETE FROM incident WHERE incident_id = ?", [(i,) for i in batch.closed])
        self._queue(batch.messages)
        self._write_dispatch(batch)

    def _write_dispatch(self, batch: Batch) -> None:
        over = [key for key, body in batch.dispatch.items() if body is None]
        kept = [(*key, _json(body)) for key, body in batch.dispatch.items() if body is not None]
        self._db.executemany("DELETE FROM dispatch WHERE kind = ? AND key = ?", over)
        self._db.executemany("INSERT OR REPLACE INTO dispatch VALUES (?, ?, ?)", kept)
        if batch.told:
            told = [(incident_id, _json(body)) for incident_id, body in batch.told.items()]
            self._db.executemany("INSERT OR REPLACE INTO told (incident_id, body) VALUES (?, ?)", told)
            oldest = "DELETE FROM told WHERE seq <= (SELECT MAX(seq) FROM told) - ?"
            self._db.execute(oldest, (TOLD_KEPT,))

    def _queue(self, messages: Sequence[StoredMessage]) -> None:
        """Queues messages; an update that still waits gives way to a newer one of the same incident."""
        for message in messages:
            if message.kind == "updated":
                self._db.execute(
                    "DELETE FROM outbox WHERE receiver = ? AND incident_id = ? AND kind = 'updated'",
                    (message.receiver, message.incident_id),
                )
            self._db.execute(
                "INSERT OR IGNORE INTO outbox (id, receiver, kind, incident_id, body, queued_at, due_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    message.id,
                    message.receiver,
                    message.kind,
                    message.incident_id,
                    _json(message.body),
                    message.queued_at,
                    message.due_at,
                ),
            )
        for receiver in {m.receiver for m in messages}:
            self._db.execute(
                "DELETE FROM outbox WHERE receiver = ? AND seq <= (SELECT seq FROM outbox WHERE receiver = ?"
                " ORDER BY seq DESC LIMIT 1 OFFSET ?)",
                (receiver, receiver, OUTBOX_KEPT),
            )

    def _change(self, *changes: _Change) -> None:
        def execute() -> None:
            for statement, values in changes:
                self._db.execute(statement, values)

        self._transact(execute)

    def _transact(self, write: Callable[[], None]) -> None:
        """All that `write` does or nothing: on disk, or in memory where the disk takes no more."""
        try:
            self._try_to(write)
        except sqlite3.OperationalError as error:
            if not self._on_disk:
                raise
            self._live_in_memory(error)
            self._try_to(write)

    def _try_to(self, write: Callable[[], None]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            write()
            self._db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            raise

    def _live_in_memory(self, error: sqlite3.Error) -> None:
        self.warnings.append(f"the state cannot be written ({error}); it lives in memory until it can")
        memory = _connect(Path(":memory:"))
        self._db.backup(memory)
        self._db.close()
        self._db, self._on_disk = memory, False

    def _copy_to(self, path: Path) -> None:
        """A complete copy appears under `path` at once or not at all."""
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(fresh)) as copy:
            self._db.backup(copy)
        fresh.replace(path)

    def _open_or_fall_back(self) -> sqlite3.Connection:
        """The state as it was left, else the copy from the last clean stop, else none."""
        for attempt in ("found", "copy", "empty"):
            try:
                return _usable(self._file)
            except (sqlite3.DatabaseError, _OtherVersionError) as error:
                if isinstance(error, sqlite3.OperationalError) and not _is_damage(error):
                    raise StateError(
                        f"{self._file}: cannot be opened: {error}\n    → make {self._folder} writable"
                    ) from error
                self._set_aside(error, attempt)
        raise StateError(f"{self._file}: cannot be created\n    → name another state_dir")

    def _set_aside(self, error: Exception, attempt: str) -> None:
        aside = next(
            path for n in range(1, 1000) if not (path := self._folder / f"state.db.unusable-{n}").exists()
        )
        self._file.rename(aside)
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        fall_back = "the copy of the last clean stop" if self._backup.exists() else "an empty state"
        self.warnings.append(f"{self._file}: {error}; kept as {aside.name}, going on with {fall_back}")
        if attempt == "found" and self._backup.exists():
            self._backup.rename(self._file)


class _OtherVersionError(Exception):
    """The file was written by another version of logwatch."""


def _usable(path: Path) -> sqlite3.Connection:
    if path.exists() and path.stat().st_size == 0:
        # To SQLite that is a new database; to us it is one whose content is lost.
        raise sqlite3.DatabaseError("is empty")
    db = _connect(path)
    try:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version == 0:
            db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise _OtherVersionError(f"has schema {version}, this version writes {SCHEMA_VERSION}")
        elif not {name for (name,) in db.execute("SELECT name FROM sqlite_master")} >= _TABLES:
            raise _OtherVersionError("is not a database of logwatch")
        (sound,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if sound != "ok":
            raise sqlite3.DatabaseError(f"is damaged: {sound}")
    except BaseException:
        db.close()
        raise
    return db


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level=None: transactions are written out. Only one thread uses the connection at a time.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    db.execute("PRAGMA journal_mode = WAL")
    # NORMAL loses the last transactions at a power cut, never consistency: what is lost is read again.
    db.execute("PRAGMA synchronous = NORMAL")
    return db


def _is_damage(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorname", "") in {"SQLITE_CORRUPT", "SQLITE_NOTADB"}


def _lock(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(
            f"{folder}: cannot be used as state directory: {error.strerror}"
            "\n    → make it writable for this user, or name another state_dir"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 32, 0).decode("ascii", "replace").strip() or "?"
        os.close(lock)
        raise StateError(
            f"{folder}: is in use by another logwatch (pid {holder})"
            "\n    → stop it, or give this one a state_dir of its own"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _taken_out(message_id: str, receiver: str) -> _Change:
    return "DELETE FROM outbox WHERE id = ? AND receiver = ?", (message_id, receiver)


# Made once: to make one takes as long as to write down a position.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _json(value: object) -> str:
    return _ENCODER.encode(value)


def _pieces(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
