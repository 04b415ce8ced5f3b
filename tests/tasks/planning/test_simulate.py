"""Simulated runs of a plan: the dispatcher's rule, and when a workload may end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot
from tasks.planning.bound import bound_of
from tasks.planning.construct import ScheduleGenerator, by_rank
from tasks.planning.core.placement import PlacementRequest, RunningStep, place
from tasks.planning.core.problem import Problem, problem_from, problem_of
from tasks.planning.core.schedule import faults
from tasks.planning.simulate import DispatchReplay, PreferredProviders, forecast, spread_of
from tests.tasks.planning.fakes import ONE, graph_of, provider, step
from tests.tasks.planning.problems import problems


@given(problems(), st.integers(0, 3))
def test_what_happens_is_feasible_and_not_below_the_bound(problem: Problem, seed: int) -> None:
    """A forecast would promise what cannot be."""
    factor = np.random.default_rng(seed).uniform(0.5, 2, problem.steps)
    actual = replace(problem, seconds=problem.seconds * factor[:, None])
    done = DispatchReplay.of(problem).run(by_rank(problem), factor)
    assert faults(actual, done) == []
    assert done.makespan >= bound_of(actual).seconds - 1e-9


@given(problems(lanes=True), st.integers(0, 3))
def test_lanes_and_vectors_replay_alike(problem: Problem, seed: int) -> None:
    """The quick way for one slot a step would follow another rule than the general one."""
    factor = np.random.default_rng(seed).uniform(0.5, 2, problem.steps)
    actual = replace(problem, seconds=problem.seconds * factor[:, None])
    for build in (ScheduleGenerator.of(problem), ScheduleGenerator(problem, None)):
        assert faults(actual, DispatchReplay(build).run(by_rank(problem), factor)) == []


@given(
    st.lists(st.floats(1, 9), min_size=1, max_size=9),
    st.integers(0, 9),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
)
def test_it_does_what_the_dispatcher_does(
    lengths: list[float], seed: int, stay: float, lanes: bool
) -> None:
    """Forecasts would be of another rule than the one that runs."""
    fleet = FleetSnapshot(1, 0.0, (provider("a", 0.7), provider("b", 1.9), provider("c", 3.1)))
    names = [str(number) for number in range(len(lengths))]
    graph = graph_of(*(step(name) for name in names))
    expected = {k: Estimate(k, v, v, n=3) for k, v in zip(names, lengths, strict=True)}
    problem = problem_of(graph, expected, fleet)
    order = by_rank(problem)
    factor = np.random.default_rng(seed).uniform(0.7, 1.3, len(lengths))
    generator = ScheduleGenerator.of(problem) if lanes else ScheduleGenerator(problem, None)
    placed = np.random.default_rng(seed).integers(0, 3, len(lengths)).astype(np.int32)
    done = DispatchReplay(generator).run(order, factor, PreferredProviders(placed, stay))
    for index in range(len(lengths)):
        now = done.start[index]
        waiting = [n for n in order if done.start[n] >= now]
        numbers = [n for n in range(len(lengths)) if done.start[n] < now < done.end[n]]
        running = [
            RunningStep(
                fleet.providers[done.provider[n]].name,
                ONE,
                done.start[n],
                done.start[n] + problem.seconds[n, done.provider[n]],
            )
            for n in numbers
        ]
        busy = {item.provider for item in running}
        states = tuple(
            replace(p, free=ONE.minus(ONE) if p.name in busy else ONE) for p in fleet.providers
        )
        names_of = [fleet.providers[index].name for index in placed]
        requests = [
            PlacementRequest(str(n), ONE, lengths[n], pinned=names_of[n] if stay else "", stay=stay)
            for n in waiting
        ]
        choices = place(requests, running, FleetSnapshot(1, 0.0, states), now, at_least=9)
        choice_of_step = next(choice for choice in choices if choice.step == str(index))
        assert choice_of_step.provider == fleet.providers[done.provider[index]].name
        assert choice_of_step.starts_at == pytest.approx(now)


def test_quantiles_and_the_probability_of_a_deadline() -> None:
    """A user would be told a time that is never kept, or always."""
    problem = problem_from([[], [0]], np.full((2, 1), 10.0), np.ones((2, 1)), np.ones((1, 1)))
    certain = forecast(problem, by_rank(problem), np.zeros(2), samples=5)
    assert certain.quantile(0.5) == certain.quantile(0.9) == 20
    assert (certain.probability(19.9), certain.probability(20)) == (0, 1)
    vague = forecast(problem, by_rank(problem), np.full(2, 0.3), samples=500)
    assert vague.quantile(0.5) == pytest.approx(20, rel=0.1)
    assert vague.quantile(0.9) > 23
    assert 0.3 < vague.probability(20) < 0.7


def test_the_spread_is_that_of_the_quantiles() -> None:
    """The p90 of a step would not be what history says."""
    graph = graph_of(step("a"), step("b"))
    estimates = {"a": Estimate("a", 10, 20), "b": Estimate("b", 0, 5)}
    sigma = spread_of(graph, estimates)
    assert 10 * np.exp(1.2815515655446004 * sigma[0]) == pytest.approx(20)
    assert sigma[1] == 0
