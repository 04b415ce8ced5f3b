"""A chart of the utilisation of each provider over time, one band a provider, for matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.planning.core.usage import UsageCurve

# The height of a band, of one row.
_HEIGHT = 0.8
_COLOUR = "#7fa08a"
_BACKGROUND = "#dddddd"


def draw_curves(axis: Any, curves: Sequence[UsageCurve], end: float) -> None:
    """Draw ``curves`` from top to bottom; ``end`` is where the chart ends, in seconds."""
    for height, curve in enumerate(curves):
        base = height + _HEIGHT / 2
        times = [0.0, *curve.moments, end]
        shares = [0.0, *curve.shares, 0.0]
        levels = [base - share * _HEIGHT for share in shares]
        axis.fill_between(
            [0.0, end], base - _HEIGHT, base, color=_BACKGROUND, alpha=0.5, linewidth=0
        )
        axis.fill_between(times, levels, base, step="post", color=_COLOUR, linewidth=0)
    axis.set_title(
        "How full the providers are (of CPUs, memory and slots the fullest)", loc="left", fontsize=9
    )
    axis.set_yticks(range(len(curves)), [_label(curve, end) for curve in curves], fontsize=8)
    axis.set_ylim(len(curves) - 0.5, -0.5)
    axis.tick_params(axis="x", labelsize=8)
    axis.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)


def _label(curve: UsageCurve, end: float) -> str:
    ends = [*curve.moments[1:], end]
    pieces = zip(curve.shares, curve.moments, ends, strict=False)
    mean = sum(share * (until - since) for share, since, until in pieces) / end
    return f"{curve.provider} {mean:.0%}"
