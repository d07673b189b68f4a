"""The state of a daemon as others see it, while it runs or after it has ended. Nothing is changed."""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from logwatch.errors import StateError
from logwatch.store import SCHEMA_VERSION

# A daemon that commits holds nobody up for longer.
PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Told:
    """An incident that was told, and which error and advice it was told with, in the order shown."""

    incident_id: str
    error_id: str
    workarounds: tuple[str, ...]


class Glimpse:
    """Raises (from the constructor): StateError, where there is no state that can be read."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.db"
        self._db = self._opened()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def hits(self) -> dict[str, int]:
        """How many notices each silence has held back."""
        rows = self._rows("SELECT key, body FROM dispatch WHERE kind = 'silence'")
        return {key: json.loads(body)["hits"] for key, body in rows}

    def told(self, beginning: str) -> list[Told]:
        """Incidents whose ids begin so, the latest first."""
        rows = self._rows(
            "SELECT incident_id, body FROM told WHERE substr(incident_id, 1, ?) = ? ORDER BY seq DESC",
            (len(beginning), beginning),
        )
        bodies = [(incident_id, json.loads(body)) for incident_id, body in rows]
        return [Told(name, body["error_id"], tuple(body["workarounds"])) for name, body in bodies]

    def generations(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Source, path and body of every life of a file."""
        rows = self._rows("SELECT source, path, body FROM generation")
        return [(source, path, json.loads(body)) for source, path, body in rows]

    def incidents(self) -> list[Mapping[str, Any]]:
        return [json.loads(body) for (body,) in self._rows("SELECT body FROM incident")]

    def waiting(self) -> dict[str, tuple[int, str]]:
        """How many messages wait, and why the oldest of them does, by receiver."""
        rows = self._rows("SELECT receiver, COUNT(*), error, MIN(seq) FROM outbox GROUP BY receiver")
        return {receiver: (count, error) for receiver, count, error, _ in rows}

    def disabled(self) -> dict[str, str]:
        """Why, by receiver."""
        return dict(self._rows("SELECT receiver, why FROM disabled"))

    def _rows(self, query: str, values: Iterable[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise self._unreadable(error) from error

    def _opened(self) -> sqlite3.Connection:
        if not self._file.exists():
            raise StateError(
                f"{self._file}: there is no state yet\n"
                "    → start the daemon first; or name the configuration that it runs on with -c"
            )
        uri = self._file.absolute().as_uri()
        # Without the right to write, a file that no daemon has open can be read only as if it never changed.
        ways = (f"{uri}?mode=ro", f"{uri}?mode=ro&immutable=1")
        problem: sqlite3.Error | None = None
        for way in ways:
            db = sqlite3.connect(way, uri=True, timeout=PATIENCE_S)
            try:
                (version,) = db.execute("PRAGMA user_version").fetchone()
                db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
            except sqlite3.Error as error:
                db.close()
                problem = error
                continue
            if version != SCHEMA_VERSION:
                db.close()
                raise StateError(f"{self._file}: was written by another version of logwatch")
            return db
        raise self._unreadable(problem) from problem

    def _unreadable(self, error: sqlite3.Error | None) -> StateError:
        return StateError(f"{self._file}: cannot be read: {error}\n    → run this as the user of the daemon")
