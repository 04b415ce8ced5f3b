"""The Prefect task of allocate: reserve a plan, and show with whom it will have to share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from prefect import task
from prefect.artifacts import acreate_table_artifact

from blocks.providers.interface import Resources
from tasks.allocate.reserve import AllocationReport, reserve_plan
from tasks.ledger.connection import open_ledger
from tasks.plan import Plan
from tasks.settings import settings

NAMED = 5


@task(
    name="allocate",
    description="Reserves what a plan needs of its providers, and records what does not fit",
)
async def allocate(
    workload_id: str, plan: Plan, demands: Mapping[str, Resources]
) -> AllocationReport:
    """Reserve ``plan`` for the workload, and show reservations and conflicts as a table.

    ``demands`` is what each step holds while it runs, by step id.

    Raises:
        BadInputError: When a step needs more than its provider's whole capacity.
        NotFoundError: When a provider is not registered.
    """
    now = time.time()
    report = await asyncio.to_thread(_reserve, workload_id, plan, demands, now)
    await acreate_table_artifact(
        key="allocation", table=rows(report, now), description=summary(report)
    )
    return report


def rows(report: AllocationReport, now: float) -> list[dict[str, Any]]:
    """Return the table of a report: what is reserved, then what does not fit."""
    reserved = [
        {
            "what": "reservation",
            "provider": item.provider,
            "from": f"{item.start - now:.1f} s",
            "to": f"{item.end - now:.1f} s",
            **item.demand.model_dump(),
            "why": "",
        }
        for item in report.reservations
    ]
    short = [
        {
            "what": f"conflict, resolved by: {item.resolution}",
            "provider": item.provider,
            "from": "",
            "to": "",
            **dict.fromkeys(Resources.model_fields, ""),
            item.resource: f"{item.missing:g} missing",
            "why": item.reason,
        }
        for item in report.conflicts
    ]
    return [*reserved, *short]


def summary(report: AllocationReport) -> str:
    """Say in one sentence how well a plan fits beside the others."""
    providers = {item.provider for item in report.reservations}
    fitting = f"{len(report.reservations)} windows reserved on {len(providers)} providers"
    if not report.conflicts:
        return f"{fitting}; nothing conflicts."
    waiting = ", ".join(report.queued[:NAMED]) + (" and others" if report.queued[NAMED:] else "")
    return f"{fitting}; {len(report.conflicts)} conflicts: likely to queue are {waiting}."


def _reserve(
    workload_id: str, plan: Plan, demands: Mapping[str, Resources], now: float
) -> AllocationReport:
    ledger = open_ledger(settings().resolved_ledger_url())
    try:
        return reserve_plan(ledger, workload_id, plan, demands, now)
    finally:
        ledger.close()
