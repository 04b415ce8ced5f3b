"""Gantt charts as PNG: a plan, its actual run, or both above each other."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from tasks.distribute.dispatch.results import StepResult
from tasks.distribute.explaining.curves import draw_curves
from tasks.plan import Plan
from tasks.planning.core.usage import UsageCurve

# In the UI an artifact is about seven inches wide; more would make the letters smaller.
_WIDTH_INCHES = 7.2
_DPI = 200
_MAX_LANES = 64
_MAX_LABELS = 80
# The end of the time axis, in makespans.
_MARGIN = 1.02
_MAX_CURVES = 16
# The height of a band of the curves, in lanes.
_BAND = 0.75
# Half the height of a bar, of one row.
_HALF_BAR = 0.38
# The width of a bar's edge, in points.
_EDGE = 0.8
# Bars narrower than this fraction of the chart have no edge.
_NARROW = 0.004
# Nor have the bars of a lane with more than so many.
_MAX_BARS_EDGED = 150
_CHAIN_COLOUR = "#e08a00"
# The distance of the line of the chain from the middle of a lane, in lanes.
_BELOW = 0.44
# The number of letters that fit across the chart.
_ACROSS = 95
# White letters are legible on each, and they differ in brightness as well. Red is for failures.
_COLOURS = {"critical": "#14375e", "other": "#4f79a3", "failed": "#b3261e"}
_NAMES = {"critical": "critical path", "other": "other steps", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One step on one provider; times are seconds from the start of the chart."""

    step: str
    provider: str
    start: float
    end: float
    kind: str = "other"

    @property
    def label(self) -> str:
        """The text on the bar."""
        return f"{self.step} (failed)" if self.kind == "failed" else self.step


@dataclass(frozen=True, slots=True)
class Label:
    """The position of a bar's label: ``align`` says which end of it is at ``at`` seconds."""

    at: float
    align: str
    inside: bool = False


def bars_of_plan(plan: Plan) -> list[Bar]:
    """Return the bars of a plan."""
    critical = set(plan.critical_path)
    return [
        Bar(p.step, p.provider, p.start_seconds, p.end_seconds, _kind(p.step in critical))
        for p in plan.placements
    ]


def bars_of_results(results: Mapping[str, StepResult], critical: Iterable[str]) -> list[Bar]:
    """Return the bars of this run: the last attempt of each step."""
    path = set(critical)
    ran = [(r, r.outcome) for r in results.values() if r.outcome and not r.kept]
    begin = min((outcome.started_at for _, outcome in ran), default=0.0)
    return [
        Bar(
            result.step,
            result.provider,
            outcome.started_at - begin,
            outcome.ended_at - begin,
            _kind(result.step in path) if result.succeeded else "failed",
        )
        for result, outcome in ran
    ]


def _kind(critical: bool) -> str:  # noqa: FBT001 - it is the one thing this depends on
    return "critical" if critical else "other"


def lanes(bars: Sequence[Bar]) -> list[tuple[str, list[Bar]]]:
    """Return as few rows as possible of bars that do not overlap, each with its provider."""
    rows: dict[str, list[list[Bar]]] = defaultdict(list)
    for bar in sorted(bars, key=lambda bar: (bar.provider, bar.start, bar.end)):
        free = next((row for row in rows[bar.provider] if row[-1].end <= bar.start + 1e-9), None)
        if free is None:
            rows[bar.provider].append([bar])
        else:
            free.append(bar)
    return [(name, row) for name, of_provider in rows.items() for row in of_provider]


