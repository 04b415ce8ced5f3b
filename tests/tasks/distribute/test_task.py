"""Tests of how a plan is shown: its artifacts, and what the log says of it."""

from __future__ import annotations

import logging

import pytest

from tasks.distribute import task
from tasks.distribute.planned import PlannedWorkload
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tests.tasks.planning.fakes import graph_of, provider, step

pytestmark = pytest.mark.slow

GRAPH = graph_of(step("a"), step("b", "a"))
FLEET = FleetSnapshot(1, 0.0, (provider("local"),))
ESTIMATES = {
    each.history_key: Estimate(each.history_key, 10.0, 20.0, 100.0, 0.9, 7, "trained", 16.0, 24.0)
    for each in GRAPH.steps
}


@pytest.mark.parametrize("is_over", [False, True])
async def test_the_end_is_forecast_until_it_has_come(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, is_over: bool
) -> None:
    """The log would say in how many seconds a workload will be done that has ended."""
    kept: list[str] = []

    async def keep(*_content: object, key: str, **_described: object) -> None:
        """Keep the key of an artifact."""
        kept.append(key)

    monkeypatch.setattr(task, "acreate_table_artifact", keep)
    monkeypatch.setattr(task, "acreate_markdown_artifact", keep)
    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("run"))
    caplog.set_level(logging.INFO)
    new_plan = plan(GRAPH, ESTIMATES, FLEET, budget_seconds=0.0)
    planned = PlannedWorkload(GRAPH, ESTIMATES, FLEET, new_plan)
    assert (await task.show_plan(planned, lambda: is_over)).eta
    assert any("simulated runs" in line for line in caplog.messages) is not is_over
    assert [key.split("-")[:-2] for key in kept] == [["plan"], ["plan", "chart"]]
