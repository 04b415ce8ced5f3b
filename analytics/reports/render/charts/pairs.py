"""Scatter plots of what was planned against what came of it, on logarithmic axes."""

from __future__ import annotations

from typing import Any

from analytics.reports.data.model import Pairs
from analytics.reports.render.charts.axes import MAIN, SECOND, SMALL_FONT, ruled

_INCHES = 3.0
_WIDE_RATIO = 1000.0


def height(_: Pairs) -> float:
    """Return how many inches high the chart is."""
    return _INCHES


def draw(figure: Any, chart: Pairs) -> None:
    """Draw one chart for each kind; what came as planned lies on the line."""
    places = figure.subplots(1, 2, squeeze=False).flatten()
    for axes, (name, foreseen, actual) in zip(places, chart.kinds, strict=False):
        low, high = 0.8 * min(*foreseen, *actual), 1.25 * max(*foreseen, *actual)
        axes.plot([low, high], [low, high], color=SECOND, linewidth=1, label="as planned")
        axes.scatter(foreseen, actual, s=10, alpha=0.5, color=MAIN, linewidths=0)
        axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
        axes.set(xlabel="planned (s)", ylabel="actual (s)", aspect="equal")
        _plain_logs(axes, high / low)
        axes.set_title(name, fontsize=SMALL_FONT)
        axes.legend(loc="upper left", fontsize=SMALL_FONT)
        ruled(axes, "both")
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
