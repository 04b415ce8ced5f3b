"""The flow `train`: learns from everything that has run, and publishes estimates of next runs."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed
from pydantic import Field

from analytics.demand import chart as demand_chart
from analytics.demand.step_demand import step_outlooks
from analytics.history import ledger as ledger_history
from analytics.history import server
from analytics.history.archive import Archive, load, save
from analytics.history.ledger import newest
from analytics.history.runs import FLOW_KIND, Run
from analytics.insights.events import change_events
from analytics.insights.lifecycle import Changes
from analytics.insights.measurements import find_anomalies
from analytics.insights.shortages import shortages
from analytics.insights.slowdowns import change_sentences, section, watch
from analytics.reports.sections.training import of_training
from analytics.training.backtest import Backtest, backtest
from analytics.training.calibration import (
    calibration_chart,
    calibration_periods,
    calibration_summary,
)
from analytics.training.model_store import code_digest
from analytics.training.publishing import (
    DURATIONS,
    last_model,
    publish_backtest,
    publish_demand,
    record_models,
)
from analytics.training.report import chart, markdown, states
from analytics.training.retraining import due
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import Decision, decisions
from tasks.ledger.estimates import published_bounds
from tasks.ledger.hosts import open_own_ledger
from tasks.ledger.models import models
from tasks.ledger.providers import fleet, provider_names
from tasks.picture import picture
from tasks.settings import settings

DAY_SECONDS = 86_400.0


@task(
    name="read flow runs",
    task_run_name="read flow and task runs",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=2,
    persist_result=False,
)
async def read_flow_runs(since_days: int) -> list[Run]:
    """Read the new flow and task runs of the server, of any flow, and add them to the archive."""
    now = time.time()
    since = now - since_days * DAY_SECONDS
    async with get_client() as client:
        post = partial(_post, client)
        source = await server.identity(post, "train")
        archive = await asyncio.to_thread(load, _kept("server"), source, since)
        refreshed, changed = await server.refreshed(post, archive, since, now)
    await asyncio.to_thread(_keep, _kept("server"), refreshed)
    get_run_logger().info("Read %d flow and task runs, %s", changed, states(refreshed.runs))
    return newest(run for run in refreshed.runs if run.started_at >= since)


@task(name="read ledger", task_run_name="read ledger", cache_policy=NO_CACHE, persist_result=False)
async def read_ledger(since_days: int) -> list[Run]:
    """Read what the ledger has recorded since the last training, and add it to the archive."""
    now = time.time()
    since = now - since_days * DAY_SECONDS
    archive = await asyncio.to_thread(_read_ledger, since, now)
    return newest(run for run in archive.runs if run.started_at >= since)


@task(
    name="see what is due",
    task_run_name="see what is due",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def see_what_is_due(runs: list[Run]) -> str:
    """Return why training is due; empty where the last training still holds."""
    return await asyncio.to_thread(_due, runs, time.time())


@task(name="fit", task_run_name="fit", cache_policy=NO_CACHE, persist_result=False)
async def fit(runs: list[Run]) -> Backtest:
    """Forecast every run in hindsight, train on all of them, and compare with the last model."""
    return await asyncio.to_thread(_fitted, runs)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
async def publish(tested: Backtest) -> int:
    """Publish the estimates in the ledger, where planning reads them; return how many."""
    return await asyncio.to_thread(_publish, tested, time.time())


@task(name="watch", task_run_name="watch", cache_policy=NO_CACHE, persist_result=False)
async def watch_runs(runs: list[Run]) -> Changes:
    """Look for slowdowns, anomalies and shortages; log each new, worse or closed insight once."""
    changes = await asyncio.to_thread(_watch, runs, time.time())
    for sentence in change_sentences(changes):
        get_run_logger().warning(sentence)
    for event in change_events(changes):
        emit_event(**event.document())
    return changes


@task(name="report", task_run_name="report", cache_policy=NO_CACHE, persist_result=False)
async def report(runs: list[Run], tested: Backtest, changes: Changes, since_days: int) -> None:
    """Show the results of the training and the accuracy of its forecasts as artifacts."""
    learnt = await asyncio.to_thread(markdown, runs, tested, since_days)
    trends = await asyncio.to_thread(of_training, runs)
    parts = [learnt, section(changes), *([f"## Trends\n\n{trends}"] if trends else [])]
    text = "\n\n".join(parts)
    await acreate_markdown_artifact(text, key="training-report", description="What was learnt")
    if tested.is_forecast.any():
        image = await asyncio.to_thread(chart, *tested.pairs)
        description = "What was forecast of each run against what it took"
        await acreate_markdown_artifact(
            picture(image, description), key="training-chart", description=description
        )


@task(name="demand", task_run_name="demand", cache_policy=NO_CACHE, persist_result=False)
async def show_demand(runs: list[Run]) -> None:
    """Show the demand forecast for 24 h and 168 h as the chart `demand`, given enough history."""
    outlooks = await asyncio.to_thread(demand_chart.outlooks, runs, time.time())
    if outlooks:
        image, summary = (
            await asyncio.to_thread(demand_chart.chart, outlooks),
            demand_chart.summary(outlooks),
        )
        await acreate_markdown_artifact(picture(image, summary), key="demand", description=summary)
        get_run_logger().info(summary)


@task(name="calibration", task_run_name="calibration", cache_policy=NO_CACHE, persist_result=False)
async def show_calibration(since_days: int) -> None:
    """Show the calibration of the estimates behind decisions as the chart `calibration`, if any."""
    placements = await asyncio.to_thread(_decided, time.time() - since_days * DAY_SECONDS)
    if periods := calibration_periods(placements):
        image, summary = (
            await asyncio.to_thread(calibration_chart, periods),
            calibration_summary(periods),
        )
        await acreate_markdown_artifact(
            picture(image, summary), key="calibration", description=summary
        )
        get_run_logger().info(summary)


@flow(
    name="train",
    flow_run_name="train on the last {since_days} days",
    description=(
        "Learns from the flow and task runs of this server and the steps in the ledger how long "
        "each takes and how often it succeeds, publishes that for planning, and reports how far "
        "off it was."
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
        only_if_due: Learn only where the last training is a day old, or what has run since was
            not as it foresaw; what is slower, strange or runs out is looked for in any case.
    """
    from_server = await read_flow_runs(since_days)
    from_ledger = await read_ledger(since_days)
    runs = from_server + from_ledger
    if only_if_due:
        why = await see_what_is_due(runs)
        if not why:
            await watch_runs(runs)
            return Completed(message="What was learnt last still holds: published nothing", data=0)
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
        else f"No history of the last {since_days} days to learn from: published nothing"
    )
    get_run_logger().info("%s. See the artifact training-report.", message)
    return Completed(message=message, data=published)


