"""Insert-or-update in one statement, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    where: ColumnElement[bool] | None = None,
) -> None:
    """Insert ``rows``; an existing row of the same primary key gets the new values.

    It gets them only ``where`` that holds of it, a condition that is built once.
    """
    if rows:
        statement = _statement(connection.dialect.name, table, tuple(rows[0]), where)
        connection.execute(statement, [dict(row) for row in rows])


@cache  # to build it takes longer than to execute it
def _statement(
    dialect: str, table: Table, names: tuple[str, ...], where: ColumnElement[bool] | None
) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    keys = [column.name for column in table.primary_key]
    statement = insert(table)
    changed = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=changed, where=where)
