"""The flow `train`: learns from everything that has run, and publishes estimates of next runs."""

from __future__ import annotations

from typing import Annotated

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field

from analytics.demand.task import show_demand
from analytics.history.task import read_flow_runs, read_ledger
from analytics.insights.task import watch_runs
from analytics.reports.task import report
from analytics.training.task import fit, publish, see_what_is_due, show_calibration


@flow(
    name="train",
    flow_run_name="train on the last {since_days} days",
    description=(
        "Learns how long the flow and task runs of this server and the steps in the ledger take "
        "and how often they succeed, publishes that for planning, and reports how far off the "
        "forecasts were."
    ),
    persist_result=True,
    result_serializer="json",
)
async def train_flow(
    since_days: Annotated[int, Field(ge=1, le=3650)] = 90,
    only_if_due: bool = False,  # noqa: FBT001, FBT002 - a switch in the form of the UI
) -> State[int]:
    """Learn from everything that has run.

    Args:
        since_days: How many days of history to learn from.
        only_if_due: Train only if the last training is a day old or its forecasts have drifted;
            slow-downs, anomalies and shortages are looked for in any case.
    """
    from_server = await read_flow_runs(since_days)
    from_ledger = await read_ledger(since_days)
    runs = from_server + from_ledger
    if only_if_due:
        why = await see_what_is_due(runs)
        if not why:
            await watch_runs(runs)
            return Completed(message="Training is not due: nothing was published", data=0)
        get_run_logger().info("Training is due: %s.", why)
    tested = await fit(runs)
    published = await publish(tested)
    changes = await watch_runs(runs)
    await report(runs, tested, changes, since_days)
    await show_demand(from_server)
    await show_calibration(since_days)
    message = (
        f"Published {published} estimates from {len(from_server)} flow and task runs and "
        f"{len(from_ledger)} steps and tests"
        if published
        else f"There is no history of the last {since_days} days: nothing was published"
    )
    get_run_logger().info("%s. See the artifact training-report.", message)
    return Completed(message=message, data=published)
