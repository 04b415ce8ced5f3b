"""Consistent dumps of SQLite databases while they are written to; never a mere copy of the file."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from blocks.file_system import told_full
from blocks.tree import make

SIDE_FILES = ("-wal", "-shm", "-journal")
_BUSY_SECONDS = 30.0
_MAX_COLLATIONS = 100
_UNKNOWN_COLLATION = re.compile(r"no such collation sequence: (.+)$")


@dataclass(frozen=True, slots=True)
class Dumps:
    """Dumps that all show the moment ``consistent_at``, in epoch seconds.

    ``failures`` are the databases that could not be dumped, with SQLite's reason.
    """

    consistent_at: float
    failures: Mapping[Path, str]


def dump_databases(pairs: Sequence[tuple[Path, Path]], now: Callable[[], float]) -> Dumps:
    """Dump each (database, new file) pair; a database that cannot be dumped stops no other.

    A read transaction is opened on every database before the first is dumped, so that all of
    them show one moment. Writers go on in WAL mode; in the older journal modes a commit waits
    until that database's dump is done.
    """
    failures: dict[Path, str] = {}
    readers: list[tuple[Path, Path, sqlite3.Connection]] = []
    with ExitStack() as stack:
        for database, copy in pairs:
            stack.enter_context(_log_preserved(database, failures))
            try:
                readers.append((database, copy, stack.enter_context(closing(_reader(database)))))
            except (sqlite3.Error, OSError) as error:
                failures[database] = str(error)
        consistent_at = now()
        for database, copy, reader in readers:
            try:
                _dump(reader, database, copy)
            except (sqlite3.Error, OSError) as error:
                failures[database] = told_full(str(error), copy)
                _discard(copy)
            reader.close()
    return Dumps(consistent_at, failures)


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
    except sqlite3.Error:
        if connection is not None:
            connection.close()
        raise
    return connection


@contextmanager
def _log_preserved(database: Path, failures: Mapping[Path, str]) -> Iterator[None]:
    """Put back the log of a database that turns out to be among ``failures``.

    SQLite removes the log when it closes a database, even one that it could not read. The log of
    a database that can be read without it is left alone.
    """
    log = database.with_name(f"{database.name}-wal")
    saved_log = log.with_name(f".{log.name}.kept")
    with suppress(OSError):
        if log.stat().st_size and not _can_be_read(database):
            saved_log.unlink(missing_ok=True)
            saved_log.hardlink_to(log)
    yield
    with suppress(FileNotFoundError):
        if database in failures and not log.exists():
            saved_log.rename(log)
        else:
            saved_log.unlink()


def _can_be_read(database: Path) -> bool:
    """Tell whether its schema can be read, without its log, a lock, or a change to any file."""
    uri = f"file:{quote(os.fsencode(database))}?immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        return False
    return True


def _dump(reader: sqlite3.Connection, database: Path, copy: Path) -> None:
    """Write the dump and check its integrity; it gets the mode, times and owner of the original."""
    make(copy.parent)
    with closing(sqlite3.connect(copy, isolation_level=None)) as target:
        reader.backup(target)
        if (verdict := _verdict(target)) != "ok":
            raise sqlite3.DatabaseError(f"its dump fails the integrity check ({verdict})")
    shutil.copystat(database, copy)
    if os.geteuid() == 0:
        status = database.stat()
        os.chown(copy, status.st_uid, status.st_gid)


def _discard(copy: Path) -> None:
    """Remove the files of a dump that failed."""
    for suffix in ("", *SIDE_FILES):
        with suppress(OSError):
            copy.with_name(copy.name + suffix).unlink()


def _verdict(connection: sqlite3.Connection) -> str:
    """Return SQLite's verdict; the quick one where the application's own functions are needed.

    A collation that only the application has is replaced by a stand-in: the quick check reads the
    structure of pages, not the order of their contents.
    """
    try:
        return _pragma_result(connection, "integrity_check")
    except sqlite3.OperationalError:
        pass
    for _ in range(_MAX_COLLATIONS):
        try:
            return _pragma_result(connection, "quick_check")
        except sqlite3.OperationalError as error:
            match = _UNKNOWN_COLLATION.search(str(error))
            if match is None:
                raise
            connection.create_collation(match[1], _any_order)
    return "it has too many collations of its own"


def _pragma_result(connection: sqlite3.Connection, pragma: str) -> str:
    return str(connection.execute(f"PRAGMA {pragma}(1)").fetchone()[0])


def _any_order(left: str, right: str) -> int:
    return (left > right) - (left < right)
