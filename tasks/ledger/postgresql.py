"""The ledger's database on PostgreSQL, for more than one host."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.pool import ConnectionPoolEntry

from blocks.file_system import full_elsewhere, tells_no_room

# Not "slipway": a user of that name has a schema of that name before `public` in its search path,
# and Prefect would take our tables for its own.
SCHEMA = "slipway_ledger"
LOCK_SECONDS = 30
# Any number will do, as long as nothing else in the database locks it.
WRITERS_LOCK = 0x51_1D_3A_77
_AWAY = re.compile(
    r"refused|is the server running|starting up|shutting down|recovery mode|terminat|closed the connection|"
    r"connection (is|was) (closed|lost)|timeout expired|too many (clients|connections)"
    r"|remaining connection slots",
    re.IGNORECASE,
)
"""Error messages of the client for a server that restarts, or has no connection left."""
_READ_ONLY = re.compile(r"in a read-only transaction", re.IGNORECASE)


class PostgresqlDatabase:
    """One schema of a PostgreSQL database, which Prefect may share.

    Writers take one advisory lock: they come one after another as on SQLite, so what was read
    in a write transaction still holds when it commits, and one code path serves both.
    """

    def __init__(self, url: URL) -> None:
        self.engine = create_engine(url, pool_size=3, max_overflow=5, pool_pre_ping=True)
        # Before SQLAlchemy's own handler, which asks for the current schema.
        event.listen(self.engine, "connect", _prepare, insert=True)

    def create(self) -> None:
        """Connect; the schema is created with the first connection."""
        self.engine.connect().close()

    def begin_read(self, connection: Connection) -> None:
        """Start a transaction that sees one state of the database."""
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def begin_write(self, connection: Connection, *, durable: bool) -> None:
        """Wait for the lock of the writers; it ends with the transaction, which is durable."""
        del durable
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")

    def end_write(self, connection: Connection) -> None:
        """Count this commit, unless nothing was written."""
        connection.exec_driver_sql(
            "UPDATE commits SET count = count + 1"
            " WHERE pg_current_xact_id_if_assigned() IS NOT NULL"
        )

    def version(self) -> int:
        """Return the number of commits."""
        with self.engine.connect() as connection:
            return int(connection.execute(text("SELECT count FROM commits")).scalar_one())

    def is_away(self, message: str) -> bool:
        """Tell whether the server restarts, or accepts no connection for the moment."""
        return _AWAY.search(message) is not None

    def explained(self, message: str) -> str:
        """Return ``message``; if the server's disk is full or it went away, add the remedy."""
        if self.is_away(message):
            remedy = "The database server accepts no connections: start this again."
            return f"{message.rstrip()}. {remedy}"
        if _READ_ONLY.search(message):
            remedy = "The database is read-only: make it writable and start this again."
            return f"{message.rstrip()}. {remedy}"
        if not tells_no_room(message):
            return message
        server = f"the database server {self.engine.url.host}"
        return f"{message.rstrip()}. {full_elsewhere(server)}"

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _prepare(connection: Any, _entry: ConnectionPoolEntry) -> None:
    # Outside a transaction, or the setting is rolled back with the first one.
    connection.autocommit = True
    connection.execute(f"SET search_path TO {SCHEMA}")
    connection.execute(f"SET lock_timeout TO '{LOCK_SECONDS}s'")
    if connection.execute("SELECT to_regnamespace(%s)", (SCHEMA,)).fetchone()[0] is None:
        _create_schema(connection)
    connection.autocommit = False


def _create_schema(connection: Any) -> None:
    # IF NOT EXISTS alone fails where two sessions create it at once.
    connection.execute("SELECT pg_advisory_lock(%s)", (WRITERS_LOCK,))
    try:
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (WRITERS_LOCK,))
