"""The Prefect task of allocate: reserve a plan, and show its conflicts with other workloads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from prefect import get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from blocks.providers.interface import Resources
from tasks.allocate.report import rows, summary
from tasks.allocate.reserve import AllocationReport, reserve_plan
from tasks.artifact import artifact_key, one_line
from tasks.ledger.hosts import open_own_ledger
from tasks.plan import Plan
from tasks.settings import settings


@task(
    name="allocate",
    task_run_name="allocate {plan.workload}",
    description="Reserves what a plan needs of its providers, and records what does not fit",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def allocate(
    workload_id: str, plan: Plan, demands: Mapping[str, Resources]
) -> AllocationReport:
    """Reserve ``plan`` for the workload, and show reservations and conflicts as a table.

    ``demands`` are those of the steps, by step id.

    Raises:
        BadInputError: When a step needs more than its provider's whole capacity.
        NotFoundError: When a provider is not registered.
    """
    now = time.time()
    report = await asyncio.to_thread(_reserve, workload_id, plan, demands, now)
    get_run_logger().info("%s", summary(report))
    await acreate_table_artifact(
        key=artifact_key("allocation", plan.project, plan.workload),
        table=rows(report, now),
        description=one_line(f"Allocation of {plan.workload}: {summary(report)}"),
    )
    return report


def _reserve(
    workload_id: str, plan: Plan, demands: Mapping[str, Resources], now: float
) -> AllocationReport:
    ledger = open_own_ledger(settings())
    try:
        return reserve_plan(ledger, workload_id, plan, demands, now)
    finally:
        ledger.close()
