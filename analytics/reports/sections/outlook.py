"""The section on capacity: whether it is enough for the demand forecast of the next week."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from analytics.demand.capacity import Capacity, CapacityOutlook, outlook
from analytics.demand.forecast import forecast
from analytics.demand.hourly import HOUR_SECONDS, HourlyUse, hourly
from analytics.reports.data.model import Column, Section, Table
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.data.report_context import ReportContext
from tasks.ledger.activity import KnownProvider

WEEK_HOURS = 168
# Forecasts read the last eight weeks.
MAX_SECONDS = 56 * DAY_SECONDS
MEASURES = {"slots": "slots", "cpus": "CPUs", "memory_mib": "memory (MiB)"}


def outlook_section(context: ReportContext) -> Section:
    """Return the capacity outlook for the next 168 h, or a sentence where history is too short.

    All projects share the capacity, so the section is empty in a report of one project.
    """
    title = "Capacity of the next week"
    if context.project or not context.now.providers:
        return Section(title)
    resources = outlooks(context.history.steps, context.now.providers, context.made_at)
    if not resources:
        sentence = (
            "Steps have run for less than two days: too little to say what will be asked for."
        )
        return Section(title, (sentence,))
    columns = (
        Column("of"),
        Column("there is", "count"),
        Column("busiest hour, p90", "count"),
        Column("possibly short from", "moment"),
        Column("likely from", "moment"),
        Column("to spare", "count"),
    )
    rows = tuple(
        (
            MEASURES[resource.measure],
            amount,
            top,
            resource.possible_at,
            resource.likely_at,
            resource.spare_units,
        )
        for resource, amount, top in resources
    )
    note = "Forecast from what steps held hour by hour; of all providers together."
    table = Table("capacity-outlook", title, columns, rows, note)
    return Section(title, (_sentence(resource for resource, _, _ in resources),), tables=(table,))


def outlooks(
    steps: pd.DataFrame, providers: Iterable[KnownProvider], now: float
) -> list[tuple[CapacityOutlook, float, float]]:
    """Return the outlook of each resource, its capacity, and the p90 of its fullest hour.

    Empty where there are less than two days of history.
    """
    recent = steps[steps["ended_at"].gt(now - MAX_SECONDS)]
    if recent.empty:
        return []
    columns = (recent[name] for name in ("started_at", "ended_at", "slots", "cpus", "asked_mib"))
    uses = [HourlyUse(*map(float, row)) for row in zip(*columns, strict=True)]
    table = hourly(uses, min(use.started_at for use in uses), now)
    capacities = [provider.capacity.model_dump() for provider in providers]
    resources = []
    for name in MEASURES:
        amount = float(sum(capacity[name] for capacity in capacities))
        past = table[name].to_numpy(float)
        demand = forecast(past, WEEK_HOURS) if amount and past.any() else None
        if demand is not None:
            capacity_outlook = outlook(
                demand, Capacity(name, amount), now // HOUR_SECONDS * HOUR_SECONDS
            )
            resources.append((capacity_outlook, amount, float(demand.high.max())))
    return resources


def _sentence(capacity_outlooks: Iterable[CapacityOutlook]) -> str:
    short = [resource for resource in capacity_outlooks if resource.possible_at is not None]
    if not short:
        return "Nothing should run out."
    likely = [MEASURES[resource.measure] for resource in short if resource.likely_at is not None]
    if likely:
        return f"Likely to run out: {', '.join(likely)}. Steps will wait for each other then."
    return f"May run out: {', '.join(MEASURES[resource.measure] for resource in short)}."
