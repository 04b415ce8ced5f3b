"""The forecast of when a plan ends: with free and with pinned providers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot
from tasks.planning.construct import construct
from tasks.planning.core.problem import Problem
from tasks.planning.outlook import pinned, with_eta
from tasks.planning.planner import plan
from tasks.planning.simulate import DispatchReplay
from tasks.planning.strategy import STRATEGIES
from tests.tasks.planning.fakes import graph_of, provider, step
from tests.tasks.planning.problems import problems

TWO = FleetSnapshot(1, 0.0, (provider("slow"), provider("fast", 2.0)))


@pytest.mark.slow
@given(problems(), st.integers(0, 9))
def test_what_is_pinned_stays_where_it_is(problem: Problem, seed: int) -> None:
    """The forecast of a plan with a budget would let steps move to dear providers."""
    schedule = construct(problem)
    factor = np.random.default_rng(seed).uniform(0.5, 2, problem.steps)
    done = DispatchReplay.of(pinned(problem, schedule.provider)).run(schedule.order, factor)
    assert done.provider.tolist() == schedule.provider.tolist()


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_every_plan_can_be_given_its_eta(strategy: str) -> None:
    """A dry run would not say when the workload is over."""
    graph = graph_of(step("a"), step("b"), step("c", "a"))
    times = {name: Estimate(name, 10.0, 15.0, n=9) for name in "abc"}
    planned = with_eta(graph, times, TWO, plan(graph, times, TWO, strategy))
    assert planned.eta
    assert 0 < planned.eta.p50_seconds < planned.eta.p80_seconds < planned.eta.p95_seconds
    assert (planned.eta.replays, planned.eta.on_time) == (200, None)
    assert planned == with_eta(graph, times, TWO, replace(planned, eta=None))


def test_what_never_varies_ends_as_planned() -> None:
    """The forecast would contradict the plan where nothing is uncertain."""
    graph = graph_of(step("a"), step("b"), step("c", "a"))
    times = {name: Estimate(name, 10.0, 10.0, n=9) for name in "abc"}
    planned = with_eta(graph, times, TWO, plan(graph, times, TWO))
    assert planned.eta
    assert (
        planned.eta.p50_seconds
        == planned.eta.p95_seconds
        == pytest.approx(planned.makespan_seconds)
    )


def test_many_steps_take_few_replays() -> None:
    """A large plan would wait for its forecast."""
    chain = graph_of(step("0"), *(step(str(n), str(n - 1)) for n in range(1, 1001)))
    times = {each.id: Estimate(each.id, 1.0, 2.0, n=9) for each in chain.steps}
    planned = with_eta(chain, times, TWO, plan(chain, times, TWO, budget_seconds=0))
    assert planned.eta
    assert planned.eta.replays < 100
