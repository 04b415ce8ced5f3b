"""The planner: which step runs on which provider, and in what order; pure.

A first plan by upward rank and earliest finish is improved within a budget (see ``construct``
and ``improve``); other strategies place one step after the other.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from blocks.goal import Goal
from tasks.errors import BadInputError
from tasks.estimates import Estimates, estimate_of
from tasks.plan import FleetSnapshot, Placement, Plan
from tasks.planning.alternatives import placements_of
from tasks.planning.bound import bound_of
from tasks.planning.construct import by_rank, construct
from tasks.planning.core.admissible import refuse_impossible
from tasks.planning.core.contents import contents_of
from tasks.planning.core.problem import Floats, Problem, problem_of
from tasks.planning.core.rank import critical_path
from tasks.planning.core.schedule import Schedule, refuse_faulty
from tasks.planning.dispatch_policy import choose_policy, with_policy
from tasks.planning.feasibility import refuse_infeasible
from tasks.planning.improve import improve
from tasks.planning.list_scheduling import place_by
from tasks.planning.plan_warnings import plan_warnings
from tasks.planning.simulate import spread_of
from tasks.planning.strategy import GOAL, PLANNED, strategy_of
from tasks.workload import StepGraph

# The fraction of the predicted makespan that improving a plan may take.
_SHARE = 0.05
# The time that it takes at most.
_MAX_SECONDS = 2.0


def plan(
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    strategy: str = PLANNED,
    *,
    budget_seconds: float | None = None,
    seed: int = 1,
    goal: Goal | None = None,
    brief: bool = False,
) -> Plan:
    """Return the plan of ``graph`` on an idle ``fleet``: the providers and order of its steps.

    Args:
        graph: The steps.
        estimates: Their expected durations.
        fleet: The providers that they may run on.
        strategy: The rule by which providers are chosen.
        budget_seconds: For improving a plan; None: a twentieth of its makespan, at most 2 s.
        seed: The same seed and budget find the same plan.
        goal: A budget, a deadline or an objective, for ``planned`` only; where the plan for it
            is not the shortest, the dispatcher keeps to its providers instead of the rule.
        brief: Only its makespan and cost are asked for, e.g. for a comparison: how it is best
            dispatched is left out, and its bound may be a lower one that takes less time.

    Raises:
        BadInputError: the strategy is unknown, there is no provider, or a step fits none; or the
            budget or the deadline of ``goal`` cannot be kept.
        SlipwayError: the plan fails the independent check, which is a defect of Slipway.
    """
    choose_provider = strategy_of(strategy)
    refuse_other_strategy(goal, strategy)
    refuse_impossible(graph, fleet)
    if not graph.steps:
        return Plan(graph.project, graph.workload, strategy, (), (), 0.0, 0.0, 0.0, 0.0, goal=goal)
    problem = problem_of(graph, estimates, fleet)
    bound = bound_of(problem, rough=brief).seconds
    if strategy == PLANNED:
        schedule = best_schedule(problem, bound, budget_seconds, seed)
        if goal and goal.limited:
            spread, shortest = spread_of(graph, estimates), schedule
            for_goal = _for_goal(
                goal, problem, spread, shortest, budget_seconds=budget_seconds, seed=seed
            )
            schedule = for_goal or shortest
            strategy = PLANNED if schedule is shortest else GOAL
        refuse_faulty(problem, schedule)
        if strategy == GOAL:  # on given providers, the order of the starts ends first
            order = np.lexsort((schedule.end, schedule.start)).astype(np.int32)
            policy = None
        else:
            spread = spread_of(graph, estimates)
            quick = brief or budget_seconds == 0
            policy = None if quick else choose_policy(problem, schedule, spread, seed)
            order = by_rank(problem) if policy is None else policy.order
        placements = placements_of(graph, fleet, problem, schedule, order)
        planned = _plan(
            graph, estimates, fleet, strategy=strategy, bound=bound, placements=placements
        )
        return replace(planned if policy is None else with_policy(planned, policy), goal=goal)
    seconds = {step.id: estimate_of(step, estimates).p50_seconds for step in graph.steps}
    on_kind = seconds_on_kinds(graph, estimates, fleet)
    placements = place_by(choose_provider, graph, seconds, fleet, on_kind)
    planned = _plan(graph, estimates, fleet, strategy=strategy, bound=bound, placements=placements)
    refuse_infeasible(graph, seconds, fleet, planned, on_kind)
    return planned


def seconds_on_kinds(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot
) -> dict[str, dict[str, float]]:
    """Return the duration of each step by kind of provider; empty if all are of one kind."""
    kinds = {provider.kind for provider in fleet.providers}
    if len(kinds) == 1:
        return {}
    expected = {step.id: estimate_of(step, estimates) for step in graph.steps}
    return {
        kind: {step: estimate.on(kind).p50_seconds for step, estimate in expected.items()}
        for kind in kinds
    }


def refuse_other_strategy(goal: Goal | None, strategy: str) -> None:
    """Raise BadInputError where a goal is to be kept by a strategy that does not know it."""
    if goal and goal.limited and strategy != PLANNED:
        remedy = "Choose `planned`, or give an empty goal, {}, where the workload has one"
        raise BadInputError("strategy", strategy, f"it cannot plan for {goal}", remedy)


def _for_goal(
    goal: Goal,
    problem: Problem,
    spread: Floats,
    shortest: Schedule,
    *,
    budget_seconds: float | None,
    seed: int,
) -> Schedule | None:
    """Return the schedule for ``goal``; None if it is the shortest one, run by the rule."""
    from tasks.planning.goals import GoalCase, schedule_for_goal  # noqa: PLC0415 - for goals alone

    effort = _effort(shortest) if budget_seconds is None else budget_seconds
    case = GoalCase(problem, spread, goal, shortest, by_rank(problem), effort, seed)
    return schedule_for_goal(case)


def _effort(schedule: Schedule) -> float:
    """Return how many seconds improving a plan may take."""
    return min(_MAX_SECONDS, _SHARE * schedule.makespan)


def best_schedule(
    problem: Problem, bound: float, budget_seconds: float | None = None, seed: int = 1
) -> Schedule:
    """Return a first schedule of ``problem``, improved; ``bound`` is a lower bound in seconds."""
    first = construct(problem)
    effort = _effort(first) if budget_seconds is None else budget_seconds
    return improve(problem, first, bound, effort, seed)


def _plan(
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    *,
    strategy: str,
    bound: float,
    placements: tuple[Placement, ...],
) -> Plan:
    expected = {step.id: estimate_of(step, estimates) for step in graph.steps}
    seconds_of = {
        placement.step: placement.end_seconds - placement.start_seconds for placement in placements
    }
    sources = sorted({estimate.source for estimate in expected.values()})
    return Plan(
        project=graph.project,
        workload=graph.workload,
        strategy=strategy,
        order=tuple(placement.step for placement in placements),
        placements=placements,
        makespan_seconds=max((placement.end_seconds for placement in placements), default=0.0),
        bound_seconds=bound,
        cost=sum(placement.cost for placement in placements),
        utilisation=_utilisation(graph, fleet, placements),
        critical_path=critical_path(graph, seconds_of)[0],
        estimate_source=sources[0] if len(sources) == 1 else "mixed: " + ", ".join(sources),
        warnings=plan_warnings(graph, expected, fleet),
        contents=contents_of(graph),
    )


def _utilisation(
    graph: StepGraph, fleet: FleetSnapshot, placements: tuple[Placement, ...]
) -> float:
    """Return the utilisation of the busiest resource, from 0 to 1."""
    makespan = max((placement.end_seconds for placement in placements), default=0.0)
    if not makespan:
        return 0.0
    speed = {provider.name: provider.speed for provider in fleet.providers}
    speed_seconds = {
        p.step: (p.end_seconds - p.start_seconds) * speed[p.provider] for p in placements
    }
    capacities = [(p.speed, p.capacity) for p in fleet.providers]
    supply = np.array([(c.cpus * s, c.memory_mib * s, c.slots * s) for s, c in capacities]).sum(
        axis=0
    )
    demands = [(step.demand, speed_seconds[step.id]) for step in graph.steps]
    load = np.array([(d.cpus * t, d.memory_mib * t, d.slots * t) for d, t in demands]).sum(axis=0)
    return min(1.0, float(np.max(load[supply > 0] / supply[supply > 0], initial=0.0)) / makespan)
