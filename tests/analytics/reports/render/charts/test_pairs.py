"""Scatter plots of what was planned against what came of it."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.reports.data.model import Pairs
from analytics.reports.render.charts.pairs import draw, height

pytestmark = pytest.mark.integration  # importing matplotlib takes a second

STEPS = ("steps", (1.0, 10.0), (2.0, 9.0))
RUNS = ("runs", (1.0, 5e4), (1.0, 5e4))


def drawn(*kinds: tuple[str, tuple[float, ...], tuple[float, ...]]) -> list[Any]:
    """Return the axes that are shown."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    figure = Figure()
    draw(figure, Pairs("e", "Planned and actual", "s", kinds))
    return [axes for axes in figure.axes if axes.get_visible()]


def test_what_came_as_planned_lies_on_the_line() -> None:
    """Nobody could tell too long from too short."""
    [axes] = drawn(STEPS)
    assert axes.get_xlim() == axes.get_ylim() == pytest.approx((0.8, 12.5))
    assert axes.lines[0].get_xdata().tolist() == axes.lines[0].get_ydata().tolist()
    assert axes.collections[0].get_offsets().tolist() == [[1.0, 2.0], [10.0, 9.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("planned (s)", "actual (s)")


def test_each_kind_has_a_chart() -> None:
    """Steps of seconds and runs of hours would share their axes."""
    steps, runs = drawn(STEPS, RUNS)
    assert runs.get_xlim()[1] > 1000 * steps.get_xlim()[1]
    assert height(Pairs("e", "E", "s", (STEPS,))) > 2


def test_a_narrow_range_has_ticks_between_the_tens() -> None:
    """A chart from 2 to 9 s would have no number at its axes."""
    narrow, wide = drawn(STEPS, RUNS)
    assert {1.0, 2.0, 5.0, 10.0} <= {round(at, 6) for at in narrow.get_xticks()}
    assert not {2.0, 5.0} & {round(at, 6) for at in wide.get_xticks()}
