"""Horizontal bars, one for each label: with the earlier value, or with an interval."""

from __future__ import annotations

from typing import Any

from analytics.reports.data.model import Bars
from analytics.reports.render.charts.axes import (
    EDGES_INCHES,
    MAIN,
    SECOND,
    SMALL_FONT,
    ruled,
    scale,
    short,
)
from analytics.reports.render.quantities import written

_ROW_INCHES = 0.24
_MIN_ROWS = 2


def height(chart: Bars) -> float:
    """Return how many inches high the chart is."""
    return EDGES_INCHES + _ROW_INCHES * max(_MIN_ROWS, len(chart.labels))


def draw(figure: Any, chart: Bars) -> None:
    """Draw the bars, the first one at the top."""
    axes = figure.subplots()
    divisor, name = scale(chart.unit, max((*chart.values, *chart.high), default=0.0))
    rows = range(len(chart.values))
    values = [value / divisor for value in chart.values]
    axes.barh(rows, values, 0.62, color=MAIN, zorder=2)
    if chart.low:
        _intervals(axes, chart, divisor)
    else:
        _before(axes, chart, divisor)
        _numbers(axes, chart, divisor)
    axes.set_yticks(rows, [short(label) for label in chart.labels], fontsize=SMALL_FONT)
    axes.set_ylim(len(chart.values) - 0.4, -0.6)
    axes.set_xlim(left=0)
    if chart.unit == "share" and chart.low:
        axes.set_xlim(0, min(1.0, max(chart.high) * 1.05) * 100)
    axes.set_xlabel(name, loc="right")
    axes.tick_params(axis="y", length=0)
    ruled(axes, "x")


def _intervals(axes: Any, chart: Bars, divisor: float) -> None:
    for row, (low, high) in enumerate(zip(chart.low, chart.high, strict=True)):
        axes.plot([low / divisor, high / divisor], [row, row], color=SECOND, linewidth=2, zorder=3)


def _before(axes: Any, chart: Bars, divisor: float) -> None:
    marked = [(value / divisor, row) for row, value in enumerate(chart.before) if value is not None]
    if marked:
        at, rows = zip(*marked, strict=True)
        axes.scatter(
            at, rows, marker="|", s=90, color=SECOND, linewidths=2, zorder=3, label="before"
        )
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), fontsize=SMALL_FONT, borderaxespad=0.0
        )


def _numbers(axes: Any, chart: Bars, divisor: float) -> None:
    """Write each value beside its bar, or beside the earlier value where that is greater."""
    for row, value in enumerate(chart.values):
        end = max(value, _former(chart, row)) / divisor
        axes.annotate(
            written(value, chart.unit),
            (end, row),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_FONT,
        )
    axes.margins(x=0.14)


def _former(chart: Bars, row: int) -> float:
    value = chart.before[row] if chart.before else None
    return value or 0.0
