"""What the plan in force says of each step: how long it takes, and where it rather runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from math import inf

from tasks.distribute.dispatch.drift import Correction
from tasks.distribute.dispatch.ready_queue import FormerRun, StepHistory
from tasks.estimates import Estimates, estimate_of
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.placement import PlacementRequest
from tasks.planning.planner import plan as plan_of
from tasks.planning.strategy import PLANNED
from tasks.workload import Step, StepGraph


class ActivePlan:
    """The plan that is followed, and by what its estimates are corrected.

    Args:
        graph: The steps of the workload.
        plan: The first plan.
        estimates: What its steps are expected to take.
        former: What a run that died left of it.
    """

    def __init__(
        self, graph: StepGraph, plan: Plan, estimates: Estimates, former: FormerRun
    ) -> None:
        self._graph, self._estimates, self._former = graph, estimates, former
        self.strategy = plan.strategy
        self.correction = Correction()
        self.speeds: dict[str, float] = {}
        self._kinds: dict[str, str] = {}
        self._pinned: dict[str, str] = {}
        self._stay = 0.0
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Take the places of ``plan`` from now on."""
        self._stay = plan.stay if self.strategy == PLANNED else inf
        placed = plan.placements if self._stay else ()
        self._pinned = {each.step: each.provider for each in placed}

    def seen(self, fleet: FleetSnapshot) -> FleetSnapshot:
        """Return ``fleet`` with the speeds that were seen, and remember those it has itself."""
        self.speeds = {each.name: each.speed for each in fleet.providers}
        self._kinds = {each.name: each.kind for each in fleet.providers}
        return self.correction.seen(fleet)

    def expected(self, step: Step, provider: str) -> float:
        """Return how many seconds ``step`` was expected to take there before anything ran."""
        known = estimate_of(step, self._estimates).on(self._kinds.get(provider, ""))
        return known.p50_seconds / self.speeds.get(provider, 1.0)

    def request(self, step: Step, history: StepHistory) -> PlacementRequest:
        """Return what ``step`` asks for, now that it has this history."""
        expected = estimate_of(step, self._estimates)
        return PlacementRequest(
            step.id,
            step.demand,
            expected.p50_seconds * self.correction.of(step),
            pinned=self._pinned.get(step.id, ""),
            stay=self._stay,
            only="" if history.tries else self._former.started.get(step.id, ""),
            failures=history.failures,
            late_factor=expected.late_factor,
            on_kind={
                other.kind: other.p50_seconds * self.correction.of(step)
                for other in expected.others
            },
        )

    async def join(self, steps: Sequence[Step], fleet: FleetSnapshot) -> None:
        """Have a strategy other than the rule place steps that have joined since the plan."""
        if self.strategy == PLANNED or not steps:
            return
        alone = replace(self._graph, steps=tuple(replace(step, needs=()) for step in steps))
        made = await asyncio.to_thread(plan_of, alone, self._estimates, fleet, self.strategy)
        self._pinned |= {placed.step: placed.provider for placed in made.placements}
