"""The rows of executed steps: the demand, waiting time, duration and cost of each attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analytics.reports.data.causes import cause
from tasks.ledger.activity import Activity
from tasks.ledger.executions import Execution
from tasks.ledger.workloads import WorkloadRow

Row = dict[str, object]


def step_rows(recorded: Activity, needs: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Row]:
    """Return one row for each attempt; one without an outcome is running, or was lost."""
    workloads = {row.id: row for row in recorded.workloads}
    planned = {
        (run, placed.step): placed.end_seconds - placed.start_seconds
        for run, stored in recorded.plans.items()
        for placed in stored.plan.placements
    }
    last: dict[tuple[str, str], int] = {}
    for execution in recorded.executions:
        last[execution.workload, execution.step] = max(
            execution.attempt, last.get((execution.workload, execution.step), 0)
        )
    waited = _waits(recorded.executions, needs)
    return [
        _row(execution, workloads[execution.workload])
        | {
            "waited": waited.get((execution.workload, execution.step, execution.attempt), np.nan),
            "planned": planned.get((execution.workload, execution.step), np.nan),
            "is_last": execution.attempt == last[execution.workload, execution.step],
        }
        for execution in recorded.executions
    ]


def _row(execution: Execution, workload_row: WorkloadRow) -> Row:
    outcome = execution.outcome
    project, workload = (*workload_row.key.split("/"), "", "")[:2]
    lost = "running" if workload_row.closed_at is None else "lost"
    return {
        "run": execution.workload,
        "project": project,
        "workload": workload,
        "step": execution.step,
        "key": execution.history_key,
        "provider": execution.provider,
        "kind": execution.provider_kind,
        # A step of the same release and workload always has the same inputs.
        "inputs": f"{workload_row.key}/{execution.step}",
        "state": outcome.end.value.replace(" ", "_") if outcome else lost,
        "cause": cause(outcome.cause or _exit(outcome.exit_code)) if outcome else "",
        "attempt": execution.attempt,
        "started_at": execution.started_at,
        "cost": execution.cost,
        "ended_at": outcome.ended_at if outcome else np.nan,
        "seconds": outcome.seconds if outcome else np.nan,
        "cpus": execution.demand.cpus,
        "asked_mib": execution.demand.memory_mib,
        "slots": execution.demand.slots,
        "peak_mib": outcome.peak_memory_mib if outcome else np.nan,
        "cpu_seconds": outcome.cpu_seconds if outcome else np.nan,
    }


def _exit(code: int | None) -> str:
    return f"exit code {code}" if code else ""


def _waits(
    executions: Sequence[Execution], needs: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[tuple[str, str, int], float]:
    """Return how long each first attempt was ready before it began.

    It is ready when the last step that it needs has ended; a step without needs is ready when the
    first step of its run begins. Runs whose needs were not kept are left out.
    """
    ended: dict[tuple[str, str], float] = {}
    began: dict[str, float] = {}
    for execution in executions:
        began[execution.workload] = min(execution.started_at, began.get(execution.workload, np.inf))
        if execution.outcome:
            ended[execution.workload, execution.step] = execution.outcome.ended_at
    return {
        (execution.workload, execution.step, 1): max(
            0.0, execution.started_at - _ready(execution, needs, ended, began)
        )
        for execution in executions
        if execution.attempt == 1 and execution.workload in needs
    }


def _ready(
    execution: Execution,
    needs: Mapping[str, Mapping[str, Sequence[str]]],
    ended: Mapping[tuple[str, str], float],
    began: Mapping[str, float],
) -> float:
    needed = needs[execution.workload].get(execution.step, ())
    ends = [
        ended[execution.workload, name] for name in needed if (execution.workload, name) in ended
    ]
    return max(ends, default=began[execution.workload])
