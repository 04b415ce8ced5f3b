"""Stacked bars: the parts of an amount on each day or in each week."""

from __future__ import annotations

from typing import Any

from analytics.reports.data.model import StackedBars
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.render.charts.axes import (
    MAIN,
    PALE,
    SECOND,
    SMALL_FONT,
    dated,
    moment,
    ruled,
    scale,
    short,
)

_INCHES = 2.0
_STATE_COLOURS = {
    "succeeded": MAIN,
    "failed": "#b3261e",
    "timed out": "#d9644a",
    "out of memory": "#8c1d5c",
    "crashed": SECOND,
    "lost": SECOND,
    "preempted": "#c9a227",
    "cancelled": "#9aa3ad",
}
_SERIES_COLOURS = (MAIN, SECOND, "#6b9080", "#8a6fa8", PALE, "#9aa3ad")


def height(_: StackedBars) -> float:
    """Return how many inches high the chart is."""
    return _INCHES


def draw(figure: Any, chart: StackedBars) -> None:
    """Draw the bars, and the legend beside them."""
    axes = figure.subplots()
    divisor, name = scale(chart.unit, _greatest_total(chart))
    days = [moment(at + chart.width_seconds / 2) for at in chart.starts]
    below = [0.0] * len(days)
    for index, (series, values) in enumerate(chart.series):
        scaled = [value / divisor for value in values]
        colour = _STATE_COLOURS.get(series, _SERIES_COLOURS[index % len(_SERIES_COLOURS)])
        axes.bar(
            days,
            scaled,
            0.8 * chart.width_seconds / DAY_SECONDS,
            bottom=below,
            color=colour,
            label=_label(series),
        )
        below = [old + new for old, new in zip(below, scaled, strict=True)]
    axes.set_ylabel(name)
    axes.set_ylim(bottom=0)
    dated(axes)
    if chart.series:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=SMALL_FONT)
    ruled(axes, "y")


def _greatest_total(chart: StackedBars) -> float:
    values = [values for _, values in chart.series]
    return max((sum(day) for day in zip(*values, strict=True)), default=0.0)


def _label(series: str) -> str:
    """Return a name for the legend, which ignores names that start with an underscore."""
    return short(f" {series}" if series.startswith("_") else series)
