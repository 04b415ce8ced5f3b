"""The active plan: the expected duration and the preferred provider of each step."""

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
    """The plan that the dispatcher follows, and the correction of its estimates.

    Args:
        graph: The steps of the workload.
        plan: The first plan.
        estimates: The estimates of its steps.
        former: The outcomes and running steps of a run that died.
    """

    def __init__(
        self, graph: StepGraph, plan: Plan, estimates: Estimates, former: FormerRun
    ) -> None:
        self._graph = graph
        self._estimates = estimates
        self._former = former
        self.strategy = plan.strategy
        self.correction = Correction()
        self.speeds: dict[str, float] = {}
        self._kinds: dict[str, str] = {}
        self._pinned: dict[str, str] = {}
        self._stay = 0.0
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Prefer the providers of ``plan`` from now on."""
        self._stay = plan.stay if self.strategy == PLANNED else inf
        placements = plan.placements if self._stay else ()
        self._pinned = {placement.step: placement.provider for placement in placements}

    def corrected(self, fleet: FleetSnapshot) -> FleetSnapshot:
        """Return ``fleet`` with corrected speeds, and remember its own ones."""
        self.speeds = {provider.name: provider.speed for provider in fleet.providers}
        self._kinds = {provider.name: provider.kind for provider in fleet.providers}
        return self.correction.corrected(fleet)

    def expected(self, step: Step, provider: str) -> float:
        """Return the seconds that ``step`` was expected to take there before the first step ran."""
        estimate = estimate_of(step, self._estimates).on(self._kinds.get(provider, ""))
        return estimate.p50_seconds / self.speeds.get(provider, 1.0)

    def request(self, step: Step, history: StepHistory) -> PlacementRequest:
        """Return the placement request of ``step`` with this history of attempts."""
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
        """Place steps that have joined since the plan, by strategies other than the rule."""
        if self.strategy == PLANNED or not steps:
            return
        joining_graph = replace(self._graph, steps=tuple(replace(step, needs=()) for step in steps))
        plan = await asyncio.to_thread(
            plan_of, joining_graph, self._estimates, fleet, self.strategy
        )
        self._pinned |= {placement.step: placement.provider for placement in plan.placements}
