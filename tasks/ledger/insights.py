"""Insights, which are findings that a user should know; each is raised once and closed once."""

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
CLOSED_BY_THEIR_RAISER = frozenset({BACKUP, DATA, ROOM})
"""Kinds that no detector of the training finds: the part that raised them closes them."""


@dataclass(frozen=True, slots=True)
class RaisedInsight:
    """A finding; at most one of a ``kind`` and ``key`` is open.

    ``severity`` is ``info``, ``warning`` or ``critical``; ``run`` is the id of the run that shows
    it, empty if there is none; ``size`` says how much, with units. Times are epoch seconds;
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
    """Return the open insights, in the order in which they were raised."""
    query = select(*_columns()).where(table.c.closed_at.is_(None)).order_by(table.c.id)
    with ledger.read() as connection:
        return [RaisedInsight(**row) for row in connection.execute(query).mappings()]


def insights(ledger: Ledger, limit: int = 100) -> list[RaisedInsight]:
    """Return the insights that were raised last, newest first, open or closed."""
    query = select(*_columns()).order_by(table.c.raised_at.desc(), table.c.id.desc()).limit(limit)
    with ledger.read() as connection:
        return [RaisedInsight(**row) for row in connection.execute(query).mappings()]


def write_insights(ledger: Ledger, raised: Iterable[RaisedInsight]) -> None:
    """Write insights: update the open one of the same kind and key, else insert a new one.

    An insight that another writer has raised meanwhile keeps its time. A closed one stays as it is.
    """
    with ledger.write() as connection:
        for insight in raised:
            values = asdict(insight)
            changed = {name: values[name] for name in values if name != "raised_at"}
            is_open = (
                table.c.kind == insight.kind,
                table.c.key == insight.key,
                table.c.closed_at.is_(None),
            )
            updated = connection.execute(update(table).where(*is_open).values(**changed))
            if not updated.rowcount and insight.closed_at is None:
                connection.execute(insert(table).values(**values))


def _columns() -> list[Column[Any]]:
    return [table.c[name] for name in RaisedInsight.__slots__]
