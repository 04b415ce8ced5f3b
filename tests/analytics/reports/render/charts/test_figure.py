"""The figures of a report: every kind of chart, as SVG and as PNG."""

from __future__ import annotations

import pytest

from analytics.reports.data.model import Bars, Pairs, Panel, Panels, StackedBars
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.render.charts.figure import height, png, svg
from tests.analytics.reports.recorded import report_of_last_week

pytestmark = pytest.mark.integration  # importing matplotlib takes a second

STRANGE = (
    StackedBars("a", "Nothing", "count", (0.0,), DAY_SECONDS, ()),
    StackedBars("a", "One of nought", "money", (0.0,), DAY_SECONDS, (("_", (0.0,)),)),
    Bars("b", "One of nought", "s", ("x",), (0.0,), before=(None,)),
    Bars(
        "c", "Dollars $x^2$ and _", "share", ("$\\frac$ & $", "<b>"), (1.0, 0.0), (), (0, 0), (1, 1)
    ),
    Panels("d", "One run", "s", (Panel("p", (0.0,), (1.0,), (0.0,), (1.0,), (1.0,)),)),
    Pairs("e", "One pair", "s", (("steps", (1.0,), (1.0,)),)),
)


@pytest.mark.parametrize("chart", STRANGE, ids=lambda chart: type(chart).__name__)
def test_hardly_anything_can_be_drawn(chart: StackedBars | Bars | Panels | Pairs) -> None:
    """A report of little history would fail because of a chart."""
    assert svg(chart).startswith("<svg")
    assert height(chart) > 0


def test_charts_of_a_report_are_one_picture() -> None:
    """The UI would show the first of them alone."""
    charts = report_of_last_week("success").charts
    assert len(charts) > 2
    picture = png(charts)
    assert picture.startswith(b"\x89PNG")


def test_the_same_chart_is_the_same_text() -> None:
    """A report of the same figures would differ each time from the one before."""
    [first, *_] = report_of_last_week("executive").charts
    assert svg(first) == svg(first)
