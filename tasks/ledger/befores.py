"""The `before` commands that have run in an environment, recorded so that none runs again there."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import delete, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import befores as table
from tasks.ledger.upsert import upsert


class BeforeState(StrEnum):
    """The recorded state of one command; only its process tells whether it still runs."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BeforeRow:
    """One command, run for a release in an environment; ``directory`` holds its shim's files."""

    project: str
    environment: str
    release: str
    command: str
    directory: Path
    state: str
    at: float


def command_digest(command: str) -> str:
    """Return the digest that identifies ``command`` in the ledger."""
    return hashlib.sha256(command.encode()).hexdigest()[:16]


def record_before(ledger: Ledger, row: BeforeRow) -> None:
    """Record ``row``, in place of an earlier row of the same command, release and environment."""
    with ledger.write() as connection:
        upsert(connection, table, [asdict(row)])


def find_before(
    ledger: Ledger, project: str, environment: str, release: str, command: str
) -> BeforeRow | None:
    """Return the last run of ``command`` (its digest); None if it never ran."""
    query = select(table).where(
        table.c.project == project,
        table.c.environment == environment,
        table.c.release == release,
        table.c.command == command,
    )
    with ledger.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else BeforeRow(**row)


def unfinished_befores(
    ledger: Ledger, project: str | None = None, environment: str | None = None
) -> list[BeforeRow]:
    """Return the commands that began there, or anywhere, and are not known to have ended."""
    query = select(table).where(table.c.state == BeforeState.RUNNING)
    if project is not None:
        query = query.where(table.c.project == project, table.c.environment == environment)
    with ledger.read() as connection:
        return [BeforeRow(**row) for row in connection.execute(query).mappings()]


def forget_befores(ledger: Ledger, project: str, environment: str) -> None:
    """Forget the commands that ran there, so that a later launch runs them again."""
    with ledger.write() as connection:
        connection.execute(
            delete(table).where(table.c.project == project, table.c.environment == environment)
        )
