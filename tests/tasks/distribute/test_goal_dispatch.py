"""A plan for a budget is dispatched to its planned providers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.goal import Goal
from tasks.distribute.dispatch.dispatcher import Dispatcher
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tasks.planning.strategy import GOAL
from tests.tasks.planning.fakes import (
    FakeAdmission,
    FakeExecution,
    estimates_of,
    graph_of,
    provider,
    step,
    submit,
)

CHEAP = replace(provider("cheap"), price_per_hour=3600.0)
DEAR = replace(provider("dear", 4.0), price_per_hour=36000.0)
FLEET = FleetSnapshot(1, 0.0, (CHEAP, DEAR))


@pytest.mark.parametrize(("budget", "dear"), [(40, 0), (55, 1), (100, 4)])
async def test_steps_run_where_the_budget_has_them(budget: float, dear: int) -> None:
    """The rule of the earliest finish would spend more than was granted."""
    graph = graph_of(step("a"), step("b", "a"), step("c", "b"), step("d", "c"))
    times = estimates_of(dict.fromkeys("abcd", 10.0))
    planned = plan(graph, times, FLEET, budget_seconds=0, goal=Goal(budget=budget))
    execution, admission = FakeExecution(), FakeAdmission(CHEAP, DEAR)
    await Dispatcher(
        graph,
        planned,
        times,
        admission.fleet,
        admission,
        execute=execution,
        submit=submit,
        workload_id="w1",
        fence=1,
        clock=lambda: 0.0,
    ).run()
    assert dict(execution.started) == {item.step: item.provider for item in planned.placements}
    assert sum(where == "dear" for _, where in execution.started) == dear
    assert planned.cost <= budget


async def test_what_joins_a_plan_for_money_goes_where_it_is_cheap() -> None:
    """The items of a list would all run on the dearest provider."""
    each = replace(step("each", "list"), foreach="[1, 2]")
    graph = graph_of(step("list"), each)
    planned = plan(
        graph, estimates_of({"list": 10.0, "each": 10.0}), FLEET, budget_seconds=0,
        goal=Goal(objective="cost"),
    )  # fmt: skip
    assert planned.strategy == GOAL
    execution, admission = FakeExecution(), FakeAdmission(CHEAP, DEAR)
    await Dispatcher(
        graph,
        planned,
        estimates_of({"list": 10.0, "each": 10.0}),
        admission.fleet,
        admission,
        execute=execution,
        submit=submit,
        workload_id="w1",
        fence=1,
        clock=lambda: 0.0,
    ).run()
    assert {where for _, where in execution.started} == {"cheap"}
    assert len(execution.started) == 3
