"""The tasks of a training: whether it is due, fitting, publishing, and how good estimates were."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from analytics.history.runs import Run
from analytics.history.task import DAY_SECONDS
from analytics.training.backtest import Backtest, backtest
from analytics.training.calibration_report import (
    calibration_chart,
    calibration_periods,
    calibration_summary,
)
from analytics.training.model_store import code_digest
from analytics.training.publishing import DURATIONS, last_model, publish_backtest, record_models
from analytics.training.training_due import due
from tasks.artifact import one_line
from tasks.ledger.decisions import Decision, decisions
from tasks.ledger.estimates import published_bounds
from tasks.ledger.hosts import open_own_ledger
from tasks.ledger.models import models
from tasks.picture import picture
from tasks.settings import settings


@task(
    name="see what is due",
    task_run_name="see what is due",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def see_what_is_due(runs: list[Run]) -> str:
    """Return why training is due; empty if the last training still holds."""
    return await asyncio.to_thread(_due, runs, time.time())


@task(name="fit", task_run_name="fit", cache_policy=NO_CACHE, persist_result=False)
async def fit(runs: list[Run]) -> Backtest:
    """Forecast every run in hindsight, train on all of them, and compare with the last model."""
    return await asyncio.to_thread(_fitted, runs)


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE, persist_result=False)
async def publish(tested: Backtest) -> int:
    """Publish the estimates in the ledger, where planning reads them; return how many."""
    return await asyncio.to_thread(_publish, tested, time.time())


@task(name="calibration", task_run_name="calibration", cache_policy=NO_CACHE, persist_result=False)
async def show_calibration(since_days: int) -> None:
    """Show the calibration of the estimates behind decisions as the chart `calibration`, if any."""
    placements = await asyncio.to_thread(_placements, time.time() - since_days * DAY_SECONDS)
    if periods := calibration_periods(placements):
        image = await asyncio.to_thread(calibration_chart, periods)
        summary = calibration_summary(periods)
        await acreate_markdown_artifact(
            f"{picture(image, summary)}\n\n{summary}",
            key="calibration",
            description=one_line(f"Calibration: {summary}"),
        )
        get_run_logger().info(summary)


def _model_folder() -> Path:
    return settings().root / "models"


def _due(runs: list[Run], now: float) -> str:
    with closing(open_own_ledger(settings())) as ledger:
        trained = next(iter(models(ledger, DURATIONS, limit=1)), None)
        return due(trained, code_digest(), runs, published_bounds(ledger), now)


def _fitted(runs: list[Run]) -> Backtest:
    return backtest(runs, None, last_model(_model_folder()), code_digest())


def _publish(tested: Backtest, now: float) -> int:
    with closing(open_own_ledger(settings())) as ledger:
        for trained in record_models(ledger, _model_folder(), tested, code_digest(), now):
            get_run_logger().info("Model %s: %s (%s)", trained.name, trained.champion, trained.why)
        return publish_backtest(ledger, tested, now)


def _placements(since: float) -> list[Decision]:
    with closing(open_own_ledger(settings())) as ledger:
        return decisions(ledger, kind="placement", since=since)
