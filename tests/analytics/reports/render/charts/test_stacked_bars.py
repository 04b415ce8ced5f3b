"""Stacked bars."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.reports.data.model import StackedBars
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.render.charts.stacked_bars import draw, height

pytestmark = pytest.mark.integration  # importing matplotlib takes a second

SERIES = (("succeeded", (5.0, 6.0)), ("failed", (1.0, 0.0)), ("_private", (2.0, 2.0)))
TWO_DAYS = StackedBars("a", "Runs", "count", (0.0, DAY_SECONDS), DAY_SECONDS, SERIES)


def drawn(chart: StackedBars) -> Any:
    """Return the axes on which a chart was drawn."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    figure = Figure()
    draw(figure, chart)
    return figure.axes[0]


def test_parts_of_a_day_stand_on_each_other() -> None:
    """The height of a day would not be its total."""
    bars = drawn(TWO_DAYS).patches
    assert [(bar.get_y(), bar.get_height()) for bar in bars] == [
        (0.0, 5.0),
        (0.0, 6.0),
        (5.0, 1.0),
        (6.0, 0.0),
        (6.0, 2.0),
        (6.0, 2.0),
    ]


def test_a_state_has_its_colour_and_each_part_its_name() -> None:
    """Failures would be blue, or a project be missing from the legend."""
    axes = drawn(TWO_DAYS)
    assert axes.patches[2].get_facecolor()[:3] == pytest.approx(
        (0xB3 / 255, 0x26 / 255, 0x1E / 255)
    )
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["succeeded", "failed", " _private"]


def test_the_unit_is_that_of_the_highest_day() -> None:
    """Days of many hours would be counted in seconds."""
    hours = StackedBars("a", "Used", "s", (0.0,), DAY_SECONDS, (("a", (4e3,)), ("b", (4e3,))))
    assert drawn(hours).get_ylabel() == "h"
    assert height(hours) == height(TWO_DAYS)
