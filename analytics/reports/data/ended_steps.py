"""Executions of the ledger as rows: what each attempt at a step asked for, waited, took and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from analytics.reports.data.causes import cause
from tasks.ledger.activity import Activity
from tasks.ledger.executions import Execution
from tasks.ledger.workloads import WorkloadRow

Row = dict[str, object]


def step_rows(recorded: Activity, needs: Mapping[str, Mapping[str, Sequence[str]]]) -> list[Row]:
    """Return one row an attempt; one without an outcome runs, or was lost with its workload."""
    workloads = {row.id: row for row in recorded.workloads}
    planned = {
        (run, placed.step): placed.end_seconds - placed.start_seconds
        for run, stored in recorded.plans.items()
        for placed in stored.plan.placements
    }
    last: dict[tuple[str, str], int] = {}
    for one in recorded.executions:
        last[one.workload, one.step] = max(one.attempt, last.get((one.workload, one.step), 0))
    waited = _waits(recorded.executions, needs)
    return [
        _row(one, workloads[one.workload])
        | {
            "waited": waited.get((one.workload, one.step, one.attempt), np.nan),
            "planned": planned.get((one.workload, one.step), np.nan),
            "is_last": one.attempt == last[one.workload, one.step],
        }
        for one in recorded.executions
    ]


def _row(one: Execution, of: WorkloadRow) -> Row:
    outcome = one.outcome
    project, workload = (*of.key.split("/"), "", "")[:2]
    lost = "running" if of.closed_at is None else "lost"
    return {
        "run": one.workload,
        "project": project,
        "workload": workload,
        "step": one.step,
        "key": one.history_key,
        "provider": one.provider,
        "kind": one.provider_kind,
        # Of the same release and the same steps, a step has the same inputs.
        "inputs": f"{of.key}/{one.step}",
        "state": outcome.end.value.replace(" ", "_") if outcome else lost,
        "cause": cause(outcome.cause or _exit(outcome.exit_code)) if outcome else "",
        "attempt": one.attempt,
        "started_at": one.started_at,
        "cost": one.cost,
        "ended_at": outcome.ended_at if outcome else np.nan,
        "seconds": outcome.seconds if outcome else np.nan,
        "cpus": one.demand.cpus,
        "asked_mib": one.demand.memory_mib,
        "slots": one.demand.slots,
        "peak_mib": outcome.peak_memory_mib if outcome else np.nan,
        "cpu_seconds": outcome.cpu_seconds if outcome else np.nan,
    }


def _exit(code: int | None) -> str:
    return f"exit code {code}" if code else ""


def _waits(
    executions: Sequence[Execution], needs: Mapping[str, Mapping[str, Sequence[str]]]
) -> dict[tuple[str, str, int], float]:
    """Return how long each first attempt stood ready before it began.

    It is ready when the last step that it needs has ended; one that needs none, when the first
    step of its run began. Runs whose needs were not kept are left out.
    """
    ended: dict[tuple[str, str], float] = {}
    began: dict[str, float] = {}
    for one in executions:
        began[one.workload] = min(one.started_at, began.get(one.workload, np.inf))
        if one.outcome:
            ended[one.workload, one.step] = one.outcome.ended_at
    return {
        (one.workload, one.step, 1): max(0.0, one.started_at - _ready(one, needs, ended, began))
        for one in executions
        if one.attempt == 1 and one.workload in needs
    }


def _ready(
    one: Execution,
    needs: Mapping[str, Mapping[str, Sequence[str]]],
    ended: Mapping[tuple[str, str], float],
    began: Mapping[str, float],
) -> float:
    needed = needs[one.workload].get(one.step, ())
    ends = [ended[one.workload, name] for name in needed if (one.workload, name) in ended]
    return max(ends, default=began[one.workload])
