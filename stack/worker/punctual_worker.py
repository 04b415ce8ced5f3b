"""Prefect's process worker, which starts what is due at once and nothing twice."""

from __future__ import annotations

import asyncio
import os
import time
import warnings
from datetime import UTC, datetime, timedelta
from operator import sub
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

import httpx
from anyio.abc import TaskStatus
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterNextScheduledStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
    WorkPoolFilter,
    WorkPoolFilterName,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.states import Cancelled, Crashed, Failed
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from blocks.boot_clock import since_boot
from flows.configuration.parameter_errors import unfit
from stack.api import ApiError
from stack.registration.work_pool import CRITICAL, FORMER_POOL_TYPE, POOL_TYPE
from stack.worker.exit_message import PREFECTS, exit_message
from stack.worker.handed_over import what_was_read
from stack.worker.missed_runs import skip_all_missed
from stack.worker.missing_parameters import incompleteness
from stack.worker.recent_reads import RecentReads, due_since, due_time
from stack.worker.shared_context import SharedContext
from stack.worker.starts import Starts, most_at_once
from stack.worker.wake import Wake

LOOK_SECONDS = 20.0
"""How often it looks for missed runs. After a longer pause (a start, a machine that slept) it looks
before it picks up any run."""

POLL_SECONDS = 10.0
"""How often it polls its queues although nothing is due: Prefect calls them, and deployments, 'not
ready' if nobody has for a minute. A poll writes to the database, and costs six times what a count
does."""

GAP_SECONDS = 0.25
"""How long it does not poll again, as a poll finds whatever has become due before it: one takes the
server 40 ms of a core, which it needs for the runs where many become due at once."""

