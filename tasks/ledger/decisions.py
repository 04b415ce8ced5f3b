"""The decisions made for a workload, the estimates they used, and the actual values.

They are written for a whole workload when it is planned, and settled once when it has ended.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.learning import decisions as table


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice for a step of a workload; without ``step``, for the whole.

    ``kind`` is ``split``, ``plan``, ``placement``, ``memory``, ``timeout`` or ``retries``.
    ``estimate`` is the median that the choice was made by, ``p80`` and ``p90`` the percentiles
    where they are known, ``actual`` is the result, all in ``unit``: ``s``, ``MiB`` or
    ``attempts``. ``source`` says who estimated it (see ``Estimate``), ``key`` from whose history.
    """

    workload: str
    kind: str
    chosen: str
    why: str
    at: float
    step: str = ""
    key: str = ""
    source: str = ""
    unit: str = "s"
    estimate: float | None = None
    p80: float | None = None
    p90: float | None = None
    actual: float | None = None


_NAMES = [field.name for field in fields(Decision)]
Outcomes = Mapping[tuple[str, str], float]
"""The actual values of the decisions of one workload, by step and kind."""


def record_decisions(ledger: Ledger, workload: str, decided: Collection[Decision]) -> None:
    """Record the decisions for ``workload``, in place of earlier ones that were never settled."""
    # Not asdict, which copies deeply.
    rows = [{name: getattr(decision, name) for name in _NAMES} for decision in decided]
    with ledger.write() as connection:
        connection.execute(
            delete(table).where(table.c.workload == workload, table.c.actual.is_(None))
        )
        if rows:
            connection.execute(insert(table), rows)


def settle_decisions(ledger: Ledger, workload: str, outcomes: Outcomes) -> None:
    """Record the actual values of the decisions for ``workload``; settled ones stay as they are."""
    rows: list[dict[str, Any]] = [
        {"of_step": step, "of_kind": kind, "came_to": value}
        for (step, kind), value in outcomes.items()
    ]
    statement = (
        update(table)
        .where(
            table.c.workload == workload,
            table.c.step == bindparam("of_step"),
            table.c.kind == bindparam("of_kind"),
            table.c.actual.is_(None),
        )
        .values(actual=bindparam("came_to"))
    )
    if rows:
        with ledger.write() as connection:
            connection.execute(statement, rows)


def decisions(
    ledger: Ledger,
    workload: str | None = None,
    *,
    kind: str | None = None,
    since: float = 0.0,
    limit: int | None = None,
) -> list[Decision]:
    """Return the newest decisions, oldest first: of one workload or of all, of a kind or of all."""
    newest = select(table).where(table.c.at >= since).order_by(table.c.id.desc()).limit(limit)
    if workload is not None:
        newest = newest.where(table.c.workload == workload)
    if kind is not None:
        newest = newest.where(table.c.kind == kind)
    with ledger.read() as connection:
        rows: Sequence[Any] = connection.execute(newest).mappings().all()
    return [Decision(**{name: row[name] for name in _NAMES}) for row in reversed(rows)]
