"""Horizontal bars."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.reports.data.model import Bars
from analytics.reports.render.charts.bars import draw, height

pytestmark = pytest.mark.integration  # importing matplotlib takes a second

TWO = Bars("b", "Two", "s", ("first", "second"), (180.0, 60.0), before=(240.0, None))


def drawn(chart: Bars) -> Any:
    """Return the axes on which a chart was drawn."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - it takes a second to import

    figure = Figure()
    draw(figure, chart)
    return figure.axes[0]


def test_a_bar_is_as_long_as_its_value() -> None:
    """The chart would show other numbers than the table."""
    axes = drawn(TWO)
    assert [bar.get_width() for bar in axes.patches] == [3.0, 1.0]
    assert axes.get_xlabel() == "min"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["first", "second"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


def test_the_earlier_value_is_marked_where_it_is_known() -> None:
    """A value without an earlier one would seem to have grown from nothing."""
    [marks] = drawn(TWO).collections
    assert marks.get_offsets().tolist() == [[4.0, 0.0]]
    # The number stands beside whatever reaches further.
    assert [text.xy for text in drawn(TWO).texts] == [(4.0, 0), (1.0, 1)]


def test_an_interval_stands_in_place_of_the_number() -> None:
    """A share of three runs would look as sure as one of thousands."""
    axes = drawn(Bars("b", "One", "share", ("x",), (0.5,), low=(0.25,), high=(0.75,)))
    [line] = axes.lines
    assert line.get_xdata().tolist() == pytest.approx([25.0, 75.0])
    assert not axes.texts
    assert axes.get_xlim() == pytest.approx((0.0, 78.75))


def test_more_bars_are_a_higher_chart() -> None:
    """The bars of a long list would overlap."""
    many = Bars("b", "Many", "s", ("x",) * 40, (1.0,) * 40)
    assert height(many) > 3 * height(TWO)
    assert height(TWO) == height(Bars("b", "None", "s", (), ()))
