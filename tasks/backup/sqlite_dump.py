"""Consistent dumps of SQLite databases while they are written to; never a copy of the file."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import quote

from tasks.errors import SlipwayError

SIDE_FILES = ("-wal", "-shm", "-journal")
_BUSY_SECONDS = 30.0


class DumpError(SlipwayError):
    """A database that could not be dumped, or whose dump is not sound.

    Attributes:
        path: The database.
    """

    def __init__(self, path: Path, detail: str) -> None:
        self.path = path
        super().__init__(
            f"The SQLite database {path} cannot be dumped: {detail}. Nothing was backed up. "
            "Repair it, end what locks it, or move it out of the folder."
        )


def dump_databases(pairs: Sequence[tuple[Path, Path]], now: Callable[[], float]) -> float:
    """Dump each (database, new file) pair; return the moment all dumps are true for.

    A read transaction is opened on every database before the first is dumped, so that all of
    them show one moment. Writers go on in WAL mode; in the older journal modes a commit waits
    until that database's dump is done.

    Raises:
        DumpError: A database is locked for long, damaged, or its dump is.
    """
    with ExitStack() as stack:
        readers = [
            (database, copy, stack.enter_context(closing(_reader(database))))
            for database, copy in pairs
        ]
        consistent_at = now()
        for database, copy, reader in readers:
            try:
                _dump(reader, database, copy)
            except sqlite3.Error as error:
                raise DumpError(database, str(error)) from error
            reader.close()
    return consistent_at


def _reader(database: Path) -> sqlite3.Connection:
    """Return a connection inside a read transaction; SQLite itself recovers what a crash left."""
    mode = "rw" if os.access(database, os.W_OK) and os.access(database.parent, os.W_OK) else "ro"
    connection = None
    try:
        connection = sqlite3.connect(
            f"file:{quote(os.fsencode(database))}?mode={mode}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
        )
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error as error:
        if connection is not None:
            connection.close()
        raise DumpError(database, str(error)) from error
    return connection


def _dump(reader: sqlite3.Connection, database: Path, copy: Path) -> None:
    """Write the dump and prove it; it bears the mode, times and owner of the original."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(copy, isolation_level=None)) as target:
        reader.backup(target)
        if (verdict := _verdict(target)) != "ok":
            raise DumpError(database, f"its dump fails the integrity check ({verdict})")
    shutil.copystat(database, copy)
    if os.geteuid() == 0:
        status = database.stat()
        os.chown(copy, status.st_uid, status.st_gid)


def _verdict(connection: sqlite3.Connection) -> str:
    """Return SQLite's verdict; the quick one where the application's own functions are needed."""
    try:
        rows = connection.execute("PRAGMA integrity_check(1)").fetchall()
    except sqlite3.OperationalError:
        rows = connection.execute("PRAGMA quick_check(1)").fetchall()
    return str(rows[0][0])
