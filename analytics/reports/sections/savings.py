"""What could be saved: reservations that stood idle, memory never used, and what would mend it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analytics.insights.bottlenecks import bottlenecks
from analytics.insights.opportunities import (
    FEWEST_RUNS,
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

# A step is worth splitting where runs wait for it for a tenth of their time.
SPLIT_SHARE = 0.1
SPLIT_SECONDS = 10.0
SPLIT_PARTS = 2
MOST_TOGETHER = 16
MOST_BARS = 10
_UNITS: dict[str, Unit] = {"s": "s", "MiB": "MiB"}


def unused_memory(of: ReportTables) -> float | None:
    """Return the share of the memory asked for, over the time that it was held, never used."""
    told = of.steps[(of.steps["asked_mib"] > 0) & (of.steps["peak_mib"] > 0)]
    asked = float((told["asked_mib"] * told["seconds"]).sum())
    used = float((told["peak_mib"].clip(upper=told["asked_mib"]) * told["seconds"]).sum())
    return 1 - used / asked if asked else None


def idle_share(of: ReportTables) -> float | None:
    """Return the share of the time that plans had reserved for steps and these did not use."""
    told = _reserved(of.steps)
    reserved = float(told["planned"].sum())
    unused = float((told["planned"] - told["seconds"]).clip(lower=0).sum())
    return unused / reserved if reserved else None


def saving_figures(made_from: ReportContext) -> tuple[Figure, ...]:
    """Return how much of what was held was not used."""
    return (
        made_from.figure(
            "reserved and not used",
            idle_share,
            "share",
            "less",
            note="of the time that plans had reserved for steps",
        ),
        made_from.figure(
            "memory not used",
            unused_memory,
            "share",
            "less",
            note="of what steps had asked for, while they ran",
        ),
    )


def saving_sections(made_from: ReportContext) -> tuple[Section, ...]:
    """Return what stood idle, and the changes that would have saved most."""
    found = opportunities(made_from.now)
    rows = tuple(_row(one) for one in found)
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
    steps = made_from.now.steps
    return (
        Section(
            "Held and not used", tables=(*_reserved_time_table(steps), *_unused_memory_table(steps))
        ),
        Section("Opportunities", charts=_chart(found), tables=(table,) if rows else ()),
    )


def opportunities(of: ReportTables) -> list[Opportunity]:
    """Return what would have paid in the runs of ``of``, that which saves most time first."""
    well = of.steps[of.steps["state"] == "succeeded"]
    found = [one for one in _candidates(of, well) if one is not None and one.gain.expected > 0]
    return sorted(found, key=lambda one: (one.unit, one.gain.expected * one.runs), reverse=True)


def _candidates(of: ReportTables, well: pd.DataFrame) -> Iterator[Opportunity | None]:
    waited_for = {
        one.key: one.seconds
        for one in bottlenecks(runs_as_steps(of))
        if one.key and one.share.expected >= SPLIT_SHARE
    }
    for key, runs in well.groupby("key"):
        asked = float(runs["asked_mib"].iloc[-1])
        if asked > 0:
            yield memory(str(key), asked, runs["peak_mib"].to_list())
        if key in waited_for and runs["seconds"].median() >= SPLIT_SECONDS:
            yield splitting(str(key), runs["seconds"].to_list(), SPLIT_PARTS)
        yield caching(str(key), [*zip(runs["inputs"], runs["seconds"], strict=True)])
        kinds = {str(kind): each.to_list() for kind, each in runs.groupby("kind")["seconds"]}
        if len(kinds) > 1:
            yield provider(str(key), kinds, str(runs["kind"].iloc[-1]))
    for name, runs in well.groupby(well["project"] + "/" + well["workload"]):
        reserved = _reserved(runs)
        if len(reserved) >= FEWEST_RUNS:
            yield idle(str(name), reserved["planned"].to_list(), reserved["seconds"].to_list())
        yield _packing(str(name), runs, of)


def _packing(name: str, runs: pd.DataFrame, of: ReportTables) -> Opportunity | None:
    """Propose to run short steps together, as many as leave every slot something to do."""
    short = runs[runs["seconds"] <= SHORT_SECONDS]
    lanes = max(1, sum(each.capacity.slots for each in of.providers))
    in_a_run = float(np.median(short.groupby("run").size())) if len(short) else 0.0
    together = min(MOST_TOGETHER, int(in_a_run // lanes))
    return packing(name, runs["seconds"].to_list(), together) if together > 1 else None


def _chart(found: Sequence[Opportunity]) -> tuple[Bars, ...]:
    """Return the greatest savings of time, in all runs of the period."""
    shown = [one for one in found if one.unit == "s"][:MOST_BARS]
    if not shown:
        return ()
    return (
        Bars(
            "opportunities",
            "Time that each change would have saved in all, with its 90 % interval",
            "s",
            tuple(f"{one.kind}: {one.key}" for one in shown),
            tuple(one.gain.expected * one.runs for one in shown),
            low=tuple(max(0.0, one.gain.low) * one.runs for one in shown),
            high=tuple(one.gain.high * one.runs for one in shown),
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
    told = steps[(steps["asked_mib"] > 0) & (steps["peak_mib"] > 0)]
    rows = []
    for key, runs in told.groupby("key"):
        asked, peak = float(runs["asked_mib"].max()), float(runs["peak_mib"].max())
        unused = max(0.0, asked - peak)
        rows.append((str(key), len(runs), asked, peak, unused, unused / asked))
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


def _row(one: Opportunity) -> tuple[Cell, ...]:
    unit = _UNITS[one.unit]
    gain = Range(one.gain.expected, one.gain.low, one.gain.high, unit)
    # Memory is not added up over runs: it is free again after each.
    total = written(one.gain.expected * one.runs, "s") if unit == "s" else ""
    sure = "yes" if one.gain.low > 0 else "no"
    return (one.kind, one.key, one.change, gain, one.runs, total, sure)
