"""The entries on disk: one SQLite file, which several processes may write at once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from guestbook.entry import Entry

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    author TEXT NOT NULL,
    message TEXT NOT NULL,
    at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS executions (
    id TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    version TEXT NOT NULL
) WITHOUT ROWID;
"""
_ARRIVED = """
INSERT INTO executions (id, count, version) VALUES (?, 1, ?)
ON CONFLICT (id) DO UPDATE SET count = count + 1 RETURNING count
"""


@dataclass(frozen=True, slots=True)
class Executions:
    """How many requests to write were executed, and which of them more than once."""

    requests: int
    distinct: int
    repeated: tuple[str, ...]


class Store:
    """The entries in the SQLite file at ``path``; made with its folder where there is none."""

    def __init__(self, path: Path, busy_seconds: float = 10.0) -> None:
        self._path, self._busy_seconds = path, busy_seconds
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection().executescript(_SCHEMA)

    def add(self, entry: Entry, version: str, at: float) -> int:
        """Record ``entry`` and return how often its id has arrived so far.

        An entry whose id is taken changes nothing but that count, so that a client can tell
        afterwards whether a request of its was executed twice.
        """
        with self._writing() as connection:
            (count,) = connection.execute(_ARRIVED, (entry.id, version)).fetchone()
            connection.execute(
                "INSERT INTO entries (id, author, message, at) VALUES (?, ?, ?, ?)"
                " ON CONFLICT (id) DO NOTHING",
                (entry.id, entry.author, entry.message, at),
            )
        return int(count)

    def newest(self, limit: int = 50) -> list[Entry]:
        """Return the last ``limit`` entries, newest first."""
        rows = self._connection().execute(
            "SELECT id, author, message FROM entries ORDER BY number DESC LIMIT ?", (limit,)
        )
        return [Entry(*row) for row in rows]

    def count(self) -> int:
        """Return the number of entries."""
        (count,) = self._connection().execute("SELECT count(*) FROM entries").fetchone()
        return int(count)

    def executions(self, limit: int = 100) -> Executions:
        """Return what was executed; at most ``limit`` of the repeated ids are named."""
        connection = self._connection()
        requests, distinct = connection.execute(
            "SELECT coalesce(sum(count), 0), count(*) FROM executions"
        ).fetchone()
        repeated = connection.execute(
            "SELECT id FROM executions WHERE count > 1 ORDER BY id LIMIT ?", (limit,)
        )
        return Executions(requests, distinct, tuple(row[0] for row in repeated))

    def close(self) -> None:
        """Close every thread's connection."""
        while self._opened:
            self._opened.pop().close()
        self._local = threading.local()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        # A deferred transaction that turns into a writer fails at once where another one writes.
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        known: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if known is not None:
            return known
        connection = sqlite3.connect(
            self._path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        self._local.connection = connection
        self._opened.append(connection)
        return connection
