"""Small multiples: the single runs of each key, with the p50 and the p90 of each day or week."""

from __future__ import annotations

from typing import Any

from analytics.reports.data.model import Panel, Panels, Unit
from analytics.reports.render.charts.axes import (
    EDGES_INCHES,
    MAIN,
    PALE,
    SMALL_FONT,
    dated,
    moment,
    ruled,
    scale,
    short,
)

_PANELS_A_ROW = 3
_ROW_INCHES = 1.35


def height(chart: Panels) -> float:
    """Return how many inches high the chart is."""
    return EDGES_INCHES / 2 + _ROW_INCHES * _rows(chart)


def draw(figure: Any, chart: Panels) -> None:
    """Draw the panels in rows."""
    places = figure.subplots(_rows(chart), _PANELS_A_ROW, squeeze=False).flatten()
    for axes, panel in zip(places, chart.panels, strict=False):
        _panel(axes, panel, chart.unit)
    for axes in places[len(chart.panels) :]:
        axes.set_visible(False)


def _panel(axes: Any, panel: Panel, unit: Unit) -> None:
    divisor, name = scale(unit, max(panel.values, default=0.0))
    days = [moment(at) for at in panel.days]
    values = [value / divisor for value in panel.values]
    axes.scatter([moment(at) for at in panel.at], values, s=5, color=PALE, linewidths=0)
    for line, style in ((panel.p50, "-"), (panel.p90, "--")) if len(days) > 1 else ():
        scaled = [value / divisor for value in line]
        axes.plot(days, scaled, style, color=MAIN, linewidth=1.4, marker=".", markersize=3)
    axes.set_title(short(panel.title), fontsize=SMALL_FONT)
    axes.set_ylabel(name, fontsize=SMALL_FONT)
    axes.set_ylim(bottom=0)
    axes.tick_params(labelsize=SMALL_FONT - 1)
    dated(axes)
    ruled(axes, "y")


def _rows(chart: Panels) -> int:
    return -(-len(chart.panels) // _PANELS_A_ROW)
