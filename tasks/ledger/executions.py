"""Executions, which are the attempts at steps, with their outcomes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, or_, select, tuple_, update

from blocks.providers.interface import Outcome, Resources
from tasks.errors import NotFoundError, StaleFenceError
from tasks.ledger.connection import Ledger
from tasks.ledger.fences import check_fence
from tasks.ledger.tables.work import executions as table
from tasks.ledger.tables.work import workloads
from tasks.ledger.timings import (
    KEYS_PER_STATEMENT,
    Timing,
    timing_of,
    timings,
    write_timings,
)
from tasks.ledger.upsert import upsert

# Users of executions also need timings.
__all__ = [
    "Execution",
    "FinishedExecution",
    "Timing",
    "begin_executions",
    "executed_parts",
    "executions",
    "finish_executions",
    "latest_execution",
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


@dataclass(frozen=True, slots=True)
class FinishedExecution:
    """The end of an attempt that has begun; ``fence`` is that of the run that saw it.

    ``speed`` is that of the provider, since history holds durations at speed 1; ``timings`` are
    those of the parts of the step.
    """

    execution: Execution
    fence: int
    outcome: Outcome
    cost: float
    speed: float = 1.0
    timings: tuple[Timing, ...] = ()


def begin_executions(connection: Connection, begun: Sequence[Execution]) -> list[Exception | None]:
    """Record the begin of attempts; one that has an outcome is left as it is."""
    refused = _refused(connection, {(each.workload, each.fence) for each in begun})
    accepted = [each for each in begun if (each.workload, each.fence) not in refused]
    upsert(connection, table, [_row(each) for each in accepted], where=_HAS_NOT_ENDED)
    return [refused.get((each.workload, each.fence)) for each in begun]


def finish_executions(
    connection: Connection, finished: Sequence[FinishedExecution]
) -> list[bool | Exception]:
    """Record the outcomes of attempts and their timings; False for one that already has one."""
    refused = _refused(connection, {(each.execution.workload, each.fence) for each in finished})
    recorded = _recorded(connection, [each.execution for each in finished])
    results: list[bool | Exception] = []
    written = []
    for each in finished:
        key = _key(each.execution)
        if error := refused.get((each.execution.workload, each.fence)):
            results.append(error)
        elif key not in recorded:
            name = "/".join(map(str, key))
            results.append(NotFoundError("execution", name, [], "Begin it before it is finished."))
        else:
            results.append(not recorded[key])
            if not recorded[key]:
                written.append(each)
                recorded[key] = True
    if written:
        _write_outcomes(connection, written)
    return results


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
    query = (
        _below(key, *columns)
        .where(table.c.step == step)
        .order_by(table.c.started_at.desc(), table.c.attempt.desc())
        .limit(1)
    )
    with ledger.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Execution(**row)


def executed_parts(ledger: Ledger, key: str, step: str) -> list[str]:
    """Return the steps of a matrix or a list, ``step[...]``, of workloads at or below ``key``."""
    of_step = table.c.step.startswith(f"{step}[", autoescape=True)
    query = _below(key, table.c.step).where(of_step).distinct().order_by(table.c.step)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def _below(key: str, *columns: ColumnElement[Any]) -> Select[Any]:
    below = workloads.c.key.startswith(f"{key}/", autoescape=True)
    joined = select(*columns).join(workloads, workloads.c.id == table.c.workload)
    return joined.where(or_(workloads.c.key == key, below))


_Key = tuple[str, str, int]

# Statements are built once: that takes longer than to execute them.
_KEY = (table.c.workload, table.c.step, table.c.attempt)
_HAS_NOT_ENDED = table.c.outcome.is_(None)
_RECORDED = select(*_KEY, table.c.outcome.is_not(None)).where(
    tuple_(*_KEY).in_(bindparam("keys", expanding=True))
)
_SET_OUTCOME = (
    update(table)
    .where(
        table.c.workload == bindparam("of_workload"),
        table.c.step == bindparam("of_step"),
        table.c.attempt == bindparam("of_attempt"),
    )
    .values(outcome=bindparam("outcome"), cost=bindparam("cost"))
)


def _key(execution: Execution) -> _Key:
    return execution.workload, execution.step, execution.attempt


def _refused(
    connection: Connection, claimed: Collection[tuple[str, int]]
) -> dict[tuple[str, int], Exception]:
    """Return why runs that hold these workloads under these fences may not write."""
    refused: dict[tuple[str, int], Exception] = {}
    for workload, fence in claimed:
        try:
            check_fence(connection, workload, fence)
        except (StaleFenceError, NotFoundError) as error:
            refused[workload, fence] = error
    return refused


def _recorded(connection: Connection, wanted: Sequence[Execution]) -> dict[_Key, bool]:
    """Return which of these attempts are recorded, and whether each has an outcome."""
    recorded: dict[_Key, bool] = {}
    size = KEYS_PER_STATEMENT // len(_KEY)
    for part in (wanted[start : start + size] for start in range(0, len(wanted), size)):
        rows = connection.execute(_RECORDED, {"keys": [_key(each) for each in part]})
        recorded |= {
            (workload, step, attempt): bool(ended) for workload, step, attempt, ended in rows
        }
    return recorded


def _write_outcomes(connection: Connection, finished: Sequence[FinishedExecution]) -> None:
    rows = [
        {
            "of_workload": each.execution.workload,
            "of_step": each.execution.step,
            "of_attempt": each.execution.attempt,
            "outcome": each.outcome,
            "cost": each.cost,
        }
        for each in finished
    ]
    connection.execute(_SET_OUTCOME, rows)
    measured = [
        timing
        for each in finished
        for timing in (
            *timing_of(
                each.execution.history_key,
                each.execution.provider_kind,
                each.outcome,
                each.speed,
            ),
            *each.timings,
        )
    ]
    write_timings(connection, measured)


def _row(execution: Execution) -> dict[str, Any]:
    # Not asdict, which copies deeply what the columns turn into JSON themselves.
    return {name: getattr(execution, name) for name in table.c.keys()}  # noqa: SIM118
