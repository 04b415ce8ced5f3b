"""What changes week by week."""

from __future__ import annotations

import pandas as pd
import pytest

from analytics.history.runs import Run
from analytics.reports.data.model import Range
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.sections.growth import growth_section, growth_table
from analytics.reports.sections.training import of_training
from tests.analytics.reports.recorded import Shop, last_week, nothing, shop_history


def runs(growth: float, days: float = 28, count: int = 40) -> pd.DataFrame:
    """Return runs of one key that take ``growth`` more of their first duration each week."""
    at = [days * DAY_SECONDS * turn / count for turn in range(count)]
    seconds = [10 * (1 + growth) ** (moment / (7 * DAY_SECONDS)) for moment in at]
    return pd.DataFrame(
        {"key": "build", "state": "succeeded", "ended_at": at, "seconds": seconds, "cost": 0.0}
    )


def test_growth_is_found_with_its_size() -> None:
    """A build that takes ten percent more each week would be noticed after a year."""
    table = growth_table("trends", runs(0.1), ("duration", "failures", "cost"))
    assert table
    [(key, what, size, count)] = table.rows
    assert (key, what, count) == ("build", "duration", 40)
    assert isinstance(size, Range)
    assert 0.09 < size.value < 0.11


def test_what_hardly_moves_is_no_trend() -> None:
    """The table would be full of what nobody needs to know."""
    assert growth_table("trends", runs(0.005), ("duration",)) is None
    assert growth_table("trends", runs(0.0), ("duration", "failures")) is None


def test_an_hour_says_nothing_of_a_week() -> None:
    """Eight runs in a morning would be blown up to a thousandfold growth."""
    assert growth_table("trends", runs(0.5, days=0.5), ("duration",)) is None


@pytest.mark.slow
def test_the_shop_has_become_slower_and_dearer() -> None:
    """The reports would not say what their own figures show."""
    context = last_week(shop_history(Shop(slower=1.5)))
    [slower] = growth_section(context, ("duration",)).tables
    [dearer] = growth_section(context, ("cost",)).tables
    assert {row[0] for row in slower.rows} == {"shop/release/build", "shop/release/test"}
    assert {row[1] for row in dearer.rows} == {"cost"}
    assert growth_section(nothing(), ("duration",)).tables == ()


def test_training_shows_the_trends_in_what_it_has_read() -> None:
    """Who looks at the training would not see where durations are going."""
    table = runs(0.2)
    read = [
        Run("shell", "shop|build", at - run_seconds, at, run_seconds, succeeded=True)
        for at, run_seconds in zip(table["ended_at"], table["seconds"], strict=True)
    ]
    text = of_training(read)
    assert "| `shop\\|build` | duration | +20" in text
    assert of_training(read[:3]) == ""
    assert of_training([]) == ""
