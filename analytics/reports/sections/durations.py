"""The sections on durations of flows and steps, and on their changes since the compared period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.reports.data.model import Bars, Column, Panel, Panels, Range, Section, Span, Table
from analytics.reports.data.period import Grid, grid
from analytics.reports.data.report_context import ReportContext
from analytics.statistics.averages import Floats
from analytics.statistics.bootstrap import bootstrap

MIN_RUNS = 5
# A change takes a thousand draws of half a millisecond; for keys beyond these it matters little.
MAX_COMPARED_KEYS = 60
MAX_PANELS = 6
MAX_BARS = 10
_COLUMNS = (
    Column("runs", "count"),
    Column("p50", "s"),
    Column("p90", "s"),
    Column("in all", "s"),
    Column("p50 before", "s"),
    Column("change of p50", "change"),
    Column("is sure"),
)


@dataclass(frozen=True, slots=True)
class Duration:
    """Durations in seconds of one key's successful runs; ``grown`` is the change of the median."""

    key: str
    runs: int
    p50: float
    p90: float
    total: float
    before: float | None = None
    grown: Range | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the change is significant: the whole interval is on one side of zero."""
        return self.grown is not None and (self.grown.low > 0 or self.grown.high < 0)


def durations(now: pd.DataFrame, before: pd.DataFrame | None, by: str) -> list[Duration]:
    """Return the durations of the keys in column ``by``, the greatest total first."""
    earlier = _seconds(before, by) if before is not None else {}
    by_key = sorted(_seconds(now, by).items(), key=lambda item: -float(item[1].sum()))
    return [
        Duration(
            key,
            len(seconds),
            float(np.median(seconds)),
            float(np.quantile(seconds, 0.9)),
            float(seconds.sum()),
            float(np.median(earlier[key])) if key in earlier else None,
            _grown(earlier.get(key), seconds) if index < MAX_COMPARED_KEYS else None,
        )
        for index, (key, seconds) in enumerate(by_key)
    ]


def duration_sections(context: ReportContext) -> tuple[Section, ...]:
    """Return the sections on the durations of flows and of steps."""
    now, before = context.now, context.before
    has_flows = before is not None and before.has_flows
    of_flows = durations(now.flows, before.flows if before and has_flows else None, "flow")
    of_steps = durations(now.steps, None if before is None else before.steps, "key")
    return (
        _section(context.span, "flows", of_flows, now.flows, "flow"),
        _section(context.span, "steps", of_steps, now.steps, "key"),
    )


def _section(
    span: Span, name: str, key_durations: list[Duration], ran: pd.DataFrame, by: str
) -> Section:
    title = name.capitalize()
    if not key_durations:
        return Section(title)
    columns = (Column(by), *_COLUMNS)
    rows = tuple(_row(duration) for duration in key_durations)
    note = (
        "Runs that succeeded. A change is sure where 90 % intervals of both medians say so; it "
        f"needs {MIN_RUNS} runs in either period."
    )
    table = Table(f"durations-of-{name}", f"How long {name} took", columns, rows, note)
    charted = key_durations[:MAX_BARS]
    bars = Bars(
        f"medians-of-{name}",
        f"Median duration of the {name} that took most time in total",
        "s",
        tuple(duration.key for duration in charted),
        tuple(duration.p50 for duration in charted),
        before=tuple(duration.before for duration in charted),
    )
    succeeded = ran[ran["state"] == "succeeded"]
    charted_keys = [duration.key for duration in key_durations if duration.runs >= MIN_RUNS][
        :MAX_PANELS
    ]
    panels = _panels(
        name, {key: succeeded[succeeded[by] == key] for key in charted_keys}, grid(span)
    )
    return Section(title, charts=(bars, *panels), tables=(table,))


def _row(duration: Duration) -> tuple[str | float | Range | None, ...]:
    sure = "" if duration.grown is None else "yes" if duration.is_sure else "no"
    return (
        duration.key,
        duration.runs,
        duration.p50,
        duration.p90,
        duration.total,
        duration.before,
        duration.grown,
        sure,
    )


def _panels(name: str, runs: Mapping[str, pd.DataFrame], columns: Grid) -> tuple[Panels, ...]:
    panels = tuple(_panel(key, runs_of_key, columns) for key, runs_of_key in runs.items())
    title = f"Duration of {name}: each run, and p50 and p90 of each {columns.name}"
    return (Panels(f"{name}-over-time", title, "s", panels),) if panels else ()


def _panel(key: str, runs: pd.DataFrame, columns: Grid) -> Panel:
    seconds = runs.groupby(columns.start_of(runs["ended_at"]))["seconds"]
    p50, p90 = seconds.quantile(0.5), seconds.quantile(0.9)
    return Panel(
        key,
        tuple(runs["ended_at"].to_list()),
        tuple(runs["seconds"].to_list()),
        tuple(start + columns.width_seconds / 2 for start in p50.index.to_list()),
        tuple(p50.to_list()),
        tuple(p90.to_list()),
    )


def _seconds(table: pd.DataFrame, by: str) -> dict[str, Floats]:
    succeeded = table[(table["state"] == "succeeded") & table["seconds"].ge(0)]
    return {str(key): seconds.to_numpy(float) for key, seconds in succeeded.groupby(by)["seconds"]}


def _grown(before: Floats | None, now: Floats) -> Range | None:
    """Return the growth of the median, with an interval from those of both medians."""
    if before is None or min(len(before), len(now)) < MIN_RUNS or np.median(before) <= 0:
        return None
    first = bootstrap(before, lambda sample: float(np.median(sample)))
    second = bootstrap(now, lambda sample: float(np.median(sample)))
    if first.low <= 0:
        return None
    return Range(
        second.expected / first.expected - 1,
        second.low / first.high - 1,
        second.high / first.low - 1,
    )
