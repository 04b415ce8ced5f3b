"""The task that watches a history: it keeps the insights of the ledger up to date."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from analytics.demand.chart import outlooks
from analytics.demand.step_demand import rows, step_outlooks
from analytics.history.runs import FLOW_KIND, Run
from analytics.insights.events import change_events
from analytics.insights.lifecycle import Changes
from analytics.insights.metric_anomalies import find_anomalies
from analytics.insights.shortages import shortages
from analytics.insights.slowdowns import change_sentences, watch
from tasks.ledger.forecasts import publish_forecasts
from tasks.ledger.hosts import open_own_ledger
from tasks.ledger.providers import fleet, provider_names
from tasks.settings import settings


@task(name="watch", task_run_name="watch", cache_policy=NO_CACHE, persist_result=False)
async def watch_runs(runs: list[Run]) -> Changes:
    """Look for slowdowns, anomalies and shortages; log each new, worse or closed insight once."""
    changes = await asyncio.to_thread(_watch, runs, time.time())
    for sentence in change_sentences(changes):
        get_run_logger().warning(sentence)
    for event in change_events(changes):
        emit_event(**event.document())
    return changes


def _watch(runs: list[Run], now: float) -> Changes:
    flow_runs = [run for run in runs if run.kind == FLOW_KIND]
    with closing(open_own_ledger(settings())) as ledger:
        steps = step_outlooks(runs, now)
        publish_forecasts(ledger, rows(outlooks(flow_runs, now) | steps), now)
        providers = fleet(ledger, provider_names(ledger), now).providers
        findings = [
            *find_anomalies(ledger, now, settings().sample_days),
            *shortages(steps, providers, now),
        ]
        return watch(ledger, runs, now, findings)
