"""Replanning of the steps not started, when durations drift from their estimates."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tasks.companion import fault_of, to_its_end
from tasks.distribute.dispatch.active_plan import ActivePlan
from tasks.distribute.dispatch.drift import Correction, DurationDrift, Ratio, family, ratio
from tasks.distribute.dispatch.events import Hooks, Replanned
from tasks.distribute.dispatch.ready_queue import ReadyQueue
from tasks.errors import SlipwayError
from tasks.estimates import Estimate, Estimates, estimate_of
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.placement import RunningStep
from tasks.planning.planner import plan as plan_of
from tasks.planning.strategy import STRATEGIES
from tasks.workload import Step, StepGraph

# A provider that drifts by so much, as a logarithm, is a reason to plan again.
_PROVIDER_DRIFT = 0.2
# So is the remaining work where it drifts by so much on average.
_WORK_DRIFT = 0.1
# Improving the new plan may take this fraction of the remaining time.
_SHARE = 0.02
# The time that it takes at most.
_MAX_SECONDS = 1.0
# Planning again waits for so many times the duration of the last planning.
_PAUSE = 20.0
# It also waits for this fraction of the remaining time.
_PAUSE_SHARE = 0.04
# Planning more steps than this would hold up those that run.
_MAX_STEPS = 20_000
_NOT_PLANNED = "What has not started is not planned again"


class Replanner:
    """Plans the rest of a run again where durations drift; changes ``active_plan`` and ``queue``.

    Args:
        graph: The graph that is run.
        plan: The first plan.
        queue: The ended and the ready steps.
        active_plan: The plan that the dispatcher follows.
        estimates: The estimates of the steps.
        fleet: Returns the providers as they are now; called in a thread.
        running: The running steps by id.
        hooks: Called for each new plan, and for each error of planning; then the last plan stays.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        graph: StepGraph,
        plan: Plan,
        queue: ReadyQueue,
        active_plan: ActivePlan,
        *,
        estimates: Estimates,
        fleet: Callable[[], FleetSnapshot],
        running: dict[str, RunningStep],
        hooks: Hooks,
        clock: Callable[[], float],
    ) -> None:
        self._graph = graph
        self._queue = queue
        self._active_plan = active_plan
        self._estimates = estimates
        self._fleet = fleet
        self._running = running
        self._hooks = hooks
        self._clock = clock
        self._drift = DurationDrift()
        self._end = clock() + plan.makespan_seconds
        self._next_count = 0
        self._not_before = 0.0
        self._working: asyncio.Task[None] | None = None

    def note(self, step: Step, provider: str, seconds: float) -> None:
        """Record the duration of a step that succeeded."""
        self._drift.note(step, provider, self._active_plan.expected(step, provider), seconds)

    def replan_if_due(self, ring: Callable[[], None]) -> None:
        """Start planning again where that is due, and ``ring`` when it is done."""
        if self._busy or self._drift.count < self._next_count or self._clock() < self._not_before:
            return
        # The more steps have ended, the more have to end before the next check.
        self._next_count = self._drift.count + 1 + self._drift.count // 20
        if self._active_plan.strategy not in STRATEGIES:
            return
        correction = self._drift.correction(self._overdue())
        if self._has_drifted(correction):
            self._working = asyncio.create_task(self._replan(correction, ring))
            self._working.add_done_callback(self._look_for_fault)

    async def stop(self) -> None:
        """Stop planning."""
        if self._working:
            self._working.cancel()
            await to_its_end(self._working)

    def _look_for_fault(self, working: asyncio.Task[None]) -> None:
        if error := fault_of(working):
            self._hooks.on_fault(_NOT_PLANNED, error)

    @property
    def _busy(self) -> bool:
        return self._working is not None and not self._working.done()

    def _overdue(self) -> list[Ratio]:
        now, overdue = self._clock(), []
        for step_id, running in self._running.items():
            step, so_far = self._queue.steps[step_id], now - running.started_at
            if so_far > (expected := self._active_plan.expected(step, running.provider)) > 0:
                overdue.append(ratio(step, running.provider, expected, so_far))
        return overdue

    def _has_drifted(self, correction: Correction) -> bool:
        """Tell whether ``correction`` is far from the present one for the steps that wait."""
        present = self._active_plan.correction
        of_providers = _log_deviations(correction.providers, present.providers)
        of_families = _log_deviations(correction.families, present.families)
        if not any(of_providers.values()) and not any(of_families.values()):
            return False
        waiting = [
            step
            for step in self._queue.steps.values()
            if step.id not in self._queue.results and step.id not in self._running
        ]
        if len(waiting) < 2:  # noqa: PLR2004 - one step has no order
            return False
        if any(deviation > _PROVIDER_DRIFT for deviation in of_providers.values()):
            return True
        work: dict[str, float] = defaultdict(float)
        for step in waiting:
            work[family(step)] += estimate_of(step, self._estimates).p50_seconds
        drifted_seconds = sum(
            seconds * of_families.get(name, 0.0) for name, seconds in work.items()
        )
        return drifted_seconds > _WORK_DRIFT * sum(work.values())

    async def _replan(self, correction: Correction, ring: Callable[[], None]) -> None:
        remaining = self._queue.remaining()
        now = self._clock()
        fleet = correction.corrected(await asyncio.to_thread(self._fleet))
        plan = None
        if len(remaining) <= _MAX_STEPS:
            graph = replace(self._graph, steps=tuple(_keyed(step) for step in remaining))
            estimates = self._remaining_estimates(correction, remaining, fleet)
            min_seconds = _shortest(remaining, estimates, fleet)
            budget = min(_MAX_SECONDS, _SHARE * min_seconds)
            try:
                plan = await asyncio.to_thread(
                    plan_of,
                    graph,
                    estimates,
                    fleet,
                    self._active_plan.strategy,
                    budget_seconds=budget,
                )
            except SlipwayError as error:  # the correction is adopted all the same
                self._hooks.on_fault(_NOT_PLANNED, error)
        self._adopt(correction, plan, now)
        planning_seconds = self._clock() - now
        remaining_seconds = plan.makespan_seconds if plan else 0.0
        self._not_before = self._clock() + max(
            _PAUSE * planning_seconds, _PAUSE_SHARE * remaining_seconds
        )
        ring()

    def _adopt(self, correction: Correction, plan: Plan | None, now: float) -> None:
        before = self._active_plan.correction
        self._active_plan.correction = correction
        for step_id, running in self._running.items():
            factor = _ratio(self._queue.steps[step_id], running.provider, correction, before)
            seconds = (running.expected_end - running.started_at) * factor
            self._running[step_id] = replace(running, expected_end=running.started_at + seconds)
        if plan:
            self._queue.reorder(plan.order)
            self._active_plan.follow(plan)
            old_end, self._end = self._end, now + plan.makespan_seconds
            self._hooks.on_replanned(
                Replanned(len(plan.order), old_end, self._end, correction.reasons())
            )

    def _remaining_estimates(
        self, correction: Correction, remaining: Sequence[Step], fleet: FleetSnapshot
    ) -> dict[str, Estimate]:
        """Return the estimates of the remaining durations at speed 1, also of running steps."""
        now, speed = self._clock(), {provider.name: provider.speed for provider in fleet.providers}
        before, estimates = self._active_plan.correction, {}
        for step in remaining:
            estimate, longer = estimate_of(step, self._estimates), correction.of(step)
            if running := self._running.get(step.id):
                factor = _ratio(step, running.provider, correction, before)
                seconds = (running.expected_end - running.started_at) * factor
                running = replace(running, expected_end=running.started_at + seconds)
                rest = (running.ends_at(now) - now) * speed.get(running.provider, 1.0)
                estimate = replace(estimate, others=())
                longer = rest / estimate.p50_seconds if estimate.p50_seconds else 1.0
            if self._queue.is_expanded(step.id):
                longer = 0.0
            estimates[step.id] = _scaled(estimate, step.id, longer)
        return estimates


