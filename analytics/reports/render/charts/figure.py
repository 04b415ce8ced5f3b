"""The figure of one or more charts, by matplotlib: as SVG for a page, as PNG for Prefect's UI."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from analytics.reports.data.model import Bars, Chart, Pairs, Panels, StackedBars
from analytics.reports.render.charts import bars, pairs, panels, stacked_bars

# In the UI an artifact is about seven inches wide; more would make the letters smaller.
WIDTH_INCHES = 7.2
DPI = 160
HALF_WIDTH_INCHES = 4.7
"""The width of each of two charts side by side."""

INK = "#0a0b0c"
"""The colour of letters and axes only: a page replaces it with its own colour."""

_KINDS = {StackedBars: stacked_bars, Bars: bars, Panels: panels, Pairs: pairs}
"""By kind of chart the module that has its ``height`` and draws it."""


def svg(chart: Chart, width: float = WIDTH_INCHES) -> str:
    """Return a chart as an SVG element whose letters follow the colour of the page's text.

    It is ``width`` inches wide where it is not scaled.
    """
    text = io.StringIO()
    with _style({"svg.fonttype": "none", "svg.hashsalt": "slipway"}):
        figure = _figure([chart], width, transparent=True)
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    element = text.getvalue()
    # What precedes the element, such as the XML declaration, has no place in a page.
    return element[element.index("<svg") :].replace(INK, "currentColor")


def png(charts: Sequence[Chart]) -> bytes:
    """Return charts below each other as one PNG, on white."""
    picture = io.BytesIO()
    with _style({}):
        _figure(charts, WIDTH_INCHES, transparent=False).savefig(picture, format="png", dpi=DPI)
    return picture.getvalue()


def height(chart: Chart) -> float:
    """Return how many inches high a chart is, with its title and axis."""
    inches: float = _KINDS[type(chart)].height(chart)
    return inches


def _figure(charts: Sequence[Chart], width: float, *, transparent: bool) -> Any:
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    heights = [height(chart) for chart in charts]
    figure = Figure(figsize=(width, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(charts), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, chart in zip(parts, charts, strict=True):
        if transparent:
            part.set_facecolor("none")
        part.suptitle(chart.title, x=0.01, ha="left", fontsize=9, fontweight="bold")
        _KINDS[type(chart)].draw(part, chart)
    return figure


def _style(extra: dict[str, str]) -> Any:
    import matplotlib as mpl  # noqa: PLC0415 - it takes a second to import

    # Its type lists fixed names, which a composed dictionary does not match.
    context: Any = mpl.rc_context

    ink = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    return context(
        {
            **dict.fromkeys(ink, INK),
            "font.family": "sans-serif",
            # The second is the first on other systems: as wide, so that nothing overlaps.
            "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],
            "font.size": 8,
            # Names of steps must not be parsed as formulas.
            "text.parse_math": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 8,
            "axes.titlelocation": "left",
            "legend.frameon": False,
            **extra,
        }
    )
