"""The task that shows the demand of the next day and week."""

from __future__ import annotations

import asyncio
import time

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from analytics.demand.chart import chart, outlooks, summary
from analytics.history.runs import Run
from tasks.picture import picture


@task(name="demand", task_run_name="demand", cache_policy=NO_CACHE, persist_result=False)
async def show_demand(runs: list[Run]) -> None:
    """Show the demand forecast for 24 h and 168 h as the chart `demand`, given enough history."""
    by_measure = await asyncio.to_thread(outlooks, runs, time.time())
    if by_measure:
        image, sentence = await asyncio.to_thread(chart, by_measure), summary(by_measure)
        await acreate_markdown_artifact(
            f"{picture(image, sentence)}\n\n{sentence}",
            key="demand",
            description="Forecast of flow runs and slots for the next day and week",
        )
        get_run_logger().info(sentence)
