"""The flow `train`: learns from everything that has run, and publishes what it expects next."""

from __future__ import annotations

import asyncio
import base64
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_image_artifact, acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import Flow, FlowRun, State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.states import Completed
from pydantic import Field

from analytics import calibration, demand_chart
from analytics.backtest import Backtest, backtest
from analytics.history import Run, of_flow_runs, of_timings
from analytics.insights import Changes
from analytics.prefect_history import as_values, read_pages
from analytics.report import chart, markdown
from analytics.watching import section, told, watch
from tasks.ledger.connection import open_ledger
from tasks.ledger.decisions import Decision, decisions
from tasks.ledger.estimates import publish_estimates
from tasks.ledger.timings import timings
from tasks.settings import settings

RUNS_PER_KEY = 500
# What was stopped, lost or still runs is told apart: it took at least as long as it did.
_STARTED = [
    StateType.COMPLETED,
    StateType.FAILED,
    StateType.CRASHED,
    StateType.CANCELLED,
    StateType.RUNNING,
]


@task(
    name="read flow runs",
    task_run_name="read flow runs",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=2,
)
async def read_flow_runs(since_days: int) -> list[Run]:
    """Read every flow run of the server that has started, of any flow."""
    since = datetime.now(UTC) - timedelta(days=since_days)
    chosen = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_STARTED)),
        start_time=FlowRunFilterStartTime(after_=since),
    )
    async with get_client() as client:
        found = await read_pages(partial(_flow_runs, client, chosen))
        flows = await read_pages(partial(_flows, client))
    names = {each.id: each.name for each in flows}
    return of_flow_runs(
        as_values(run, names.get(run.flow_id, str(run.flow_id)), str(run.state_type.value))
        for run in found
        if run.state_type
    )


@task(name="read ledger", task_run_name="read ledger", cache_policy=NO_CACHE)
async def read_ledger(since_days: int) -> list[Run]:
    """Read what the ledger knows of steps, tests and whatever else has a history."""
    return await asyncio.to_thread(_read_timings, time.time() - since_days * 86_400)


@task(name="fit", task_run_name="fit", cache_policy=NO_CACHE)
async def fit(runs: list[Run]) -> Backtest:
    """Forecast every run in hindsight, and learn from all of them."""
    return await asyncio.to_thread(backtest, runs)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)
async def publish(tested: Backtest) -> int:
    """Publish the estimates in the ledger, where planning reads them; return how many."""
    return await asyncio.to_thread(_publish, tested, time.time())


@task(name="watch", task_run_name="watch", cache_policy=NO_CACHE)
async def watch_runs(runs: list[Run]) -> Changes:
    """Look for what has become slower; what is new, worse or over is told once."""
    changes = await asyncio.to_thread(_watch, runs, time.time())
    for sentence in told(changes):
        get_run_logger().warning(sentence)
    return changes


@task(name="report", task_run_name="report", cache_policy=NO_CACHE)
async def report(runs: list[Run], tested: Backtest, changes: Changes, since_days: int) -> None:
    """Show what was learnt, and how far off it would have been, as artifacts."""
    learnt = await asyncio.to_thread(markdown, runs, tested, since_days)
    text = f"{learnt}\n\n{section(changes)}"
    await acreate_markdown_artifact(text, key="training-report", description="What was learnt")
    if tested.made.any():
        picture = base64.b64encode(await asyncio.to_thread(chart, tested.pairs)).decode()
        await acreate_image_artifact(
            f"data:image/png;base64,{picture}",
            key="training-chart",
            description="What was forecast of each run against what it took",
        )


@task(name="demand", task_run_name="demand", cache_policy=NO_CACHE)
async def show_demand(runs: list[Run]) -> None:
    """Show what the next 24 h and 168 h should ask for as the chart `demand`, where history says."""
    found = await asyncio.to_thread(demand_chart.outlooks, runs, time.time())
    if found:
        picture = base64.b64encode(await asyncio.to_thread(demand_chart.chart, found)).decode()
        said = demand_chart.summary(found)
        await acreate_image_artifact(
            f"data:image/png;base64,{picture}", key="demand", description=said
        )
        get_run_logger().info(said)


@task(name="calibration", task_run_name="calibration", cache_policy=NO_CACHE)
async def show_calibration(since_days: int) -> None:
    """Show how the estimates behind decisions came out as the chart `calibration`, if any did."""
    made = await asyncio.to_thread(_decided, time.time() - since_days * 86_400)
    if found := calibration.periods(made):
        picture = base64.b64encode(await asyncio.to_thread(calibration.chart, found)).decode()
        said = calibration.summary(found)
        await acreate_image_artifact(
            f"data:image/png;base64,{picture}", key="calibration", description=said
        )
        get_run_logger().info(said)


@flow(
    name="train",
    flow_run_name="train on the last {since_days} days",
    description=(
        "Learns from the flow runs of this server and the steps in the ledger how long each takes "
        "and how often it succeeds, publishes that for planning, and reports how far off it was."
    ),
)
async def train_flow(since_days: Annotated[int, Field(ge=1, le=3650)] = 90) -> State[int]:
    """Learn from everything that has run.

    Args:
        since_days: How many days of history to learn from.
    """
    from_server = await read_flow_runs(since_days)
    from_ledger = await read_ledger(since_days)
    runs = from_server + from_ledger
    tested = await fit(runs)
    published = await publish(tested)
    changes = await watch_runs(runs)
    await report(runs, tested, changes, since_days)
    await show_demand(from_server)
    await show_calibration(since_days)
    said = (
        f"Published {published} estimates from {len(from_server)} flow runs and "
        f"{len(from_ledger)} timings"
        if published
        else f"No history of the last {since_days} days to learn from: published nothing"
    )
    get_run_logger().info("%s. See the artifact training-report.", said)
    return Completed(message=said, data=published)


async def _flow_runs(
    client: PrefectClient, chosen: FlowRunFilter, limit: int, offset: int
) -> list[FlowRun]:
    order = FlowRunSort.START_TIME_ASC
    return await client.read_flow_runs(
        flow_run_filter=chosen, sort=order, limit=limit, offset=offset
    )


async def _flows(client: PrefectClient, limit: int, offset: int) -> list[Flow]:
    return await client.read_flows(limit=limit, offset=offset)


def _read_timings(since: float) -> list[Run]:
    ledger = open_ledger(settings().resolved_ledger_url())
    try:
        return of_timings(timings(ledger, limit_per_key=RUNS_PER_KEY, since=since))
    finally:
        ledger.close()


def _publish(tested: Backtest, now: float) -> int:
    ledger = open_ledger(settings().resolved_ledger_url())
    try:
        published = 0
        for kind in tested.kinds:
            if found := tested.estimates(kind):
                publish_estimates(ledger, found, kind, now)
                published += len(found)
    finally:
        ledger.close()
    return published


def _watch(runs: list[Run], now: float) -> Changes:
    ledger = open_ledger(settings().resolved_ledger_url())
    try:
        return watch(ledger, runs, now)
    finally:
        ledger.close()


def _decided(since: float) -> list[Decision]:
    ledger = open_ledger(settings().resolved_ledger_url())
    try:
        return decisions(ledger, kind="placement", since=since)
    finally:
        ledger.close()
