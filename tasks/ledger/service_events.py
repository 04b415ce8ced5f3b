"""Reads new timings, newly begun attempts and new measurements of the ledger since a last look."""

from __future__ import annotations

from sqlalchemy import func, select

from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.tables.learning import samples
from tasks.ledger.tables.work import executions, timings
from tasks.ledger.timings import Timing


def last_timing(ledger: Ledger) -> int:
    """Return the number of the newest timing; 0 if there is none."""
    with ledger.read() as connection:
        return connection.execute(select(func.max(timings.c.id))).scalar_one() or 0


def new_timings(ledger: Ledger, after: int, since: float) -> tuple[int, list[Timing]]:
    """Return the timings numbered above ``after`` that ended at ``since`` or later, and the last number."""
    query = (
        select(timings).where(timings.c.id > after, timings.c.at >= since).order_by(timings.c.id)
    )
    with ledger.read() as connection:
        rows = connection.execute(query).mappings().all()
    fresh = [Timing(**{name: row[name] for name in Timing.__slots__}) for row in rows]
    return (rows[-1]["id"] if rows else after), fresh


def begun_executions(ledger: Ledger, since: float) -> list[Execution]:
    """Return the attempts of all workloads that began at ``since`` or later, the oldest first."""
    query = (
        select(executions)
        .where(executions.c.started_at >= since)
        .order_by(executions.c.started_at, executions.c.workload, executions.c.step)
    )
    with ledger.read() as connection:
        return [Execution(**row) for row in connection.execute(query).mappings()]


def measured(ledger: Ledger, subject: str, metric: str, since: float) -> list[tuple[float, float]]:
    """Return (moment, value) of one metric of one subject from ``since`` on, the oldest first."""
    query = (
        select(samples.c.at, samples.c.value)
        .where(samples.c.subject == subject, samples.c.metric == metric, samples.c.at >= since)
        .order_by(samples.c.at)
    )
    with ledger.read() as connection:
        return [(row[0], row[1]) for row in connection.execute(query)]


def measured_series(ledger: Ledger, since: float) -> list[tuple[str, str]]:
    """Return every (subject, metric) that was measured since then, sorted."""
    query = select(samples.c.subject, samples.c.metric).where(samples.c.at >= since).distinct()
    with ledger.read() as connection:
        return sorted((row[0], row[1]) for row in connection.execute(query))
