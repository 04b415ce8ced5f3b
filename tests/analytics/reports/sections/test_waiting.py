"""What stood ready and waited."""

from __future__ import annotations

from analytics.reports.sections.waiting import (
    flow_wait,
    step_wait,
    waiting_figures,
    waiting_section,
)
from tests.analytics.reports.recorded import last_week, nothing, shop_history


def test_steps_wait_for_capacity_and_flows_for_a_worker() -> None:
    """Nobody would see that there are too few workers."""
    context = last_week(shop_history())
    assert flow_wait(0.9, context.now) == 2.0
    waits = step_wait(1.0, context.now)
    assert waits is not None
    assert 3.9 < waits < 4.1
    section = waiting_section(context)
    assert [table.name for table in section.tables] == ["waiting-by-flow", "waiting-by-provider"]
    assert [row[0] for row in section.tables[1].rows] == ["cloud"]


def test_of_nothing_nothing_waits() -> None:
    """A quantile of no runs would break the report."""
    assert [figure.value for figure in waiting_figures(nothing())] == [None, None]
    assert waiting_section(nothing()).tables == ()
