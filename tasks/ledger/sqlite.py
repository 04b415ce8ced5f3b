"""The ledger's database on SQLite: one host, no server, one writer at a time."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from blocks.file_system import has_no_room, told_full

BUSY_SECONDS = 30.0
_DURABLE = "durable"
"""Says of a connection whether its commits are on the disk when they return."""


class SqliteDatabase:
    """One SQLite file in WAL mode.

    ``synchronous`` is NORMAL: a killed process loses nothing. A power loss may lose the commits of
    the last moments (but never corrupts the file); the holders of leases died with the host then,
    and step outcomes are found again in the exit records on disk. FULL would cost an fsync for each
    commit.
    """

    def __init__(self, url: URL) -> None:
        self.path = Path(url.database or "")
        self.engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, max_overflow=-1)
        event.listen(self.engine, "connect", _prepare)
        self._watch: sqlite3.Connection | None = None
        self._watching = threading.Lock()

    def create(self) -> None:
        """Create the file, readable by its owner alone, and turn WAL on."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A file that exists is not opened: closing it would end the locks that SQLite has on it for
        # other connections of this process. Another process would take itself for the last user
        # then, and remove the log to which this one goes on writing.
        with suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        deadline = time.monotonic() + BUSY_SECONDS
        while not _turned_to_wal(self.path):
            if time.monotonic() > deadline:
                raise TimeoutError("the file stays locked by another program")
            time.sleep(0.01)

    def begin_read(self, connection: Connection) -> None:
        """Start a transaction that sees one state of the file."""
        connection.exec_driver_sql("BEGIN")

    def begin_write(self, connection: Connection, *, durable: bool) -> None:
        """Wait for the write lock; a deferred BEGIN would fail when it later begins to write."""
        if connection.info.get(_DURABLE, False) != durable:
            synchronous = "FULL" if durable else "NORMAL"
            connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
            connection.info[_DURABLE] = durable
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def end_write(self, connection: Connection) -> None:
        """SQLite counts commits by itself."""

    def version(self) -> int:
        """Return a number that moves with every commit of any connection.

        ``data_version`` ignores the commits of the connection that asks, so it is asked by a
        connection that never writes.
        """
        with self._watching:
            if self._watch is None:
                self._watch = sqlite3.connect(
                    self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
                )
            row = self._watch.execute("PRAGMA data_version").fetchone()
        return int(row[0])

    def is_away(self, message: str) -> bool:
        """Return False, as a file is never away for a moment only."""
        del message
        return False

    def explained(self, message: str) -> str:
        """Return ``message``; if the disk is full, add which disk and the remedy.

        When SQLite cannot lengthen the file that its readers share, it reports an I/O error.
        """
        if "disk I/O error" in message and has_no_room(self.path):
            message = f"{message} (no space left on device)"
        return told_full(message, self.path)

    def close(self) -> None:
        """Close every connection."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self.engine.dispose()


def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # We choose the kind of BEGIN, so the driver must not begin by itself.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = NORMAL")


def _turned_to_wal(path: Path) -> bool:
    """Try to set WAL mode, and tell whether it is set; doing so ignores the busy time-out."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS)
    try:
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise OSError(str(error)) from error
        return False
    finally:
        connection.close()
    return str(mode[0]) == "wal"
