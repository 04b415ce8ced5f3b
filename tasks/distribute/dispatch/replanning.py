"""Plans again what has not started, when what has ended says that the plan is off."""

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

# Off by so much, as logarithms: a provider, or what is left of all steps on average.
_PROVIDER, _WORK = 0.2, 0.1
# Improving the new plan may take this part of what is left, and so much at most.
_SHARE, _LONGEST_SECONDS = 0.02, 1.0
# Planning again waits for so many times what it took, and for this part of what is left.
_PAUSE, _PART = 20.0, 0.04
# Planning more steps than this would hold up those that run.
_MOST_STEPS = 20_000
_NOT_PLANNED = "What has not started is not planned again"


class Replanner:
    """Looks at what ends in one run of a workload, and changes its ``active_plan`` and ``queue``.

    Args:
        graph: What is run.
        plan: The first plan.
        queue: What has ended and what is ready.
        active_plan: What the dispatcher goes by.
        estimates: What steps are expected to take.
        fleet: Gives the providers as they are now; called in a thread.
        held: What runs, by step.
        hooks: Who is told of each new plan, and of each error for which nothing was planned; then
            the last plan is kept.
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
        held: dict[str, RunningStep],
        hooks: Hooks,
        clock: Callable[[], float],
    ) -> None:
        self._graph, self._queue, self._active_plan, self._estimates = (
            graph,
            queue,
            active_plan,
            estimates,
        )
        self._fleet, self._held, self._clock = fleet, held, clock
        self._hooks = hooks
        self._drift = DurationDrift()
        self._end = clock() + plan.makespan_seconds
        self._next_count, self._not_before = 0, 0.0
        self._working: asyncio.Task[None] | None = None

    def note(self, step: Step, provider: str, seconds: float) -> None:
        """Remember what a step that succeeded has taken."""
        self._drift.note(step, provider, self._active_plan.expected(step, provider), seconds)

    def look(self, ring: Callable[[], None]) -> None:
        """Begin to plan again where that is due, and ``ring`` when it is done."""
        if self._busy or self._drift.count < self._next_count or self._clock() < self._not_before:
            return
        # Ever more has to end before what has ended is worth looking at anew.
        self._next_count = self._drift.count + 1 + self._drift.count // 20
        if self._active_plan.strategy not in STRATEGIES:
            return
        found, left = self._drift.correction(self._overdue()), self._queue.remaining()
        if self._off(found, left):
            self._working = asyncio.create_task(self._replan(found, left, ring))
            self._working.add_done_callback(self._look_for_fault)

    async def stop(self) -> None:
        """Plan no more."""
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
        now, found = self._clock(), []
        for step_id, running in self._held.items():
            step, so_far = self._queue.steps[step_id], now - running.started_at
            if so_far > (expected := self._active_plan.expected(step, running.provider)) > 0:
                found.append(ratio(step, running.provider, expected, so_far))
        return found

    def _off(self, found: Correction, left: Sequence[Step]) -> bool:
        """Tell whether ``found`` is far from what is reckoned with for what is ``left``."""
        waiting = [step for step in left if step.id not in self._held]
        if len(waiting) < 2:  # noqa: PLR2004 - one step has no order
            return False
        now = self._active_plan.correction
        if any(each > _PROVIDER for each in _apart(found.providers, now.providers).values()):
            return True
        work: dict[str, float] = defaultdict(float)
        for step in waiting:
            work[family(step)] += estimate_of(step, self._estimates).p50_seconds
        apart = _apart(found.families, now.families)
        moved = sum(seconds * apart.get(name, 0.0) for name, seconds in work.items())
        return moved > _WORK * sum(work.values())

    async def _replan(
        self, found: Correction, left: Sequence[Step], ring: Callable[[], None]
    ) -> None:
        now = self._clock()
        fleet = found.seen(await asyncio.to_thread(self._fleet))
        made = None
        if len(left) <= _MOST_STEPS:
            graph = replace(self._graph, steps=tuple(_keyed(step) for step in left))
            estimates = self._left(found, left, fleet)
            longest = max((each.p50_seconds for each in estimates.values()), default=0.0)
            total = sum(each.p50_seconds for each in estimates.values())
            lasts = max(longest, total / max(1, len(fleet.providers)))
            budget = min(_LONGEST_SECONDS, _SHARE * lasts)
            try:
                made = await asyncio.to_thread(
                    plan_of,
                    graph,
                    estimates,
                    fleet,
                    self._active_plan.strategy,
                    budget_seconds=budget,
                )
            except SlipwayError as error:  # what was learnt is reckoned with all the same
                self._hooks.on_fault(_NOT_PLANNED, error)
        self._adopt(found, made, now)
        took, left_seconds = self._clock() - now, made.makespan_seconds if made else 0.0
        self._not_before = self._clock() + max(_PAUSE * took, _PART * left_seconds)
        ring()

    def _adopt(self, found: Correction, made: Plan | None, now: float) -> None:
        before = self._active_plan.correction
        self._active_plan.correction = found
        for step_id, running in self._held.items():
            factor = _ratio(self._queue.steps[step_id], running.provider, found, before)
            takes = (running.expected_end - running.started_at) * factor
            self._held[step_id] = replace(running, expected_end=running.started_at + takes)
        if made:
            self._queue.reorder(made.order)
            self._active_plan.follow(made)
            old, self._end = self._end, now + made.makespan_seconds
            self._hooks.on_replanned(Replanned(len(made.order), old, self._end, found.reasons()))

    def _left(
        self, found: Correction, left: Sequence[Step], fleet: FleetSnapshot
    ) -> dict[str, Estimate]:
        """Return what each step still takes at speed 1; what runs, what is left of it."""
        now, speed = self._clock(), {each.name: each.speed for each in fleet.providers}
        before, estimates = self._active_plan.correction, {}
        for step in left:
            usual, longer = estimate_of(step, self._estimates), found.of(step)
            if running := self._held.get(step.id):
                factor = _ratio(step, running.provider, found, before)
                takes = (running.expected_end - running.started_at) * factor
                running = replace(running, expected_end=running.started_at + takes)
                rest = (running.ends_at(now) - now) * speed.get(running.provider, 1.0)
                usual = replace(usual, others=())
                longer = rest / usual.p50_seconds if usual.p50_seconds else 1.0
            if self._queue.became(step.id):
                longer = 0.0
            estimates[step.id] = _scaled(usual, step.id, longer)
        return estimates


def _scaled(usual: Estimate, key: str, longer: float) -> Estimate:
    """Return ``usual`` under another key, that many times as long on every kind of provider."""
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


def _ratio(step: Step, provider: str, found: Correction, before: Correction) -> float:
    """Return by what a duration of ``step`` changes from one correction to the other."""
    there = found.providers.get(provider, 1.0) / before.providers.get(provider, 1.0)
    return found.of(step) / before.of(step) * there


def _apart(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """Return how far factors are apart, as logarithms."""
    names = {*one, *other}
    return {name: abs(math.log(one.get(name, 1.0) / other.get(name, 1.0))) for name in names}
