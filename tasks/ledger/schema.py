"""The revision of the schema, and the migration of a ledger to it.

Every flow process opens the ledger, so Alembic (a third of a second to import) is only loaded
if there is something to migrate.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from tasks.errors import BadInputError

HEAD = "0017"
MIGRATIONS = Path(__file__).parent / "migrations"

Transaction = Callable[[], AbstractContextManager[Connection]]


def revision(connection: Connection) -> str | None:
    """Return the revision of the database; None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    number = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if number is None else str(number)


def migrate(read: Transaction, write: Transaction) -> None:
    """Migrate the database to HEAD, in one transaction, also if others try the same.

    Raises:
        BadInputError: When its revision is unknown here: a newer Slipway wrote it.
    """
    with read() as connection:
        if revision(connection) == HEAD:
            return
    with write() as connection:
        # Another process may have migrated while this one waited for the lock.
        if revision(connection) != HEAD:
            upgrade(connection, HEAD)


def upgrade(connection: Connection, target: str) -> None:
    """Run Alembic's migrations up to ``target`` in the transaction of ``connection``."""
    from alembic import command  # noqa: PLC0415 - slow to import, and rarely needed
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, target)
    except CommandError as error:
        raise BadInputError(
            "ledger",
            revision(connection),
            f"has a schema this version of Slipway cannot migrate ({error})",
            "Update Slipway, or name another ledger by SLIPWAY_LEDGER_URL.",
        ) from error
