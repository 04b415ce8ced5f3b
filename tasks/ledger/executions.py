"""Executions, which are the attempts at steps, with their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, or_, select, update

from blocks.providers.interface import Outcome, Resources
from tasks.errors import NotFoundError
from tasks.ledger.connection import Ledger
from tasks.ledger.fences import check_fence
from tasks.ledger.tables.work import executions as table
from tasks.ledger.tables.work import workloads
from tasks.ledger.timings import Timing, record_timings, timing_of, timings, write_timings
from tasks.ledger.upsert import upsert

# Users of executions also need timings.
__all__ = [
    "Execution",
    "Timing",
    "begin_execution",
    "executions",
    "finish_execution",
    "latest_execution",
    "next_attempt",
    "record_timings",
    "timings",
]


@dataclass(frozen=True, slots=True)
class Execution:
    """One attempt at a step on a provider; without an outcome it runs, or was lost.

    ``attempt`` counts from 1, ``started_at`` is epoch seconds, ``cost`` is in the currency of
    the provider's price.
    """

    workload: str
    step: str
    attempt: int
    fence: int
    provider: str
    provider_kind: str
    history_key: str
    directory: Path
    started_at: float
    demand: Resources
    outcome: Outcome | None = None
    cost: float = 0.0


def begin_execution(ledger: Ledger, execution: Execution) -> None:
    """Record the begin of an attempt; one that has an outcome is left as it is.

    Raises:
        StaleFenceError: When another run holds the workload now.
        NotFoundError: When there is no such workload.
    """
    row = _row(execution)
    with ledger.write() as connection:
        check_fence(connection, execution.workload, execution.fence)
        existing = _find(connection, execution.workload, execution.step, execution.attempt)
        if existing is None or existing.outcome is None:
            upsert(connection, table, [row])


def finish_execution(  # noqa: PLR0917 - the key, the fence and the outcome
    ledger: Ledger,
    workload: str,
    step: str,
    attempt: int,
    fence: int,
    outcome: Outcome,
    cost: float,
    *,
    speed: float = 1.0,
) -> bool:
    """Record the outcome of an attempt and its timing; False when it already has one.

    ``speed`` is that of the provider, since history holds durations at speed 1.

    Raises:
        StaleFenceError: When another run holds the workload now.
        NotFoundError: When the attempt was never begun.
    """
    with ledger.write() as connection:
        check_fence(connection, workload, fence)
        begun = _find(connection, workload, step, attempt)
        if begun is None:
            name = f"{workload}/{step}/{attempt}"
            raise NotFoundError("execution", name, [], "Begin it before it is finished.")
        if begun.outcome is not None:
            return False
        connection.execute(
            update(table).where(*_is(workload, step, attempt)).values(outcome=outcome, cost=cost)
        )
        write_timings(connection, timing_of(begun.history_key, begun.provider_kind, outcome, speed))
    return True


def executions(ledger: Ledger, workload: str) -> list[Execution]:
    """Return all attempts of ``workload`` in the order in which they began."""
    query = (
        select(table)
        .where(table.c.workload == workload)
        .order_by(table.c.started_at, table.c.step, table.c.attempt)
    )
    with ledger.read() as connection:
        return [Execution(**row) for row in connection.execute(query).mappings()]


def latest_execution(ledger: Ledger, key: str, step: str) -> Execution | None:
    """Return the last attempt at ``step`` of a workload at or below ``key``; None: there is none."""
    columns = [table.c[name] for name in table.c.keys()]  # noqa: SIM118 - a collection of columns
    below = workloads.c.key.startswith(f"{key}/", autoescape=True)
    query = (
        select(*columns)
        .join(workloads, workloads.c.id == table.c.workload)
        .where(table.c.step == step, or_(workloads.c.key == key, below))
        .order_by(table.c.started_at.desc(), table.c.attempt.desc())
        .limit(1)
    )
    with ledger.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Execution(**row)


def next_attempt(ledger: Ledger, workload: str, step: str) -> int:
    """Return the number of the next attempt; the first is 1."""
    query = select(func.max(table.c.attempt)).where(
        table.c.workload == workload, table.c.step == step
    )
    with ledger.read() as connection:
        return (connection.execute(query).scalar_one() or 0) + 1


def _is(workload: str, step: str, attempt: int) -> tuple[Any, ...]:
    return (table.c.workload == workload, table.c.step == step, table.c.attempt == attempt)


def _find(connection: Connection, workload: str, step: str, attempt: int) -> Execution | None:
    query = select(table).where(*_is(workload, step, attempt))
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Execution(**row)


def _row(execution: Execution) -> dict[str, Any]:
    # Not asdict, which copies deeply what the columns turn into JSON themselves.
    return {name: getattr(execution, name) for name in table.c.keys()}  # noqa: SIM118
