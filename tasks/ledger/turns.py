"""Turns, by which the latest to begin at a place (project and environment) has the last word there.

Everybody who changes what serves takes a turn first. What was published under a later turn is never
overwritten under an earlier one, however long the earlier one waited in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import turns as table
from tasks.ledger.upsert import upsert


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to publish at a place, until somebody with a higher ``number`` has."""

    project: str
    environment: str
    number: int


def take_turn(ledger: Ledger, project: str, environment: str) -> Turn:
    """Take the next turn there."""
    with ledger.write() as connection:
        issued, published = _read(connection, project, environment)
        _write(connection, project, environment, issued + 1, published)
    return Turn(project, environment, issued + 1)


def last_turn(ledger: Ledger, project: str, environment: str) -> Turn:
    """Return the turn that was published last, for those who restore what it published."""
    with ledger.read() as connection:
        return Turn(project, environment, _read(connection, project, environment)[1])


def is_overtaken(ledger: Ledger, turn: Turn) -> bool:
    """Tell whether a later turn was published."""
    with ledger.read() as connection:
        return _read(connection, turn.project, turn.environment)[1] > turn.number


def publish_turn(connection: Connection, turn: Turn) -> bool:
    """Record that ``turn`` is published; False if it is overtaken."""
    issued, published = _read(connection, turn.project, turn.environment)
    if published > turn.number:
        return False
    if published < turn.number:
        _write(connection, turn.project, turn.environment, issued, turn.number)
    return True


def publish_next(connection: Connection, project: str, environment: str) -> None:
    """Record that all turns taken until now are overtaken."""
    issued, _ = _read(connection, project, environment)
    _write(connection, project, environment, issued + 1, issued + 1)


def _read(connection: Connection, project: str, environment: str) -> tuple[int, int]:
    at_place = (table.c.project == project, table.c.environment == environment)
    row = connection.execute(
        select(table.c.issued, table.c.published).where(*at_place)
    ).one_or_none()
    return (0, 0) if row is None else (row.issued, row.published)


def _write(
    connection: Connection, project: str, environment: str, issued: int, published: int
) -> None:
    row = {"project": project, "environment": environment}
    upsert(connection, table, [{**row, "issued": issued, "published": published}])
