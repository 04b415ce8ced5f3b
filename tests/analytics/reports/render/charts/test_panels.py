"""Small multiples."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.reports.data.model import Panel, Panels
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.render.charts.panels import draw, height

pytestmark = pytest.mark.integration  # importing matplotlib takes a second

DAYS = (0.0, DAY_SECONDS)
SECONDS = Panel("short runs", DAYS, (1.0, 3.0), DAYS, (1.0, 3.0), (1.0, 3.0))
HOURS = Panel("long runs", DAYS, (7200.0, 9000.0), DAYS, (7200.0, 9000.0), (7200.0, 9000.0))
ONE_DAY = Panel("one day", (0.0,), (1.0,), (0.0,), (1.0,), (1.0,))


def chart(*panels: Panel) -> Panels:
    """Return a chart of these panels."""
    return Panels("d", "Durations", "s", panels)


def drawn(of: Panels) -> list[Any]:
    """Return the axes that are shown."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    figure = Figure()
    draw(figure, of)
    return [axes for axes in figure.axes if axes.get_visible()]


def test_each_panel_has_a_scale_of_its_own() -> None:
    """The runs of seconds would be a flat line below those of hours."""
    short, long = drawn(chart(SECONDS, HOURS))
    assert (short.get_ylabel(), long.get_ylabel()) == ("s", "h")
    assert [line.get_ydata().tolist() for line in long.lines] == [[2.0, 2.5]] * 2
    assert short.get_title() == "short runs"


def test_a_line_needs_two_days() -> None:
    """A single run would be drawn as a trend."""
    [axes] = drawn(chart(ONE_DAY))
    assert not axes.lines
    assert len(axes.collections[0].get_offsets()) == 1


def test_a_fourth_panel_begins_a_row() -> None:
    """The panels would become as narrow as there are keys."""
    assert height(chart(*[SECONDS] * 3)) == height(chart(SECONDS))
    assert height(chart(*[SECONDS] * 4)) > height(chart(*[SECONDS] * 3))
    assert len(drawn(chart(*[SECONDS] * 4))) == 4
