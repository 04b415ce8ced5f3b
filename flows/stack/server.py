"""Prefect's server, kept from blocking itself for a minute when its SQLite file is contended.

SQLAlchemy 2.0 leaves the open cursor of a failed statement ("database is locked") to the garbage
collector, which may run in the event loop's thread while another thread waits in the same SQLite
connection for the write lock. Freeing an open cursor needs that connection's mutex, so the event
loop stands still until the wait times out (60 s), and with it the transaction that has the lock.
Here such a cursor is closed at once, in the thread of its connection.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterable
from typing import Any

import aiosqlite
from prefect.cli import app


class ClosingCursor(aiosqlite.Cursor):
    """A cursor that closes when its statement fails."""

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> aiosqlite.Cursor:
        """Execute one statement; a failure leaves nothing open.

        Raises:
            sqlite3.Error: As raised by SQLite.
        """
        try:
            return await super().execute(sql, parameters)
        except sqlite3.Error:
            await self.close()
            raise


def close_failed_cursors() -> None:
    """Let every connection of this process hand out cursors that close when they fail."""
    aiosqlite.core.Cursor = ClosingCursor  # type: ignore[misc]


def main() -> None:
    """Serve until told to stop."""
    close_failed_cursors()
    sys.argv = ["prefect", "server", "start"]
    app()


if __name__ == "__main__":
    main()
