"""Whether the capacity there is will hold what the next week should ask for."""

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
LONGEST_SECONDS = 56 * DAY_SECONDS
MEASURES = {"slots": "slots", "cpus": "CPUs", "memory_mib": "memory (MiB)"}


def outlook_section(made_from: ReportContext) -> Section:
    """Return what runs out in the next 168 h; it says so where history is too short for that.

    Every project uses the same capacity, so a report of one project says nothing of it.
    """
    title = "Capacity of the next week"
    if made_from.project or not made_from.now.providers:
        return Section(title)
    found = outlooks(made_from.known.steps, made_from.now.providers, made_from.made_at)
    if not found:
        said = "Steps have run for less than two days: too little to say what will be asked for."
        return Section(title, (said,))
    columns = (
        Column("of"),
        Column("there is", "count"),
        Column("fullest hour, p90", "count"),
        Column("possibly short from", "moment"),
        Column("likely from", "moment"),
        Column("to spare", "count"),
    )
    rows = tuple(
        (MEASURES[one.measure], amount, top, one.possible_at, one.likely_at, one.spare_units)
        for one, amount, top in found
    )
    note = "Forecast from what steps held hour by hour; of all providers together."
    table = Table("capacity-outlook", title, columns, rows, note)
    return Section(title, (_sentence(one for one, _, _ in found),), tables=(table,))


def outlooks(
    steps: pd.DataFrame, providers: Iterable[KnownProvider], now: float
) -> list[tuple[CapacityOutlook, float, float]]:
    """Return the outlook of each resource, how much there is of it, and the fullest hour (p90).

    Nothing where there is less than two days of history.
    """
    recent = steps[steps["ended_at"].gt(now - LONGEST_SECONDS)]
    if recent.empty:
        return []
    columns = (recent[name] for name in ("started_at", "ended_at", "slots", "cpus", "asked_mib"))
    uses = [HourlyUse(*map(float, row)) for row in zip(*columns, strict=True)]
    table = hourly(uses, min(use.started_at for use in uses), now)
    capacities = [one.capacity.model_dump() for one in providers]
    found = []
    for name in MEASURES:
        amount = float(sum(capacity[name] for capacity in capacities))
        past = table[name].to_numpy(float)
        demand = forecast(past, WEEK_HOURS) if amount and past.any() else None
        if demand is not None:
            seen = outlook(demand, Capacity(name, amount), now // HOUR_SECONDS * HOUR_SECONDS)
            found.append((seen, amount, float(demand.high.max())))
    return found


def _sentence(found: Iterable[CapacityOutlook]) -> str:
    short = [one for one in found if one.possible_at is not None]
    if not short:
        return "Nothing should run out."
    likely = [MEASURES[one.measure] for one in short if one.likely_at is not None]
    if likely:
        return f"Likely to run out: {', '.join(likely)}. Steps will wait for each other then."
    return f"May run out: {', '.join(MEASURES[one.measure] for one in short)}."
