"""The forecast of when a plan ends: quantiles of simulated runs, with a bounded effort; pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasks.estimates import Estimates
from tasks.plan import Eta, FleetSnapshot, Plan
from tasks.planning.core.problem import Floats, Integers, Problem, problem_of
from tasks.planning.simulate import MakespanForecast, PreferredProviders, forecast, spread_of
from tasks.planning.strategy import PLANNED
from tasks.workload import StepGraph

# Up to so many steps are replayed without compiled code.
_SMALL = 128
# The steps replayed in all without compiled code.
_WORK_INTERPRETED = 3_000
# The steps replayed in all with compiled code.
_WORK_COMPILED = 100_000
_MAX_SAMPLES = 200
_MIN_SAMPLES = 3


def with_eta(graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan) -> Plan:
    """Return ``plan`` with the forecast of its end, from the quantiles of ``estimates``.

    The durations of steps are drawn independently: a slowdown of all of them at once is not
    simulated, nor are failures.
    """
    if not graph.steps:
        return plan
    problem = problem_of(graph, estimates, fleet)
    number = {step.id: index for index, step in enumerate(graph.steps)}
    order = np.array([number[step] for step in plan.order], np.int32)
    if plan.strategy != PLANNED:
        problem = pinned(problem, places(plan, graph, fleet))
    preferred = preferred_providers(plan, graph, fleet)
    makespan = makespan_forecast(problem, order, spread_of(graph, estimates), preferred=preferred)
    deadline = plan.goal.deadline_seconds if plan.goal else None
    return replace(plan, eta=eta_of(makespan, deadline))


def eta_of(makespan: MakespanForecast, deadline_seconds: float | None = None) -> Eta:
    """Return the figures of a forecast."""
    p50, p80, p95 = (makespan.quantile(probability) for probability in (0.5, 0.8, 0.95))
    on_time = None if deadline_seconds is None else makespan.probability(deadline_seconds)
    return Eta(p50, p80, p95, len(makespan.makespans), on_time)


def places(plan: Plan, graph: StepGraph, fleet: FleetSnapshot) -> Integers:
    """Return the number of the provider of each step, int32[n]."""
    number = {provider.name: index for index, provider in enumerate(fleet.providers)}
    provider_of = {placement.step: number[placement.provider] for placement in plan.placements}
    return np.array([provider_of[step.id] for step in graph.steps], np.int32)


def preferred_providers(
    plan: Plan, graph: StepGraph, fleet: FleetSnapshot
) -> PreferredProviders | None:
    """Return the providers that the steps of ``plan`` prefer; None if they prefer none."""
    return PreferredProviders(places(plan, graph, fleet), plan.stay) if plan.stay else None


def pinned(problem: Problem, provider: Integers) -> Problem:
    """Return ``problem`` with every step on its provider alone; ``provider`` is int32[n]."""
    steps = np.arange(problem.steps)
    seconds = np.full_like(problem.seconds, np.inf)
    seconds[steps, provider] = problem.seconds[steps, provider]
    return replace(problem, seconds=seconds)


def makespan_forecast(
    problem: Problem,
    order: Integers,
    spread: Floats,
    seed: int = 1,
    *,
    preferred: PreferredProviders | None = None,
) -> MakespanForecast:
    """Return the forecast of the makespan where the dispatcher follows ``order``, int32[n].

    The number of replays, and so the result, depends on the number of steps alone.
    """
    work = _WORK_INTERPRETED if problem.steps <= _SMALL else _WORK_COMPILED
    samples = max(_MIN_SAMPLES, min(_MAX_SAMPLES, work // problem.steps))
    return forecast(problem, order, spread, samples, seed, preferred=preferred)
