"""When a plan should have ended: its replays as quantiles, within a bounded amount of work. Pure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tasks.estimates import Estimates
from tasks.plan import Eta, FleetSnapshot, Plan
from tasks.planning.core.problem import Floats, Integers, Problem, problem_of
from tasks.planning.simulate import MakespanForecast, PreferredProviders, forecast, spread_of
from tasks.planning.strategy import PLANNED
from tasks.workload import StepGraph

# Up to so many steps are replayed without compiled code, and so many in all, there and else.
_SMALL, _BY_HAND, _COMPILED = 128, 3_000, 100_000
_MOST, _FEWEST = 200, 3


def with_eta(graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan) -> Plan:
    """Return ``plan`` with when it should end, from the quantiles of ``estimates``.

    Steps are drawn one by one: what slows all of them at once is not in it, nor are failures.
    """
    problem = problem_of(graph, estimates, fleet)
    number = {step.id: index for index, step in enumerate(graph.steps)}
    order = np.array([number[step] for step in plan.order], np.int32)
    if plan.strategy != PLANNED:
        problem = pinned(problem, places(plan, graph, fleet))
    kept = preferred_providers(plan, graph, fleet)
    found = makespan_forecast(problem, order, spread_of(graph, estimates), kept=kept)
    deadline = plan.goal.deadline_seconds if plan.goal else None
    return replace(plan, eta=eta_of(found, deadline))


def eta_of(found: MakespanForecast, deadline_seconds: float | None = None) -> Eta:
    """Return the figures of a forecast."""
    p50, p80, p95 = (found.quantile(part) for part in (0.5, 0.8, 0.95))
    on_time = None if deadline_seconds is None else found.probability(deadline_seconds)
    return Eta(p50, p80, p95, len(found.makespans), on_time)


def places(plan: Plan, graph: StepGraph, fleet: FleetSnapshot) -> Integers:
    """Return the number of the provider of each step, int32[n]."""
    number = {provider.name: index for index, provider in enumerate(fleet.providers)}
    placed = {one.step: number[one.provider] for one in plan.placements}
    return np.array([placed[step.id] for step in graph.steps], np.int32)


def preferred_providers(
    plan: Plan, graph: StepGraph, fleet: FleetSnapshot
) -> PreferredProviders | None:
    """Return where the dispatcher rather runs the steps of ``plan``, as it says."""
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
    kept: PreferredProviders | None = None,
) -> MakespanForecast:
    """Return the forecast of what the dispatcher makes of ``order``, int32[n].

    The number of replays, and so the result, depends on the number of steps alone.
    """
    work = _BY_HAND if problem.steps <= _SMALL else _COMPILED
    samples = max(_FEWEST, min(_MOST, work // problem.steps))
    return forecast(problem, order, spread, samples, seed, kept=kept)