def _shortest(steps: Sequence[Step], estimates: Estimates, fleet: FleetSnapshot) -> float:
    """Return about how many seconds ``steps`` take at least, each on the places of its demand."""
    speeds = {
        demand: fleet.lane_speeds(demand) or (1.0,) for demand in {step.demand for step in steps}
    }
    together = {demand: sum(of_places) for demand, of_places in speeds.items()}
    seconds = [(step.demand, estimates[step.id].p50_seconds) for step in steps]
    shared = sum(each / together[demand] for demand, each in seconds)
    return max([shared, *(each / speeds[demand][0] for demand, each in seconds)])


def _scaled(usual: Estimate, key: str, longer: float) -> Estimate:
    """Return ``usual`` under another key, ``longer`` times as long on every kind of provider."""
    p80, p95 = usual.p80_seconds, usual.p95_seconds
    return replace(
        usual,
        key=key,
        p50_seconds=usual.p50_seconds * longer,
        p90_seconds=usual.p90_seconds * longer,
        p80_seconds=None if p80 is None else p80 * longer,
        p95_seconds=None if p95 is None else p95 * longer,
        others=tuple(_scaled(other, key, longer) for other in usual.others),
    )


def _keyed(step: Step) -> Step:
    """Return ``step`` with an estimate of its own."""
    return replace(step, history_key=step.id, items=())


def _ratio(step: Step, provider: str, after: Correction, before: Correction) -> float:
    """Return the factor by which a duration of ``step`` changes between two corrections."""
    there = after.providers.get(provider, 1.0) / before.providers.get(provider, 1.0)
    return after.of(step) / before.of(step) * there


def _log_deviations(
    factors: Mapping[str, float], other_factors: Mapping[str, float]
) -> dict[str, float]:
    """Return the absolute differences of factors, as logarithms."""
    names = {*factors, *other_factors}
    return {
        name: abs(math.log(factors.get(name, 1.0) / other_factors.get(name, 1.0))) for name in names
    }
