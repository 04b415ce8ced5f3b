"""The flow `replay`: plans past workloads with other estimates and strategies; compares them."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated, Any

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from blocks.parameter import Name, WorkloadNameOrAll
from flows.configuration.block_loading import load_project, own_ledger
from flows.configuration.run_names import named
from flows.run_state.failure import fails_plainly
from flows.workload.replayable import replayable_workloads
from tasks.artifact import artifact_key, one_line
from tasks.errors import NotFoundError
from tasks.planning.regret import PastWorkload, Row, results, sentence, table
from tasks.settings import settings


@flow(
    name="replay",
    flow_run_name=named("replay {project} {workload}"),
    description="Replay past workloads under other estimates and strategies.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def replay_flow(
    project: Name, workload: WorkloadNameOrAll = "", runs: Annotated[int, Field(ge=1, le=1000)] = 20
) -> State[list[dict[str, Any]]]:
    """Plan past workloads again, with what was known before each, and replay their durations.

    Args:
        project: Name of the Project block.
        workload: Name of one of the project's workloads; empty: all of them.
        runs: How many of the newest successful runs are replayed.

    Returns:
        One row a policy, as in the table artifact `replay`: estimates and strategy, mean makespan,
        regret against the best of all, cost, and memory reserved without need.
    """
    spec = await load_project(project)
    if workload and workload not in spec.workloads:
        raise NotFoundError("workload", workload, list(spec.workloads), "Name one of them")
    below = f"{project}/{workload}" if workload else project
    with own_ledger() as ledger:
        pasts, reasons = await asyncio.to_thread(
            replayable_workloads, ledger, settings().root, below, runs, time.time()
        )
    left_out = "; ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    if left_out:
        get_run_logger().info("Left out: %s", left_out)
    if not pasts:
        message = f"There is nothing to replay: {left_out or 'no workload has run yet'}"
        return Completed(message=message, data=[])
    rows = await asyncio.to_thread(_judged, pasts)
    message = sentence(rows)
    await acreate_table_artifact(
        key=artifact_key("replay", project, workload), table=rows, description=one_line(message)
    )
    return Completed(message=message, data=rows)


def _judged(pasts: list[PastWorkload]) -> list[Row]:
    return table([results(past) for past in pasts])
