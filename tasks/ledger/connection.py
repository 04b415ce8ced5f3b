"""Opens the ledger, and provides its two kinds of transaction: read and write."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import URL, Connection, Engine, RootTransaction, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InternalError, OperationalError

from blocks.file_system import tells_no_room
from tasks.errors import BadInputError, BusyError, SlipwayError
from tasks.ledger.postgresql import PostgresqlDatabase
from tasks.ledger.schema import migrate
from tasks.ledger.sqlite import SqliteDatabase

FIELD = "SLIPWAY_LEDGER_URL"
AWAY_SECONDS = 15.0
"""Time that a database server may be away, e.g. for a restart, before work that needs it fails."""
_POLL_SECONDS = 0.2
_LOCKED = re.compile(r"(?i)\block|\bbusy\b")


Result = TypeVar("Result")


class LedgerError(SlipwayError):
    """The ledger's database does not answer, or cannot write; the operation was rolled back."""


class Database(Protocol):
    """The interface in which SQLite and PostgreSQL differ."""

    engine: Engine

    def create(self) -> None:
        """Make it ready to be connected to."""
        ...

    def begin_read(self, connection: Connection) -> None:
        """Start a transaction that sees one state."""
        ...

    def begin_write(self, connection: Connection, *, durable: bool) -> None:
        """Start a transaction that no other writer overlaps.

        ``durable``: a power loss after its commit does not undo it.
        """
        ...

    def end_write(self, connection: Connection) -> None:
        """Do what is necessary before a commit."""
        ...

    def version(self) -> int:
        """Return a number that moves with every commit."""
        ...

    def is_away(self, message: str) -> bool:
        """Tell by the ``message`` of a failure whether the server is only temporarily away."""
        ...

    def explained(self, message: str) -> str:
        """Return the ``message`` of a failure, with the remedy if it is known."""
        ...

    def close(self) -> None:
        """Close every connection."""
        ...


class Ledger:
    """The durable record, at a SQLAlchemy URL; safe to share between threads.

    Transactions are short: decide outside, compare and swap inside, never wait inside. One that
    cannot begin as the database server is away waits for it.
    """

    def __init__(self, url: str) -> None:
        self.url = _parse(url)
        self.database = _database(self.url)
        # Queueing in the process is fairer than the busy handler, and spares connections.
        self._writing = threading.RLock()
        self._shared: ContextVar[Connection | None] = ContextVar("shared", default=None)

    @contextmanager
    def write(self, *, durable: bool = False) -> Iterator[Connection]:
        """Open a write transaction, alone among all writers; it commits unless one raises.

        ``durable``: a power loss after its commit does not undo it, which others need not pay for.

        Raises:
            BusyError: When another writer did not end within half a minute.
            LedgerError: When the database fails.
        """
        begin = partial(self._begin_write, durable=durable)
        with self._writing, self._translated(), self._transaction(begin) as connection:
            yield connection
            self.database.end_write(connection)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction: all its queries see one state.

        Raises:
            LedgerError: When the database fails.
        """
        if (shared := self._shared.get()) is not None:
            yield shared
            return
        begin = self.database.begin_read
        with self._translated(), self._transaction(begin) as connection:
            yield connection

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Let all reads of this thread within the block see the same state."""
        with self.read() as connection:
            token = self._shared.set(connection)
            try:
                yield
            finally:
                self._shared.reset(token)

    def version(self) -> int:
        """Return a number that changes with every commit by anyone; only good for comparison.

        On SQLite the number belongs to this Ledger object; another one counts from elsewhere.
        """
        with self._translated():
            return self.database.version()

    def _begin_write(self, connection: Connection, *, durable: bool) -> None:
        try:
            self.database.begin_write(connection, durable=durable)
        except OperationalError as error:
            if not _LOCKED.search(str(error.orig)):
                raise
            raise BusyError(f"the ledger stays locked by another writer: {error.orig}") from error

    @contextmanager
    def _transaction(self, begin: Callable[[Connection], None]) -> Iterator[Connection]:
        connection, transaction = self.patiently(lambda: self._begun(begin), AWAY_SECONDS)
        with connection, transaction:
            yield connection

    def _begun(self, begin: Callable[[Connection], None]) -> tuple[Connection, RootTransaction]:
        connection = self.database.engine.connect()
        try:
            transaction = connection.begin()
            begin(connection)
        except BaseException:
            connection.close()
            raise
        return connection, transaction

    def patiently(self, act: Callable[[], Result], patience_seconds: float) -> Result:
        """Return the result of ``act``; retry it while the database is away, as it did nothing."""
        deadline = time.monotonic() + patience_seconds
        while True:
            try:
                return act()
            except OperationalError as error:
                if not self.database.is_away(str(error.orig)) or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_SECONDS)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InternalError) as error:
            raise LedgerError(
                self.database.explained(f"the ledger failed: {error.orig}")
            ) from error

    def close(self) -> None:
        """Close every connection; a later use connects again."""
        self.database.close()


def open_ledger(url: str, patience_seconds: float = 0.0) -> Ledger:
    """Open the ledger at ``url``; create it and migrate it to the newest schema if needed.

    Args:
        url: Its SQLAlchemy URL.
        patience_seconds: How long a database server may be away.

    Raises:
        BadInputError: When it cannot be opened, or was written by a newer Slipway.
        LedgerError: When there is no room for it.
    """
    ledger = Ledger(url)
    safe_url = ledger.url.render_as_string(hide_password=True)
    try:
        ledger.patiently(ledger.database.create, patience_seconds)
        migrate(ledger.read, ledger.write)
    except (DBAPIError, LedgerError, OSError) as error:
        ledger.close()
        cause = error.orig if isinstance(error, DBAPIError) else error
        message = ledger.database.explained(f"the ledger cannot be opened: {cause}")
        if tells_no_room(message):
            raise LedgerError(message) from error
        raise BadInputError(
            FIELD,
            safe_url,
            f"the ledger cannot be opened ({cause})",
            "Name a file that can be written or a PostgreSQL that answers, or leave it empty.",
        ) from error
    except BaseException:
        ledger.close()
        raise
    return ledger


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        # The value may hold a password, so it is not repeated.
        raise BadInputError(
            FIELD, "(hidden)", "is not a database URL", "Write e.g. sqlite:////path/to/ledger.db"
        ) from error


def _database(url: URL) -> Database:
    kind = url.get_backend_name()
    if kind == "sqlite" and url.database not in {None, "", ":memory:"}:
        return SqliteDatabase(url)
    if kind == "postgresql":
        return PostgresqlDatabase(url.set(drivername="postgresql+psycopg"))
    raise BadInputError(
        FIELD,
        url.render_as_string(hide_password=True),
        "the ledger cannot live there",
        "Write sqlite:////path/to/ledger.db or postgresql://user:password@host/name.",
    )
