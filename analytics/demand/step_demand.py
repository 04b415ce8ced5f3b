"""The hourly demand forecast of steps for the next week: slots, CPUs, memory and money."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from analytics.demand.chart import WEEK_HOURS, DemandOutlook
from analytics.demand.forecast import forecast
from analytics.demand.hourly import HOUR_SECONDS, HourlyUse, hourly
from analytics.history.runs import FLOW_KIND, TASK_KIND, Run
from tasks.ledger.forecasts import HourForecast

# The published names, by column of the hourly table; nothing records tokens yet.
MEASURES = {"slots": "steps", "cpus": "cpus", "memory_mib": "memory_mib", "money": "money"}


def step_outlooks(runs: Iterable[Run], now: float) -> dict[str, DemandOutlook]:
    """Return the outlook of ``MEASURES`` for the next 168 h, without measures that were never used.

    Only attempts count, which record their resources: a timing of a test holds none of its own.
    """
    uses = [
        HourlyUse(
            run.started_at,
            None if math.isnan(run.ended_at) else run.ended_at,
            cpus=run.cpus,
            memory_mib=run.asked_memory_mib,
            money=run.cost,
        )
        for run in runs
        if run.id and run.kind not in {FLOW_KIND, TASK_KIND}
    ]
    if not uses:
        return {}
    table = hourly(uses, min(use.started_at for use in uses), now)
    outlooks: dict[str, DemandOutlook] = {}
    for column, measure in MEASURES.items():
        past = table[column].to_numpy(float)
        if past.any() and (demand := forecast(past, WEEK_HOURS)):
            outlooks[measure] = DemandOutlook(now // HOUR_SECONDS * HOUR_SECONDS, past, demand)
    return outlooks


def rows(outlooks: Mapping[str, DemandOutlook]) -> list[HourForecast]:
    """Return one row for each measure and hour, as the ledger stores them."""
    return [
        HourForecast(measure, outlook.start + hour * HOUR_SECONDS, *map(float, values))
        for measure, outlook in outlooks.items()
        for hour, values in enumerate(
            zip(
                outlook.demand.median,
                outlook.demand.mean,
                outlook.demand.low,
                outlook.demand.high,
                strict=True,
            )
        )
    ]
