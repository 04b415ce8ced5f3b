"""Insights: what analytics has found that somebody should know; raised once, closed once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Column, insert, select, update

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.learning import insights as table

BACKUP = "backup"
DATA = "data"
ROOM = "room"
CLOSED_BY_WHO_RAISED_IT = frozenset({BACKUP, DATA, ROOM})
"""Kinds that no detector of the training finds: they stay open until what raised them is mended."""


@dataclass(frozen=True, slots=True)
class RaisedInsight:
    """Something found: of one ``kind`` and ``key`` at most one is open.

    ``severity`` is ``info``, ``warning`` or ``critical``; ``run`` is the id of the run that shows
    it, empty where there is none; ``size`` says how much, with units. Times are epoch seconds;
    without ``closed_at`` it is open.
    """

    kind: str
    key: str
    severity: str
    run: str
    size: str
    since: float
    raised_at: float
    seen_at: float
    closed_at: float | None = None


def open_insights(ledger: Ledger) -> list[RaisedInsight]:
    """Return what is open, in the order in which it was raised."""
    query = select(*_columns()).where(table.c.closed_at.is_(None)).order_by(table.c.id)
    with ledger.read() as connection:
        return [RaisedInsight(**row) for row in connection.execute(query).mappings()]


def insights(ledger: Ledger, limit: int = 100) -> list[RaisedInsight]:
    """Return what was raised last, newest first, open or closed."""
    query = select(*_columns()).order_by(table.c.raised_at.desc(), table.c.id.desc()).limit(limit)
    with ledger.read() as connection:
        return [RaisedInsight(**row) for row in connection.execute(query).mappings()]


def write_insights(ledger: Ledger, found: Iterable[RaisedInsight]) -> None:
    """Write what was found: the open one of the same kind and key takes its place, else it is new.

    What another writer has raised meanwhile keeps the moment at which that was. An insight that
    was closed stays as it is.
    """
    with ledger.write() as connection:
        for insight in found:
            values = asdict(insight)
            changed = {name: values[name] for name in values if name != "raised_at"}
            is_open = (
                table.c.kind == insight.kind,
                table.c.key == insight.key,
                table.c.closed_at.is_(None),
            )
            known = connection.execute(update(table).where(*is_open).values(**changed))
            if not known.rowcount and insight.closed_at is None:
                connection.execute(insert(table).values(**values))


def _columns() -> list[Column[Any]]:
    return [table.c[name] for name in RaisedInsight.__slots__]
