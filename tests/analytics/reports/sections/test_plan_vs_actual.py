"""Plan against outcome."""

from __future__ import annotations

import pytest

from analytics.reports.sections.plan_vs_actual import lateness, near_share, promise_section
from tests.analytics.reports.recorded import Shop, last_week, nothing, shop_history


@pytest.mark.parametrize(("slower", "share"), [(1.0, 1.0), (1.6, 0.5)])
def test_how_far_plans_were_off(slower: float, share: float) -> None:
    """A plan that promises half of what it takes would look as good as any."""
    now = last_week(shop_history(Shop(slower=slower, runs_a_day=3))).now
    assert near_share(now) == pytest.approx(share, abs=0.05)
    late = lateness(now)
    assert late is not None
    assert (late > 1.3) == (slower > 1)


def test_a_row_a_workload_and_both_kinds_of_pairs() -> None:
    """Nobody could tell which workload is planned badly."""
    section = promise_section(last_week(shop_history()))
    [table] = section.tables
    assert [row[0] for row in table.rows] == ["shop/release"]
    [chart] = section.charts
    assert [kind[0] for kind in chart.kinds] == ["workload runs", "steps"]  # type: ignore[union-attr]


def test_without_plans_nothing_is_promised() -> None:
    """The first report of an installation would fail."""
    assert lateness(nothing().now) is None
    assert promise_section(nothing()).tables == ()