async def _post(client: PrefectClient, path: Any, body: dict[str, Any]) -> Any:
    """Post to the Prefect API; ``path`` is one of its routes."""
    return (await client.request("POST", path, json=body)).json()


def _kept(name: str) -> Path:
    return settings().root / "history" / f"{name}.parquet"


def _models() -> Path:
    return settings().root / "models"


def _ledger() -> closing[Ledger]:
    return closing(open_own_ledger(settings()))


def _keep(path: Path, archive: Archive) -> None:
    if archive.note:
        get_run_logger().info("%s", archive.note)
    save(path, archive)


def _read_ledger(since: float, now: float) -> Archive:
    with _ledger() as ledger:
        source = ledger.url.render_as_string(hide_password=True)
        archive = load(_kept("ledger"), source, since)
        refreshed = ledger_history.refreshed(ledger, archive, since, now)
    _keep(_kept("ledger"), refreshed)
    return refreshed


def _fitted(runs: list[Run]) -> Backtest:
    return backtest(runs, None, last_model(_models()), code_digest())


def _due(runs: list[Run], now: float) -> str:
    with _ledger() as ledger:
        trained = next(iter(models(ledger, DURATIONS, limit=1)), None)
        return due(trained, code_digest(), runs, published_bounds(ledger), now)


def _publish(tested: Backtest, now: float) -> int:
    with _ledger() as ledger:
        for trained in record_models(ledger, _models(), tested, code_digest(), now):
            get_run_logger().info("Model %s: %s (%s)", trained.name, trained.champion, trained.why)
        return publish_backtest(ledger, tested, now)


def _watch(runs: list[Run], now: float) -> Changes:
    flow_runs = [run for run in runs if run.kind == FLOW_KIND]
    with _ledger() as ledger:
        steps = step_outlooks(runs, now)
        publish_demand(ledger, demand_chart.outlooks(flow_runs, now) | steps, now)
        providers = fleet(ledger, provider_names(ledger), now).providers
        findings = [
            *find_anomalies(ledger, now, settings().sample_days),
            *shortages(steps, providers, now),
        ]
        return watch(ledger, runs, now, findings)


def _decided(since: float) -> list[Decision]:
    with _ledger() as ledger:
        return decisions(ledger, kind="placement", since=since)
