"""The sections on savings: idle reservations, unused memory, and changes that would have paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analytics.insights.bottlenecks import bottlenecks
from analytics.insights.opportunities import (
    MIN_RUNS,
    SHORT_SECONDS,
    Opportunity,
    caching,
    idle,
    memory,
    packing,
    provider,
    splitting,
)
from analytics.reports.data.model import Bars, Cell, Column, Figure, Range, Section, Table, Unit
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables
from analytics.reports.render.quantities import written
from analytics.reports.sections.critical_paths import runs_as_steps

# A step is worth splitting if runs wait for it for this share of their time, and if it takes so
# long.
SPLIT_SHARE = 0.1
SPLIT_SECONDS = 10.0
SPLIT_PARTS = 2
MAX_STEPS_PER_RUN = 16
MAX_BARS = 10
_UNITS: dict[str, Unit] = {"s": "s", "MiB": "MiB"}


def unused_memory(tables: ReportTables) -> float | None:
    """Return the unused share of the memory that steps asked for, weighed by their durations."""
    measured = tables.steps[(tables.steps["asked_mib"] > 0) & (tables.steps["peak_mib"] > 0)]
    asked_mib_seconds = float((measured["asked_mib"] * measured["seconds"]).sum())
    used_mib_seconds = float(
        (measured["peak_mib"].clip(upper=measured["asked_mib"]) * measured["seconds"]).sum()
    )
    return 1 - used_mib_seconds / asked_mib_seconds if asked_mib_seconds else None


def idle_share(tables: ReportTables) -> float | None:
    """Return the unused share of the time that plans had reserved for steps."""
    planned_steps = _reserved(tables.steps)
    reserved = float(planned_steps["planned"].sum())
    unused = float((planned_steps["planned"] - planned_steps["seconds"]).clip(lower=0).sum())
    return unused / reserved if reserved else None


def saving_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the unused shares of reserved time and of memory."""
    return (
        context.figure(
            "reserved and not used",
            idle_share,
            "share",
            "less",
            note="of the time that plans had reserved for steps",
        ),
        context.figure(
            "memory not used",
            unused_memory,
            "share",
            "less",
            note="of what steps had asked for, while they ran",
        ),
    )


def saving_sections(context: ReportContext) -> tuple[Section, ...]:
    """Return the tables of unused time and memory, and the changes that would have saved most."""
    ranked = opportunities(context.now)
    rows = tuple(_row(opportunity) for opportunity in ranked)
    columns = (
        Column("what"),
        Column("key"),
        Column("change"),
        Column("gain a run", "s"),
        Column("runs", "count"),
        Column("in all"),
        Column("is sure"),
    )
    note = (
        "The runs of the period replayed under the change; what the change costs to make is not "
        "counted. With 90 % intervals; sure where all of it is above nought."
    )
    table = Table("opportunities", "Changes that would have paid", columns, rows, note, shown=8)
    steps = context.now.steps
    return (
        Section(
            "Held and not used", tables=(*_reserved_time_table(steps), *_unused_memory_table(steps))
        ),
        Section("Opportunities", charts=_chart(ranked), tables=(table,) if rows else ()),
    )


def opportunities(tables: ReportTables) -> list[Opportunity]:
    """Return what would have paid in the runs of ``tables``, that which saves most time first."""
    succeeded = tables.steps[tables.steps["state"] == "succeeded"]
    profitable = [
        opportunity
        for opportunity in _candidates(tables, succeeded)
        if opportunity is not None and opportunity.gain.expected > 0
    ]
    return sorted(
        profitable,
        key=lambda opportunity: (opportunity.unit, opportunity.gain.expected * opportunity.runs),
        reverse=True,
    )


def _candidates(tables: ReportTables, succeeded: pd.DataFrame) -> Iterator[Opportunity | None]:
    waited_for = {
        bottleneck.key: bottleneck.seconds
        for bottleneck in bottlenecks(runs_as_steps(tables))
        if bottleneck.key and bottleneck.share.expected >= SPLIT_SHARE
    }
    for key, runs in succeeded.groupby("key"):
        asked_mib = float(runs["asked_mib"].iloc[-1])
        if asked_mib > 0:
            yield memory(str(key), asked_mib, runs["peak_mib"].to_list())
        if key in waited_for and runs["seconds"].median() >= SPLIT_SECONDS:
            yield splitting(str(key), runs["seconds"].to_list(), SPLIT_PARTS)
        yield caching(str(key), [*zip(runs["inputs"], runs["seconds"], strict=True)])
        kinds = {str(kind): seconds.to_list() for kind, seconds in runs.groupby("kind")["seconds"]}
        if len(kinds) > 1:
            yield provider(str(key), kinds, str(runs["kind"].iloc[-1]))
    for name, runs in succeeded.groupby(succeeded["project"] + "/" + succeeded["workload"]):
        reserved = _reserved(runs)
        if len(reserved) >= MIN_RUNS:
            yield idle(str(name), reserved["planned"].to_list(), reserved["seconds"].to_list())
        yield _packing(str(name), runs, tables)


