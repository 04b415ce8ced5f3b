"""What a plan is shown by: a row for each step, and a picture."""

from __future__ import annotations

import pytest

from tasks.distribute.explaining.shown_plan import explained, rows_and_chart
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

pytestmark = pytest.mark.slow

GRAPH = graph_of(step("a"), step("b", "a"), step("c"))
FLEET = FleetSnapshot(1, 0.0, (provider("x"), provider("y", 0.5)))
ESTIMATES = estimates_of({"a": 10, "b": 20, "c": 5})
PLAN = plan(GRAPH, ESTIMATES, FLEET, budget_seconds=0.0)


def test_every_step_has_a_row_and_the_plan_a_picture() -> None:
    """Broken: a step would run that the table does not show, or the chart be no picture."""
    rows, chart = rows_and_chart(GRAPH, FLEET, PLAN)
    assert [row["step"] for row in rows] == list(PLAN.order)
    assert chart.startswith(b"\x89PNG")


def test_providers_of_one_price_have_no_front() -> None:
    """Broken: a dry run would show a trade of time against money where there is none, or no strategies."""
    explanation = explained(GRAPH, ESTIMATES, FLEET, PLAN)
    assert (explanation.front, explanation.front_chart) == ([], b"")
    assert len(explanation.strategies) > 1
