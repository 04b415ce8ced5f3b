"""What was spent on what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.reports.sections.spending import (
    spending_figures,
    spending_over_time,
    spending_sections,
    total_cost,
)
from tests.analytics.reports.recorded import last_week, nothing, shop_history


def test_every_table_adds_up_to_what_was_spent() -> None:
    """Money would be missing from one table, or counted twice in another."""
    context = last_week(shop_history())
    [section] = spending_sections(context)
    total = total_cost(context.now)
    assert total > 0
    assert len(section.tables) == 4
    for table in section.tables:
        place = [column.name for column in table.columns].index("spent")
        assert sum(float(str(row[place])) for row in table.rows) == pytest.approx(total)


def test_the_days_add_up_as_well() -> None:
    """A day would be missing from the chart."""
    context = last_week(shop_history())
    chart = spending_over_time(context)
    assert chart
    assert chart.unit == "money"
    assert sum(sum(values) for _, values in chart.series) == pytest.approx(total_cost(context.now))


def test_where_nothing_has_a_price_time_stands_for_money() -> None:
    """A free machine would have an empty report, or one that is full of noughts."""
    everything = shop_history()
    free = replace(everything, steps=everything.steps.assign(cost=0.0))
    context = last_week(free)
    [section] = spending_sections(context)
    assert "has a price" in section.sentences[0]
    assert all(column.unit != "money" for column in section.tables[0].columns)
    assert [figure.name for figure in spending_figures(context)] == ["steps ran for", "in vain"]


def test_of_nothing_nothing_is_spent() -> None:
    """The first report of an installation would fail."""
    [section] = spending_sections(nothing())
    assert section.tables == ()