with warnings.catch_warnings():
    # It replaces the stock worker on purpose.
    warnings.simplefilter("ignore")

    class PunctualWorker(ProcessWorker):
        """The stock worker, except that it makes up for the missed runs of a schedule only once.

        It looks when it is woken, polls its queues when a run is due, and otherwise only every ten
        seconds.
        A scheduled run that lacks a parameter, or has one that does not fit, fails with a message.
        A run that it gets again while its process lives gets no second process.
        """

        type = POOL_TYPE
        _display_name = "Slipway"
        _description = (
            "Executes the flow runs of Slipway on its machine, each as a fork of one process."
        )
        wake: Wake | None = None
        """What it waits for before it looks; none for a worker that looks when it is called."""
        _due_by_event = False
        _looked_at: tuple[float, float] | None = None
        _polled_at = float("-inf")

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._shared: SharedContext | None = None
            self.starts = Starts(most_at_once())
            self._queue_names: dict[UUID, str] = {}
            self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

        async def setup(self) -> None:
            """Prepare what all flow runs share; it ends after them."""
            self._shared = await self._exit_stack.enter_async_context(SharedContext())
            await super().setup()
            RecentReads().share(self.client)

        async def get_and_submit_flow_runs(self) -> list[FlowRun]:
            """Skip all but the newest missed run of each schedule, then take what is due."""
            if self.wake:
                self._due_by_event = await self.wake.wait()
                await asyncio.sleep(self._polled_at + GAP_SECONDS - since_boot())
            # A clock that is set ahead makes runs late, just as a pause does.
            now = (since_boot(), time.time())
            paused = map(sub, now, self._looked_at) if self._looked_at else [LOOK_SECONDS]
            if max(paused) >= LOOK_SECONDS:
                try:
                    await asyncio.to_thread(skip_all_missed, self._work_pool_name)
                except ApiError as error:
                    # No run is taken before that; the next look tries again.
                    self._logger.warning("Could not look for missed runs: %s", error)
                    return []
                self._looked_at = now
            return await super().get_and_submit_flow_runs()

        async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
            """Poll the queues, unless neither an event nor a count says that a run is due."""
            now = since_boot()
            due, self._due_by_event = self._due_by_event, False
            rests = now - self._polled_at < POLL_SECONDS
            if rests and not due and not await self._count_due():
                return []
            self._polled_at = now
            responses = await super()._get_scheduled_flow_runs()
            for response in responses:
                await self._name(response)
            return responses

        async def _name(self, response: WorkerFlowRunResponse) -> None:
            """Add the names of its pool and queue to a run: a poll, unlike a read, leaves them out."""
            queue = response.work_queue_id
            if queue not in self._queue_names:
                queues = await self.client.read_work_queues(self._work_pool_name)
                self._queue_names = {each.id: each.name for each in queues}
            run = response.flow_run
            run.work_queue_name = self._queue_names.get(queue)
            run.work_pool_id, run.work_pool_name = response.work_pool_id, self._work_pool_name

        async def _count_due(self) -> int:
            """Count the runs of the pool that a poll could return anew, of paused queues as well."""
            horizon = datetime.now(UTC) + timedelta(seconds=int(self._prefetch_seconds))
            scheduled = FlowRunFilterStateType(any_=[StateType.SCHEDULED])
            return await self.client.count_flow_runs(
                flow_run_filter=FlowRunFilter(
                    id=FlowRunFilterId(not_any_=list(self._submitting_flow_run_ids)),
                    state=FlowRunFilterState(type=scheduled),
                    next_scheduled_start_time=FlowRunFilterNextScheduledStartTime(before_=horizon),
                ),
                work_pool_filter=WorkPoolFilter(
                    name=WorkPoolFilterName(any_=[self._work_pool_name])
                ),
            )

        async def run(
            self,
            flow_run: FlowRun,
            configuration: ProcessJobConfiguration,
            task_status: TaskStatus[int] | None = None,
        ) -> ProcessWorkerResult:
            """Execute a flow run in a process, unless it cannot begin or has already had one."""
            turn = self._turns.setdefault(flow_run.id, asyncio.Lock())
            has_a_process = turn.locked()
            async with turn:
                if has_a_process and not await self._is_due(flow_run):
                    return _left_alone(task_status, "has had a process")
                return await self._run(flow_run, configuration, task_status)

        async def _is_due(self, flow_run: FlowRun) -> bool:
            state = (await self.client.read_flow_run(flow_run.id)).state
            return state is not None and state.is_pending()

        async def _run(
            self,
            flow_run: FlowRun,
            configuration: ProcessJobConfiguration,
            task_status: TaskStatus[int] | None,
        ) -> ProcessWorkerResult:
            if complaint := await self._complaint(flow_run):
                await self.client.set_flow_run_state(flow_run.id, Failed(message=complaint))
                return _left_alone(task_status, "refused")
            own = configuration.command and configuration.working_dir
            if self._shared and own:
                objects = configuration._related_objects  # noqa: SLF001 - it keeps them for its events
                handed = await what_was_read(self.client, flow_run, objects, self._work_pool)
                ended = await self._shared.execute(flow_run, configuration, task_status, handed)
            else:
                ended = await super().run(flow_run, configuration, task_status)
            if ended.status_code and await self._settle(flow_run, ended.status_code):
                # Prefect would report it again, and guess why.
                return ProcessWorkerResult(status_code=0, identifier=ended.identifier)
            return ended

        async def _submit_run(self, flow_run: FlowRun) -> None:
            """Start a flow run when it is its turn, and keep the turn until its first line."""
            urgent = flow_run.work_queue_name == CRITICAL
            async with self.starts.turn(flow_run.id, urgent=urgent):
                due_since.set(due_time(flow_run))  # of this task alone
                await super()._submit_run(flow_run)
                due = flow_run.next_scheduled_start_time or datetime.now(UTC)
                if self.wake and self.wake.listens and due <= datetime.now(UTC):
                    await self.starts.first_line(flow_run.id)

        async def _propose_submitting_state(self, flow_run: FlowRun) -> None:
            """Leave the run Pending: its process follows at once, and sets the next state."""

        async def _give_worker_labels_to_flow_run(self, flow_run_id: UUID) -> None:
            """Label the run with its worker while its process begins."""
            if self._runs_task_group:
                self._runs_task_group.start_soon(self._label, flow_run_id)

        async def _label(self, flow_run_id: UUID) -> None:
            try:
                await super()._give_worker_labels_to_flow_run(flow_run_id)
            except httpx.HTTPError as error:
                self._logger.warning("Could not label flow run %s: %s", flow_run_id, error)

        async def _settle(self, flow_run: FlowRun, status: int) -> bool:
            """Settle a run whose process has ended with ``status``, and that did not say how.

            Return whether it is in a final state.
            """
            state = (await self.client.read_flow_run(flow_run.id)).state
            end: State[Any] | None = None
            if state and state.is_cancelling():
                end = Cancelled(message="It was cancelled, and its process has ended.")
            elif state and (state.message or "").startswith(PREFECTS):
                operation = (await self.client.read_flow(flow_run.flow_id)).name
                end = Crashed(message=exit_message(status, operation))
            if end:
                await self.client.set_flow_run_state(flow_run.id, end, force=True)
            return bool(end or (state and state.is_final()))

        async def _complaint(self, flow_run: FlowRun) -> str:
            """Return why a flow run cannot begin; the API checks those not of a schedule."""
            if not flow_run.auto_scheduled or flow_run.deployment_id is None:
                return ""
            deployment = await self.client.read_deployment(flow_run.deployment_id)
            schema = deployment.parameter_openapi_schema or {}
            return incompleteness(schema, flow_run.parameters) or unfit(schema, flow_run.parameters)

    class FormerPoolWorker(PunctualWorker):
        """The worker of a pool that an earlier version made."""

        type = FORMER_POOL_TYPE


def worker_of(pool_type: str) -> type[PunctualWorker]:
    """Return the worker that serves a pool of this type without a warning of Prefect's."""
    return FormerPoolWorker if pool_type == FORMER_POOL_TYPE else PunctualWorker


def _left_alone(task_status: TaskStatus[int] | None, why: str) -> ProcessWorkerResult:
    if task_status:
        task_status.started(os.getpid())
    return ProcessWorkerResult(status_code=0, identifier=why)
