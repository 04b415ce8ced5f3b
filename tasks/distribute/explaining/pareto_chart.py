"""A chart of the Pareto front of cost and makespan, as a PNG, in the style of the Gantt chart."""

from __future__ import annotations

import io
from collections.abc import Sequence

from tasks.planning.pareto import ParetoPoint

# Inches.
_SIZE = (7.2, 2.8)
_DPI = 200
_FRONT_COLOUR = "#4f79a3"
_CHOSEN_COLOUR = "#e08a00"


def draw_pareto_front(title: str, points: Sequence[ParetoPoint]) -> bytes:
    """Draw the makespan of each point over its cost, the chosen one in another colour and shape."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
    axis = figure.subplots()
    others = [point for point in points if not point.chosen]
    axis.plot(
        *_places(points),
        color=_FRONT_COLOUR,
        linewidth=1.2,
        alpha=0.5,
        drawstyle="steps-post",
        zorder=1,
    )
    axis.scatter(*_places(others), color=_FRONT_COLOUR, s=26, zorder=2, label="other plans")
    chosen = [point for point in points if point.chosen]
    axis.scatter(
        *_places(chosen), color=_CHOSEN_COLOUR, marker="D", s=44, zorder=3, label="this plan"
    )
    axis.set_title(title, loc="left", fontsize=9)
    axis.set_xlabel("cost", loc="left", fontsize=8)
    axis.set_ylabel("seconds", fontsize=8)
    axis.set_ylim(bottom=0)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.25)
    axis.set_axisbelow(True)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.legend(fontsize=8, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _places(points: Sequence[ParetoPoint]) -> tuple[list[float], list[float]]:
    return [point.cost for point in points], [point.makespan_seconds for point in points]
