"""The section on weekly trends in durations, failures and costs of the keys with most time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from analytics.reports.data.model import Column, Range, Section, Table
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.data.report_context import ReportContext
from analytics.reports.sections.outcomes import BY_ITSELF
from analytics.statistics.seasonal import Values
from analytics.statistics.trends import Trend, relative_trend, trend

# A trend takes a tenth of a second to compute.
MAX_KEYS = 20
MIN_CHANGE = 0.01
# A shorter history cannot show a weekly trend.
MIN_SECONDS = 3 * DAY_SECONDS
_COLUMNS = (
    Column("key"),
    Column("what"),
    Column("change a week", "change"),
    Column("runs", "count"),
)


def growth_table(name: str, runs: pd.DataFrame, measures: Sequence[str]) -> Table | None:
    """Return the clear trends of the keys that took most time; None if there is none.

    ``runs`` has the columns ``key``, ``state``, ``ended_at`` and ``seconds``, and ``cost`` where
    that is among ``measures`` (of ``duration``, ``failures``, ``cost``).
    """
    if runs.empty:
        return None
    most = runs.groupby("key")["seconds"].sum().nlargest(MAX_KEYS)
    rows = [
        (str(key), what, _range(what, key_trend), key_trend.runs)
        for key in most.index
        for what, key_trend in _trends(runs[runs["key"] == key], measures)
        if key_trend.is_clear and abs(key_trend.per_week.expected) >= MIN_CHANGE
    ]
    if not rows:
        return None
    note = (
        "Only what surely changes: 90 % intervals (bootstrap) of the median slope; of failures, "
        f"the change of their share. Of the {len(most)} keys that took most time."
    )
    return Table(name, "What changes week by week", _COLUMNS, tuple(rows), note)


def growth_section(context: ReportContext, measures: Sequence[str]) -> Section:
    """Return the trends up to the end of the period, from all history."""
    steps = context.history.steps
    flows = context.history.flows
    both = pd.concat([steps, flows.assign(key="flow/" + flows["flow"], cost=0.0)])
    table = growth_table(f"trends-of-{'-and-'.join(measures)}", both, measures)
    return Section("Trends", tables=(table,) if table else ())


def _trends(runs: pd.DataFrame, measures: Sequence[str]) -> Iterator[tuple[str, Trend]]:
    if _spread(runs["ended_at"]) < MIN_SECONDS:
        return
    trends = {what: _MEASURES[what](runs) for what in measures}
    yield from (
        (what, measured_trend)
        for what, measured_trend in trends.items()
        if measured_trend is not None
    )


def _spread(at: pd.Series[float]) -> float:
    return 0.0 if at.dropna().empty else float(at.max() - at.min())


def _duration(runs: pd.DataFrame) -> Trend | None:
    return _relative(runs[runs["state"] == "succeeded"], "seconds")


def _cost(runs: pd.DataFrame) -> Trend | None:
    return _relative(runs, "cost")


def _relative(runs: pd.DataFrame, column: str) -> Trend | None:
    ended = runs[runs[column].gt(0) & runs["ended_at"].notna()]
    return relative_trend(ended["ended_at"].to_numpy(float), ended[column].to_numpy(float))


def _failures(runs: pd.DataFrame) -> Trend | None:
    ended = runs[runs["state"].isin(BY_ITSELF) & runs["ended_at"].notna()]
    failed: Values = np.asarray(ended["state"] != "succeeded", dtype=np.float64)
    return trend(ended["ended_at"].to_numpy(float), failed)


_MEASURES = {"duration": _duration, "failures": _failures, "cost": _cost}


def _range(what: str, key_trend: Trend) -> Range:
    week = key_trend.per_week
    return Range(week.expected, week.low, week.high, "points" if what == "failures" else "change")
