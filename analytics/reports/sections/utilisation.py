"""The section on utilisation: the shares of capacity in use, by provider and resource."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from analytics.reports.data.model import Bars, Cell, Column, Figure, Section, Span, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables
from tasks.ledger.activity import KnownProvider

_HELD_COLUMNS = {"slots": "slots", "cpus": "cpus", "memory_mib": "asked_mib"}


def held_share(provider: KnownProvider, steps: pd.DataFrame, span: Span) -> dict[str, float]:
    """Return the share of each resource of ``provider`` that steps held on average over ``span``.

    A step holds its demand from its start to its end; time outside of ``span`` does not count.
    """
    own_steps = steps[steps["provider"] == provider.name]
    started_at = own_steps["started_at"].clip(lower=span.since)
    ended_at = own_steps["ended_at"].clip(upper=span.until)
    held_seconds = (ended_at - started_at).clip(lower=0)
    capacity = provider.capacity.model_dump()
    return {
        name: float((held_seconds * own_steps[column]).sum()) / (capacity[name] * span.seconds)
        for name, column in _HELD_COLUMNS.items()
        if capacity[name] > 0
    }


def busy_seconds(provider: KnownProvider, steps: pd.DataFrame, span: Span) -> float:
    """Return the seconds during which at least one step ran on ``provider``."""
    own_steps = steps[(steps["provider"] == provider.name) & steps["ended_at"].notna()]
    total, reached = 0.0, span.since
    for started_at, ended_at in sorted(
        zip(own_steps["started_at"], own_steps["ended_at"], strict=True)
    ):
        total += max(0.0, min(ended_at, span.until) - max(started_at, reached))
        reached = max(reached, ended_at)
    return total


def utilisation(context: ReportContext, tables: ReportTables, span: Span) -> float | None:
    """Return the mean use of each provider's scarcest resource, weighed by the provider's slots."""
    shares = [
        (max(held_shares.values()), max(1, provider.capacity.slots))
        for provider, held_shares in _shares(context, tables, span)
        if held_shares
    ]
    if not shares:
        return None
    values, weights = zip(*shares, strict=True)
    return float(np.average(values, weights=weights))


def utilisation_figure(context: ReportContext) -> Figure:
    """Return how much of the capacity was in use."""
    compared = context.compared_with
    before = None
    if context.before is not None and compared and not context.before.is_empty:
        before = utilisation(context, context.before, compared)
    now = utilisation(context, context.now, context.span)
    return Figure(
        "capacity in use",
        now,
        "share",
        before,
        note="of the scarcest resource of each provider, all of the period",
    )


def utilisation_section(context: ReportContext) -> Section:
    """Return how full each provider was."""
    rows: list[tuple[Cell, ...]] = []
    at_work: list[float] = []
    for provider, held_shares in _shares(context, context.now, context.span):
        steps = context.now.steps
        busy = busy_seconds(provider, steps, context.span)
        count = int((steps["provider"] == provider.name).sum())
        shares = [held_shares.get(name) for name in _HELD_COLUMNS]
        at_work.append(busy / context.span.seconds)
        rows.append((provider.name, count, at_work[-1], *shares))
    if not any(at_work):
        return Section("Capacity")
    columns = (
        Column("provider"),
        Column("steps", "count"),
        Column("at work", "share"),
        Column("slots held", "share"),
        Column("CPUs held", "share"),
        Column("memory held", "share"),
    )
    note = (
        "At work: at least one step ran. Held: what steps had asked for, on average over all of "
        "the period."
    )
    bars = Bars(
        "utilisation",
        "Share of the period in which each provider was at work",
        "share",
        tuple(str(row[0]) for row in rows),
        tuple(at_work),
    )
    table = Table("utilisation", "Providers", columns, tuple(rows), note)
    return Section("Capacity", charts=(bars,) if len(rows) > 1 else (), tables=(table,))


def _shares(
    context: ReportContext, tables: ReportTables, span: Span
) -> Iterator[tuple[KnownProvider, dict[str, float]]]:
    for provider in context.now.providers:
        yield provider, held_share(provider, tables.steps, span)
