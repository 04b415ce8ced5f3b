"""Draws who runs what when, as a PNG: a plan, what came of it, or both above each other."""

from __future__ import annotations

import base64
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.distribute.results import StepResult
from tasks.plan import Plan

_WIDTH, _DPI, _MOST_LANES, _MOST_LABELS = 11.0, 100, 64, 80
_COLOURS = {"critical": "#c8553d", "other": "#588b8b", "failed": "#3d3d3d"}
_NAMES = {"critical": "critical path", "other": "other steps", "failed": "failed"}


@dataclass(frozen=True, slots=True)
class Bar:
    """One step on one provider; times are seconds from the start of the chart."""

    step: str
    provider: str
    start: float
    end: float
    kind: str = "other"


def bars_of_plan(plan: Plan) -> list[Bar]:
    """Return the bars of a plan."""
    critical = set(plan.critical_path)
    return [
        Bar(p.step, p.provider, p.start_seconds, p.end_seconds, _kind(p.step in critical))
        for p in plan.placements
    ]


def bars_of_results(results: Mapping[str, StepResult], critical: Iterable[str]) -> list[Bar]:
    """Return the bars of what this run did: the last attempt of each step."""
    path = set(critical)
    ran = [(r, r.outcome) for r in results.values() if r.outcome and not r.resumed]
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
    """Return rows of bars that do not overlap, each with its provider, as few as there can be."""
    rows: dict[str, list[list[Bar]]] = defaultdict(list)
    for bar in sorted(bars, key=lambda bar: (bar.provider, bar.start, bar.end)):
        free = next((row for row in rows[bar.provider] if row[-1].end <= bar.start + 1e-9), None)
        if free is None:
            rows[bar.provider].append([bar])
        else:
            free.append(bar)
    return [(name, row) for name, of_provider in rows.items() for row in of_provider]


def gantt(charts: Sequence[tuple[str, Sequence[Bar]]]) -> bytes:
    """Draw one chart a (title, bars) below each other, on one time axis, as PNG."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    rows = [lanes(bars)[:_MOST_LANES] for _, bars in charts]
    heights = [max(1, len(of_chart)) for of_chart in rows]
    figure = Figure(figsize=(_WIDTH, 0.34 * sum(heights) + 0.9 * len(charts)), dpi=_DPI)
    axes = figure.subplots(
        len(charts), 1, sharex=True, squeeze=False, height_ratios=heights
    ).flatten()
    end = max((bar.end for _, bars in charts for bar in bars), default=1.0) or 1.0
    for axis, (title, _), of_chart in zip(axes, charts, rows, strict=True):
        _draw(axis, title, of_chart, end)
    axes[-1].set_xlabel("seconds")
    _legend(figure, {bar.kind for _, bars in charts for bar in bars})
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw(axis: Any, title: str, rows: Sequence[tuple[str, list[Bar]]], end: float) -> None:
    count = sum(len(row) for _, row in rows)
    for height, (_, row) in enumerate(rows):
        for bar in row:
            _bar(axis, bar, height, end, labelled=count <= _MOST_LABELS)
    axis.set_title(title, loc="left", fontsize=10)
    axis.set_yticks(range(len(rows)), _row_names(rows), fontsize=8)
    axis.set_ylim(max(1, len(rows)) - 0.5, -0.5)
    axis.set_xlim(0, end * 1.02)
    axis.grid(axis="x", alpha=0.25)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axis.spines[side].set_visible(False)
    axis.tick_params(axis="y", length=0)


def _bar(axis: Any, bar: Bar, height: int, end: float, *, labelled: bool) -> None:
    width = bar.end - bar.start
    axis.barh(height, width, left=bar.start, height=0.72, color=_COLOURS[bar.kind], edgecolor="w")
    # About 130 characters of this size fit across the chart.
    room = int(130 * width / end)
    if labelled and room >= len(bar.step):
        middle = bar.start + width / 2
        axis.text(middle, height, bar.step, ha="center", va="center", fontsize=7, color="w")


def _row_names(rows: Sequence[tuple[str, list[Bar]]]) -> list[str]:
    """Name each provider once, beside its first lane."""
    names = [name for name, _ in rows]
    return [name if index == names.index(name) else "" for index, name in enumerate(names)]


def _legend(figure: Any, kinds: set[str]) -> None:
    from matplotlib.patches import Patch  # noqa: PLC0415 - it takes a second to import

    shown = [kind for kind in _COLOURS if kind in kinds]
    handles = [Patch(color=_COLOURS[kind], label=_NAMES[kind]) for kind in shown]
    figure.legend(handles=handles, loc="upper right", ncols=3, fontsize=8, frameon=False)


def data_url(png: bytes) -> str:
    """Return the picture as a URL that carries it, which Prefect's UI shows as it is."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
