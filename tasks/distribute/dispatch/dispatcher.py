"""The dispatcher of a planned workload: every step starts the moment it is ready and admitted.

A plain asyncio object: admission, execution of a step and its submission as a Prefect task run
are passed in. The first admission of a step comes before it is submitted, so that no task run is
Running while it waits for capacity; a retry is placed and admitted from inside its task run.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial

from tasks.companion import fault_of, to_its_end
from tasks.distribute.dispatch.active_plan import ActivePlan
from tasks.distribute.dispatch.admission import Admission
from tasks.distribute.dispatch.attempts import Attempts, Execute, Submit
from tasks.distribute.dispatch.events import Hooks, WorkloadProgress
from tasks.distribute.dispatch.ready_queue import FormerRun, ReadyQueue
from tasks.distribute.dispatch.replanning import Replanner
from tasks.distribute.dispatch.results import StepFailedError, StepResult, StepState
from tasks.distribute.dispatch.starts import Starts
from tasks.distribute.dispatch.wakeup import Wakeup, first_of
from tasks.errors import StaleFenceError
from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.placement import PlacementRequest
from tasks.workload import Step, StepGraph


class Dispatcher:
    """One run of a workload.

    Args:
        graph: Its steps.
        plan: Their order, and the strategy that placed them.
        estimates: Their estimates.
        fleet: Returns the providers as they are now; called in a thread.
        admission: Grants and queues claims.
        execute: Runs one attempt of a step on a provider.
        submit: Wraps a step; calls back for every attempt.
        workload_id: The owner of its claims.
        fence: The epoch of the workload's lease.
        former: The outcomes and running steps of a run of this workload that died.
        variables: The variables of a `when` or `foreach` beside ``steps``.
        priority: Of its claims; higher is served first.
        hooks: Callbacks for events.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        graph: StepGraph,
        plan: Plan,
        estimates: Estimates,
        fleet: Callable[[], FleetSnapshot],
        admission: Admission,
        *,
        execute: Execute,
        submit: Submit,
        workload_id: str,
        fence: int,
        former: FormerRun | None = None,
        variables: Mapping[str, object] | None = None,
        priority: int = 0,
        hooks: Hooks | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._former = former or FormerRun()
        self._taken_over = len(graph.steps) - len(plan.order)
        self._queue = ReadyQueue(graph, plan.order, self._former, variables or {}, clock)
        self._active_plan = ActivePlan(graph, plan, estimates, self._former)
        self._submit = submit
        self._clock = clock
        self._hooks = hooks or Hooks()
        self._wakeup = Wakeup()
        self._attempts = Attempts(
            admission,
            execute,
            lambda: self._active_plan.corrected(fleet()),
            self._request,
            workload_id=workload_id,
            fence=fence,
            priority=priority,
            clock=clock,
            wakeup=self._wakeup,
            history=self._queue.history,
            hooks=self._hooks,
        )
        self._places = self._attempts.places
        self._starts = Starts(
            self._queue,
            self._active_plan,
            self._attempts,
            adopted=self._former.started,
            request=self._request,
            goes_on=self._goes_on,
            start=self._start,
            end=self._end,
            clock=clock,
        )
        self._replanner = Replanner(
            graph,
            plan,
            self._queue,
            self._active_plan,
            estimates=estimates,
            fleet=fleet,
            running=self._places.running,
            hooks=self._hooks,
            clock=clock,
        )
        self._running: dict[str, asyncio.Task[None]] = {}
        self._cancelled = False
        self._fault: BaseException | None = None

    async def run(self) -> dict[str, StepResult]:
        """Run all steps to their ends and return the result of each, in the graph's order.

        Raises:
            StaleFenceError: another run took the workload over; the steps here were stopped.
            Exception: An error other than a failure of a step, e.g. a ledger that does not answer.
        """
        try:
            while self._goes_on():
                turn = self._wakeup.turn()
                await self._starts.start_ready()
                self._replanner.replan_if_due(self._wakeup.ring)
                self._report()
                if self._goes_on():
                    changed = self._attempts.changed() if self._queue.waiting else None
                    await first_of(turn, changed)
        finally:
            try:
                await self._replanner.stop()
            finally:
                await self._stop()
        if self._fault:
            raise self._fault
        self._report()
        return {step_id: self._result(step_id) for step_id in self._queue.in_order()}

    @property
    def count(self) -> int:
        """The number of steps to run, with those of the lists that are known by now."""
        return len(self._queue.steps) - self._taken_over

    def cancel(self) -> None:
        """Stop the running steps and start no more; ``run`` then returns."""
        self._cancelled = True
        self._wakeup.ring()

    def _goes_on(self) -> bool:
        return not (self._queue.complete or self._cancelled or self._fault)

    def _start(self, step: Step) -> None:
        self._queue.take(step)
        task = asyncio.create_task(self._drive(step), name=step.id)
        task.add_done_callback(self._look_for_fault)
        self._running[step.id] = task

    def _request(self, step: Step) -> PlacementRequest:
        return self._active_plan.request(step, self._queue.history[step.id])

    async def _drive(self, step: Step) -> None:
        detail = ""
        try:
            await self._submit_and_give_back(step)
        except StepFailedError as error:
            detail = error.brief
        except StaleFenceError:
            raise
        except Exception as error:  # noqa: BLE001 - it is the result of this step only
            detail = f"{type(error).__name__}: {error}"
            self._hooks.on_fault(f"Step {step.id}", error)
        finally:
            del self._running[step.id]
        self._end(self._ended(step.id, detail))

    def _look_for_fault(self, task: asyncio.Task[None]) -> None:
        """End the workload where a task raised: its step would never have a result."""
        if error := fault_of(task):
            self._hooks.on_fault(f"The workload ends, for step {task.get_name()}", error)
            self._fault = self._fault or error
            self._wakeup.ring()

    async def _submit_and_give_back(self, step: Step) -> None:
        try:
            await self._submit(step, partial(self._attempts.attempt, step))
        finally:
            # A submit that failed before its first attempt has not used its grant.
            await self._places.give_back(step.id)

    def _ended(self, step_id: str, detail: str) -> StepResult:
        history = self._queue.history[step_id]
        succeeded = history.outcome is not None and history.outcome.succeeded
        if succeeded and history.outcome and step_id not in self._former.started:
            step = self._queue.steps[step_id]
            self._replanner.note(step, history.provider, history.outcome.seconds)
        return StepResult(
            step_id,
            StepState.SUCCEEDED if succeeded else StepState.FAILED,
            detail or ("" if history.outcome else "it was never attempted"),
            history.provider,
            history.outcome,
            history.tries,
        )

    def _end(self, result: StepResult) -> None:
        self._queue.settle(result)
        self._wakeup.ring()

    async def _stop(self) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        try:
            # Each task is checked for a fault when it ends.
            await to_its_end(asyncio.gather(*running, return_exceptions=True))
        finally:
            # A task that was cancelled before its first line has not given its capacity back.
            await self._attempts.give_back_all()

    def _result(self, step_id: str) -> StepResult:
        history = self._queue.history[step_id]
        return self._queue.results.get(step_id) or StepResult(
            step_id,
            StepState.CANCELLED,
            "the workload was cancelled",
            history.provider,
            history.outcome,
            history.tries,
            self._queue.ready_at(step_id),
            group=self._queue.steps[step_id].group,
        )

    def _report(self) -> None:
        queue = self._queue
        self._hooks.on_progress(
            WorkloadProgress(
                len(queue.results), len(queue.steps), len(self._running), queue.waiting
            )
        )
