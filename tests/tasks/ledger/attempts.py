"""Writes attempts at steps as the dispatcher does, one at a time."""

from __future__ import annotations

from blocks.providers.interface import Outcome
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import (
    Execution,
    FinishedExecution,
    begin_executions,
    executions,
    finish_executions,
)


def begin_execution(ledger: Ledger, execution: Execution) -> None:
    """Record that an attempt has begun."""
    with ledger.write() as connection:
        (error,) = begin_executions(connection, [execution])
        if error:
            raise error


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
    """Record how an attempt has ended that was begun."""
    begun = next(
        each
        for each in executions(ledger, workload)
        if (each.step, each.attempt) == (step, attempt)
    )
    finished = FinishedExecution(begun, fence, outcome, cost, speed)
    with ledger.write() as connection:
        (result,) = finish_executions(connection, [finished])
    if isinstance(result, Exception):
        raise result
    return result