def gantt(
    charts: Sequence[tuple[str, Sequence[Bar]]],
    chain: Sequence[str] = (),
    curves: Sequence[UsageCurve] = (),
) -> bytes:
    """Draw one chart for each (title, bars) below each other, on one time axis, as PNG.

    Args:
        charts: Titles and bars.
        chain: The steps that decide the end of the first chart, first step first.
        curves: The utilisation of providers over time; drawn below the charts.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    rows = [lanes(bars)[:_MAX_LANES] for _, bars in charts]
    drawn_curves = sorted(curves, key=lambda curve: curve.provider)[:_MAX_CURVES]
    heights: list[float] = [max(1, len(of_chart)) for of_chart in rows] + [
        _BAND * len(drawn_curves)
    ] * bool(drawn_curves)
    size = (_WIDTH_INCHES, 0.3 * sum(heights) + 0.6 * len(heights) + 0.4)
    figure = Figure(figsize=size, dpi=_DPI, layout="constrained")
    axes = figure.subplots(
        len(heights), 1, sharex=True, squeeze=False, height_ratios=heights
    ).flatten()
    end = max((bar.end for _, bars in charts for bar in bars), default=1.0) or 1.0
    for axis, (title, _), of_chart in zip(axes, charts, rows, strict=False):
        _draw(axis, title, of_chart, end)
    if chain:
        _underline(axes[0], rows[0], chain)
    if drawn_curves:
        draw_curves(axes[-1], drawn_curves, end)
    axes[-1].set_xlabel("seconds", loc="left", fontsize=8)
    _legend(figure, {bar.kind for _, bars in charts for bar in bars}, decides=bool(chain))
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(axis: Any, title: str, rows: Sequence[tuple[str, list[Bar]]], end: float) -> None:
    count = sum(len(row) for _, row in rows)
    _bars(axis, [row for _, row in rows], end)
    for height, (_, row) in enumerate(rows):
        for bar, label in zip(row, labels(row, end), strict=True):
            if label and count <= _MAX_LABELS:
                _write(axis, bar, height, label)
    axis.set_title(title, loc="left", fontsize=9)
    axis.set_yticks(range(len(rows)), _row_names(rows), fontsize=8)
    axis.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axis.set_xlim(0, end * _MARGIN)
    axis.tick_params(axis="x", labelsize=8)
    axis.grid(axis="x", alpha=0.25)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.tick_params(axis="y", length=0)


def labels(row: Sequence[Bar], end: float) -> list[Label | None]:
    """Return the position of each bar's label: on it, after it, before it, or None.

    ``end`` is where the chart ends, in seconds.
    """
    places: list[Label | None] = []
    before = 0.0
    for bar, following in zip_longest(row, row[1:]):
        after = following.start if following else end * _MARGIN
        width = (len(bar.label) + 2) * end / _ACROSS
        place = _place(bar, before, after, width)
        places.append(place)
        before = bar.end + (width if place and place.align == "left" else 0.0)
    return places


def _place(bar: Bar, before: float, after: float, wide: float) -> Label | None:
    if wide <= bar.end - bar.start:
        return Label((bar.start + bar.end) / 2, "center", inside=True)
    if wide <= after - bar.end:
        return Label(bar.end, "left")
    return Label(bar.start, "right") if wide <= bar.start - before else None


def _bars(axis: Any, rows: Sequence[Sequence[Bar]], end: float) -> None:
    """Draw the bars of all lanes, one kind at a time: one by one, thousands take many seconds."""
    from matplotlib.collections import PolyCollection  # noqa: PLC0415 - it takes a second to import

    for kind, colour in _COLOURS.items():
        boxes, edges = [], []
        for height, row in enumerate(rows):
            # An edge around a bar that is hardly wider would hide it.
            edge = _EDGE if len(row) <= _MAX_BARS_EDGED else 0.0
            for bar in row:
                if bar.kind == kind:
                    boxes.append(_box(bar, height))
                    edges.append(edge if bar.end - bar.start > _NARROW * end else 0.0)
        if boxes:
            bars = PolyCollection(boxes, facecolor=colour, edgecolor="w", linewidths=edges)
            axis.add_collection(bars, autolim=False)


def _box(bar: Bar, height: int) -> list[tuple[float, float]]:
    """Return the corners of ``bar`` in the lane at ``height``."""
    low, high = height - _HALF_BAR, height + _HALF_BAR
    return [(bar.start, low), (bar.start, high), (bar.end, high), (bar.end, low)]


def _write(axis: Any, bar: Bar, height: int, label: Label) -> None:
    text = {"left": " {}", "right": "{} "}.get(label.align, "{}").format(bar.label)
    ink = "w" if label.inside else _COLOURS[bar.kind]
    axis.text(label.at, height, text, ha=label.align, va="center", fontsize=7.5, color=ink)


def _underline(axis: Any, rows: Sequence[tuple[str, list[Bar]]], chain: Sequence[str]) -> None:
    """Draw one line below the bars of ``chain``, from the start of the first to the end."""
    places = {bar.step: (height, bar) for height, (_, row) in enumerate(rows) for bar in row}
    points: list[tuple[float, float]] = []
    for height, bar in (places[step] for step in chain if step in places):
        points += [(bar.start, height + _BELOW), (bar.end, height + _BELOW)]
    axis.plot(*zip(*points, strict=True), color=_CHAIN_COLOUR, linewidth=1.6, zorder=3)


def _row_names(rows: Sequence[tuple[str, list[Bar]]]) -> list[str]:
    """Name each provider once, beside its first lane."""
    names = [name for name, _ in rows]
    return [name if index == names.index(name) else "" for index, name in enumerate(names)]


def _legend(figure: Any, kinds: set[str], *, decides: bool) -> None:
    from matplotlib.lines import Line2D  # noqa: PLC0415 - it takes a second to import
    from matplotlib.patches import Patch  # noqa: PLC0415 - it takes a second to import

    drawn_kinds = [kind for kind in _COLOURS if kind in kinds]
    handles: list[Any] = [Patch(color=_COLOURS[kind], label=_NAMES[kind]) for kind in drawn_kinds]
    if decides:
        handles.append(Line2D([], [], color=_CHAIN_COLOUR, linewidth=1.6, label="decides the end"))
    figure.legend(handles=handles, loc="outside lower right", ncols=4, fontsize=8, frameon=False)
