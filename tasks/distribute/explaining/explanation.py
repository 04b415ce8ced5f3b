"""The explanation of a plan for a dry run: its binding chain, other plans and advice; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from blocks.goal import Goal
from tasks.distribute.explaining.advice import advice_on
from tasks.distribute.explaining.binding import Binding, binding
from tasks.distribute.explaining.comparison import by_strategy
from tasks.distribute.explaining.whatif import Effect, changes, effects
from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.plan_warnings import Advice
from tasks.planning.strategy import PLANNED
from tasks.workload import StepGraph


class PlanBy(Protocol):
    """Plans a workload by a strategy."""

    def __call__(
        self,
        graph: StepGraph,
        estimates: Estimates,
        fleet: FleetSnapshot,
        /,
        strategy: str,
        *,
        goal: Goal | None = None,
    ) -> Plan:
        """Return the plan, for ``goal`` where there is one."""
        ...


@dataclass(frozen=True, slots=True)
class Explanation:
    """``plans`` are those of all strategies, shortest first; ``effects`` those of changes."""

    plan: Plan
    plans: tuple[Plan, ...]
    binding: Binding
    effects: tuple[Effect, ...]
    advice: tuple[Advice, ...]


def explanation_of(
    graph: StepGraph, estimates: Estimates, fleet: FleetSnapshot, plan: Plan, plan_by: PlanBy
) -> Explanation:
    """Explain ``plan``; ``plan_by`` makes the other plans, each of which takes its time."""
    plan_binding = binding(graph, plan, fleet)
    goal = plan.goal
    replan = partial(plan_by, strategy=PLANNED if goal else plan.strategy, goal=goal)
    change_effects = effects(changes(graph, estimates, fleet, plan, plan_binding), plan, replan)
    return Explanation(
        plan,
        by_strategy(plan, partial(plan_by, graph, estimates, fleet)),
        plan_binding,
        change_effects,
        advice_on(
            graph,
            estimates,
            fleet,
            plan,
            plan_binding,
            effects=change_effects,
            deadline_seconds=goal.deadline_seconds if goal else None,
        ),
    )
