"""What all kinds of charts share: colours, scales, axes of dates, and labels.

Colours have the same meaning everywhere: blue is the subject, orange the comparison or a warning,
red a failure, grey a stopped run. They differ in brightness as well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from analytics.reports.data.model import Unit

MAIN = "#4f79a3"
SECOND = "#e08a00"
PALE = "#a9c0d6"
SMALL_FONT = 7
EDGES_INCHES = 0.75
"""The height of a chart's title and axis."""

_MAX_LABEL_LENGTH = 34
_MAX_DATES = 5
_MIN_DATES = 3
_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0


def short(label: str) -> str:
    """Return a label without its middle where it is long: the end distinguishes labels best."""
    if len(label) <= _MAX_LABEL_LENGTH:
        return label
    start = _MAX_LABEL_LENGTH // 4
    return f"{label[:start]}…{label[start + 1 - _MAX_LABEL_LENGTH :]}"


def scale(unit: Unit, greatest: float) -> tuple[float, str]:
    """Return the divisor that makes values readable, and the name of that unit."""
    if unit == "s":
        steps = ((_HOUR_SECONDS, "h"), (_MINUTE_SECONDS, "min"))
        return next(((by, name) for by, name in steps if greatest > 2 * by), (1.0, "s"))
    units = {"share": (0.01, "%"), "count": (1.0, "number"), "money": (1.0, "money")}
    return units.get(unit, (1.0, unit))


def dated(axes: Any) -> None:
    """Write a few dates below the chart."""
    from matplotlib import dates  # noqa: PLC0415 - it takes a second to import

    untyped: Any = dates
    locator = untyped.AutoDateLocator(maxticks=_MAX_DATES, minticks=_MIN_DATES)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(untyped.ConciseDateFormatter(locator))
    axes.xaxis.get_offset_text().set_fontsize(SMALL_FONT)


def ruled(axes: Any, axis: str) -> None:
    """Draw thin lines behind the marks."""
    axes.grid(axis=axis, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)


def moment(at: float) -> datetime:
    """Return epoch seconds as a moment that an axis of dates takes."""
    return datetime.fromtimestamp(at, UTC)
