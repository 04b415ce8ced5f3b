"""Settles a workload that has ended: records its results, assesses it and shows it."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

from flows.workload.assessment import appraised
from flows.workload.execute import Executed
from flows.workload.job import Job, WorkloadEnd
from flows.workload.report import show_workload
from flows.workload.reuse import keep_for_later
from flows.workload.summary import last_outcomes, workload_summary
from tasks.distribute.dispatch.decision_log import actual_values
from tasks.distribute.planned import PlannedWorkload
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import settle_decisions
from tasks.ledger.executions import executions
from tasks.ledger.workloads import WorkloadLease


async def settle(  # noqa: PLR0917 - the job, its plan and its end, and where it is recorded
    job: Job,
    planned: PlannedWorkload,
    executed: Executed,
    ledger: Ledger,
    lease: WorkloadLease,
    folder: Path,
) -> WorkloadEnd:
    """Record the actual values of the decisions, assess the workload, and show the results."""
    graph, plan, results = planned.graph, planned.plan, executed.results
    actual = actual_values(plan, planned.fleet, results, executed.seconds)
    await asyncio.to_thread(settle_decisions, ledger, lease.id, actual)
    summary = workload_summary(
        graph, plan, results, executed.reports, executed.seconds, planned.reuse
    )
    done = await asyncio.to_thread(executions, ledger, lease.id)
    summary = await appraised(summary, graph, done, folder)
    keep = partial(keep_for_later, job, planned, executed, done, lease, summary)
    await asyncio.to_thread(keep, ledger=ledger, folder=folder)
    await show_workload(plan, results, summary)
    return WorkloadEnd(summary, last_outcomes(graph, results))
