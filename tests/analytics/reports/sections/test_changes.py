"""What has become worse or better."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.sections.changes import changes_figure, changes_section
from tests.analytics.reports.recorded import NOW, Shop, last_week, nothing, shop_history


@pytest.mark.slow
def test_insights_and_sure_changes_are_told() -> None:
    """A regression that was raised would be in no report."""
    section = changes_section(last_week(shop_history(Shop(slower=1.4))))
    assert section.sentences == (
        "Insights raised: 1, closed: 0. Flows and steps surely slower: 2, faster: 0.",
    )
    insights, changes = section.tables
    assert insights.rows[0][2] == "shop/release/build"
    assert {row[1] for row in changes.rows} == {"shop/release/build", "shop/release/test"}


@pytest.mark.slow
def test_what_closed_since_is_not_open() -> None:
    """What is mended would frighten for ever."""
    everything = shop_history()
    [insight] = everything.insights
    closed = replace(everything, insights=(replace(insight, closed_at=NOW - 2 * DAY_SECONDS),))
    assert changes_figure(last_week(everything)).value == 1
    assert changes_figure(last_week(closed)).value == 0
    assert "closed: 1" in changes_section(last_week(closed)).sentences[0]


def test_without_a_comparison_no_change_is_told() -> None:
    """Nothing could have become slower than nothing."""
    section = changes_section(last_week(shop_history(), compared=False))
    assert section.sentences == ("Insights raised: 1, closed: 0.",)
    assert changes_section(nothing()).tables == ()