def _packing(name: str, runs: pd.DataFrame, tables: ReportTables) -> Opportunity | None:
    """Propose to run short steps together, but so few that every slot has work."""
    short = runs[runs["seconds"] <= SHORT_SECONDS]
    lanes = max(1, sum(known_provider.capacity.slots for known_provider in tables.providers))
    in_a_run = float(np.median(short.groupby("run").size())) if len(short) else 0.0
    together = min(MAX_STEPS_PER_RUN, int(in_a_run // lanes))
    return packing(name, runs["seconds"].to_list(), together) if together > 1 else None


def _chart(ranked: Sequence[Opportunity]) -> tuple[Bars, ...]:
    """Return the greatest savings of time, in all runs of the period."""
    charted = [opportunity for opportunity in ranked if opportunity.unit == "s"][:MAX_BARS]
    if not charted:
        return ()
    return (
        Bars(
            "opportunities",
            "Time that each change would have saved in all, with its 90 % interval",
            "s",
            tuple(f"{opportunity.kind}: {opportunity.key}" for opportunity in charted),
            tuple(opportunity.gain.expected * opportunity.runs for opportunity in charted),
            low=tuple(max(0.0, opportunity.gain.low) * opportunity.runs for opportunity in charted),
            high=tuple(opportunity.gain.high * opportunity.runs for opportunity in charted),
        ),
    )


def _reserved_time_table(steps: pd.DataFrame) -> tuple[Table, ...]:
    reserved = _reserved(steps)
    rows = []
    for name, runs in reserved.groupby(reserved["project"] + "/" + reserved["workload"]):
        unused = float((runs["planned"] - runs["seconds"]).clip(lower=0).sum())
        planned = float(runs["planned"].sum())
        used = float(runs["seconds"].sum())
        rows.append((str(name), len(runs), planned, used, unused, unused / planned))
    if not rows:
        return ()
    columns = (
        Column("workload"),
        Column("steps", "count"),
        Column("reserved", "s"),
        Column("used", "s"),
        Column("stood idle", "s"),
        Column("share", "share"),
    )
    note = "A step reserves what its plan expects; one that takes longer uses more than that."
    ordered = tuple(sorted(rows, key=lambda row: -row[4]))
    return (Table("time-reserved", "Time reserved and used", columns, ordered, note, shown=8),)


def _unused_memory_table(steps: pd.DataFrame) -> tuple[Table, ...]:
    measured = steps[(steps["asked_mib"] > 0) & (steps["peak_mib"] > 0)]
    rows = []
    for key, runs in measured.groupby("key"):
        asked_mib, peak_mib = float(runs["asked_mib"].max()), float(runs["peak_mib"].max())
        unused = max(0.0, asked_mib - peak_mib)
        rows.append((str(key), len(runs), asked_mib, peak_mib, unused, unused / asked_mib))
    if not rows:
        return ()
    columns = (
        Column("step"),
        Column("runs", "count"),
        Column("asked for", "MiB"),
        Column("greatest peak", "MiB"),
        Column("never used", "MiB"),
        Column("share", "share"),
    )
    ordered = tuple(sorted(rows, key=lambda row: -row[4]))
    return (Table("memory-asked-for", "Memory asked for and used", columns, ordered, shown=8),)


def _reserved(steps: pd.DataFrame) -> pd.DataFrame:
    return steps[(steps["planned"] > 0) & (steps["state"] == "succeeded")]


def _row(opportunity: Opportunity) -> tuple[Cell, ...]:
    unit = _UNITS[opportunity.unit]
    gain = Range(opportunity.gain.expected, opportunity.gain.low, opportunity.gain.high, unit)
    # Memory is not added up over runs: it is free again after each.
    total = written(opportunity.gain.expected * opportunity.runs, "s") if unit == "s" else ""
    sure = "yes" if opportunity.gain.low > 0 else "no"
    return (
        opportunity.kind,
        opportunity.key,
        opportunity.change,
        gain,
        opportunity.runs,
        total,
        sure,
    )
