"""The marks of each kind of chart: stacked bars, bars, small multiples and scatter plots."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from analytics.reports.data.model import Bars, Chart, Pairs, Panels, StackedBars, Unit
from analytics.reports.render.quantities import written

MAIN = "#4f79a3"
SECOND = "#e08a00"
PALE = "#a9c0d6"
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
_PANELS_A_ROW = 3
_MAX_LABEL_LENGTH = 34
_MAX_DATES = 5
_SMALL_FONT = 7
_WIDE_RATIO = 1000.0
_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0


def draw(figure: Any, chart: Chart) -> None:
    """Draw ``chart`` on a part of a figure of matplotlib, which bears its title."""
    if isinstance(chart, Panels):
        _panels(figure, chart)
        return
    if isinstance(chart, Pairs):
        _pairs(figure, chart)
        return
    axes = figure.subplots()
    if isinstance(chart, StackedBars):
        _stack(axes, chart)
    else:
        _bars(axes, chart)


def short(label: str) -> str:
    """Return a label without its middle where it is long: the end distinguishes labels best."""
    if len(label) <= _MAX_LABEL_LENGTH:
        return label
    start = _MAX_LABEL_LENGTH // 4
    return f"{label[:start]}…{label[start + 1 - _MAX_LABEL_LENGTH :]}"


def _stack(axes: Any, chart: StackedBars) -> None:
    divisor, name = _scale(chart.unit, _greatest_day(chart))
    days = [_moment(at + chart.width_seconds / 2) for at in chart.starts]
    below = [0.0] * len(days)
    for index, (series, values) in enumerate(chart.series):
        scaled = [value / divisor for value in values]
        colour = _STATE_COLOURS.get(series, _SERIES_COLOURS[index % len(_SERIES_COLOURS)])
        axes.bar(
            days,
            scaled,
            0.8 * chart.width_seconds / _DAY_SECONDS,
            bottom=below,
            color=colour,
            label=_label(series),
        )
        below = [old + new for old, new in zip(below, scaled, strict=True)]
    axes.set_ylabel(name)
    axes.set_ylim(bottom=0)
    _dated(axes, _MAX_DATES)
    if chart.series:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=_SMALL_FONT)
    _ruled(axes, "y")


def _label(series: str) -> str:
    """Return a name for the legend, which ignores names that start with an underscore."""
    return short(f" {series}" if series.startswith("_") else series)


def _bars(axes: Any, chart: Bars) -> None:
    divisor, name = _scale(chart.unit, max((*chart.values, *chart.high), default=0.0))
    rows = range(len(chart.values))
    values = [value / divisor for value in chart.values]
    axes.barh(rows, values, 0.62, color=MAIN, zorder=2)
    if chart.low:
        _intervals(axes, chart, divisor)
    else:
        _before(axes, chart, divisor)
        for row, value in enumerate(chart.values):
            at = max(value, _former(chart, row)) / divisor
            axes.annotate(
                written(value, chart.unit),
                (at, row),
                (5, 0),
                textcoords="offset points",
                va="center",
                fontsize=_SMALL_FONT,
            )
        axes.margins(x=0.14)
    axes.set_yticks(rows, [short(label) for label in chart.labels], fontsize=_SMALL_FONT)
    axes.set_ylim(len(chart.values) - 0.4, -0.6)
    axes.set_xlim(left=0)
    if chart.unit == "share" and chart.low:
        axes.set_xlim(0, min(1.0, max(chart.high) * 1.05) * 100)
    axes.set_xlabel(name, loc="right")
    axes.tick_params(axis="y", length=0)
    _ruled(axes, "x")


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
            loc="lower right", bbox_to_anchor=(1.0, 1.0), fontsize=_SMALL_FONT, borderaxespad=0.0
        )


def _former(chart: Bars, row: int) -> float:
    value = chart.before[row] if chart.before else None
    return value or 0.0


def _panels(figure: Any, chart: Panels) -> None:
    rows = -(-len(chart.panels) // _PANELS_A_ROW)
    places = figure.subplots(rows, _PANELS_A_ROW, squeeze=False).flatten()
    for axes, panel in zip(places, chart.panels, strict=False):
        divisor, name = _scale(chart.unit, max(panel.values, default=0.0))
        days = [_moment(at) for at in panel.days]
        values = [value / divisor for value in panel.values]
        axes.scatter([_moment(at) for at in panel.at], values, s=5, color=PALE, linewidths=0)
        for line, style in ((panel.p50, "-"), (panel.p90, "--")) if len(days) > 1 else ():
            scaled = [value / divisor for value in line]
            axes.plot(days, scaled, style, color=MAIN, linewidth=1.4, marker=".", markersize=3)
        axes.set_title(short(panel.title), fontsize=_SMALL_FONT)
        axes.set_ylabel(name, fontsize=_SMALL_FONT)
        axes.set_ylim(bottom=0)
        axes.tick_params(labelsize=_SMALL_FONT - 1)
        _dated(axes, _MAX_DATES)
        _ruled(axes, "y")
    for axes in places[len(chart.panels) :]:
        axes.set_visible(False)


def _pairs(figure: Any, chart: Pairs) -> None:
    places = figure.subplots(1, 2, squeeze=False).flatten()
    for axes, (name, foreseen, actual) in zip(places, chart.kinds, strict=False):
        low, high = 0.8 * min(*foreseen, *actual), 1.25 * max(*foreseen, *actual)
        axes.plot([low, high], [low, high], color=SECOND, linewidth=1, label="as planned")
        axes.scatter(foreseen, actual, s=10, alpha=0.5, color=MAIN, linewidths=0)
        axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
        axes.set(xlabel="planned (s)", ylabel="actual (s)", aspect="equal")
        _plain_logs(axes, high / low)
        axes.set_title(name, fontsize=_SMALL_FONT)
        axes.legend(loc="upper left", fontsize=_SMALL_FONT)
        _ruled(axes, "both")
    for axes in places[len(chart.kinds) :]:
        axes.set_visible(False)


def _plain_logs(axes: Any, ratio: float) -> None:
    """Write the ticks of logarithmic axes as numbers; of a narrow range, those between tens too."""
    from matplotlib.ticker import LogLocator, NullFormatter  # noqa: PLC0415 - slow to import

    between = (1.0, 2.0, 5.0) if ratio < _WIDE_RATIO else (1.0,)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=between))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter(NullFormatter())


def _scale(unit: Unit, greatest: float) -> tuple[float, str]:
    """Return the divisor that makes values readable, and the name of that unit."""
    if unit == "s":
        steps = (
            (2 * _DAY_SECONDS, _HOUR_SECONDS, "h"),
            (2 * _HOUR_SECONDS, _HOUR_SECONDS, "h"),
            (2 * _MINUTE_SECONDS, _MINUTE_SECONDS, "min"),
        )
        return next(((by, name) for above, by, name in steps if greatest > above), (1.0, "s"))
    units = {"share": (0.01, "%"), "count": (1.0, "number"), "money": (1.0, "money")}
    return units.get(unit, (1.0, unit))


def _greatest_day(chart: StackedBars) -> float:
    totals: Sequence[float] = [sum(day) for day in zip(*(v for _, v in chart.series), strict=True)]
    return max(totals, default=0.0)


def _dated(axes: Any, most: int) -> None:
    from matplotlib import dates  # noqa: PLC0415 - it takes a second to import

    untyped: Any = dates
    locator = untyped.AutoDateLocator(maxticks=most, minticks=min(3, most))
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.xaxis.get_offset_text().set_fontsize(_SMALL_FONT)


def _ruled(axes: Any, axis: str) -> None:
    axes.grid(axis=axis, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
