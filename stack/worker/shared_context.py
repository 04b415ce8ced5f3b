"""What all flow runs of a worker share: a client, and one connection that hears of cancellations.

Prefect makes both anew for each flow run, which takes a tenth of a second, and seconds where twenty
begin at once.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self
from uuid import UUID

import httpx
from anyio import create_task_group
from anyio.abc import TaskStatus
from prefect._internal.observers import FlowRunCancellingObserver
from prefect.client.schemas.objects import FlowRun, State
from prefect.flows import load_flow_from_flow_run
from prefect.runner._flow_run_executor import FlowRunExecutionResult, FlowRunExecutorContext
from prefect.runner._process_manager import ProcessHandle
from prefect.runner._starter_engine import EngineCommandStarter
from prefect.runner._state_proposer import StateProposer
from prefect.workers.process import ProcessJobConfiguration, ProcessWorkerResult

from stack.log import say
from stack.worker.exit_message import exit_message, exit_status
from stack.worker.handed_over import HandedOver, to_hand_over

AGAIN_SECONDS = 5.0
"""How long it waits before it listens for cancellations again where it could not."""


class PlainProposer(StateProposer):
    """Says once how the process of a flow run has ended, what it leaves, and what to do."""

    async def propose_crashed(self, flow_run: FlowRun, message: str) -> State[Any] | None:
        """Propose Crashed, with our message in place of Prefect's, which guesses."""
        if (status := exit_status(message)) is not None:
            message = exit_message(status, await self._operation(flow_run))
        return await super().propose_crashed(flow_run, message)

    async def _operation(self, flow_run: FlowRun) -> str:
        """Return the name of its flow; empty if the server does not say."""
        try:
            return (await self._client.read_flow(flow_run.flow_id)).name
        except httpx.HTTPError as error:
            say(f"the flow of {flow_run.id}, which has crashed, is not known: {error}")
            return ""


class SharedContext(FlowRunExecutorContext):
    """Executes the flow runs of a worker, and cancels those that are to be cancelled."""

    async def __aenter__(self) -> Self:
        """Connect, and listen for cancellations."""
        await super().__aenter__()
        self._state_proposer = PlainProposer(client=self.client)
        self._under_way: dict[UUID, asyncio.Event] = {}
        self._cancel = self._cancellation_manager.cancel_by_id
        self._cancellation_manager.cancel_by_id = self._cancel_alone  # type: ignore[method-assign]
        return self

    async def execute(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: TaskStatus[int] | None,
        handed: HandedOver | None = None,
    ) -> ProcessWorkerResult:
        """Execute a flow run by the command of its pool, and wait for its end, as Prefect does.

        A process that is forked is handed over what was read.

        Raises:
            RuntimeError: No process was started.
        """
        starter = EngineCommandStarter(
            command=configuration.command,
            cwd=configuration.working_dir,
            env=configuration.env,
            stream_output=configuration.stream_output,
            control_channel=self.control_channel,
        )
        executor = self.create_executor(
            flow_run, starter, resolve_flow=load_flow_from_flow_run, propose_submitting=False
        )
        results: list[FlowRunExecutionResult | None] = []
        to_hand_over.set(handed)  # of this task alone

        async def submit(*, task_status: TaskStatus[ProcessHandle]) -> None:
            """Run the process, and keep how it ended."""
            results.append(await executor.submit(task_status=task_status))

        async with create_task_group() as group:
            handle = await group.start(submit)
            if task_status and handle.pid:
                task_status.started(handle.pid)
        await self._cancellation(flow_run.id)
        result = results[0]
        if result is None or result.status_code is None:
            raise RuntimeError("Failed to start flow run process.")
        return ProcessWorkerResult(
            status_code=result.status_code, identifier=str(result.handle.pid)
        )

    async def _cancel_alone(self, flow_run_id: UUID) -> None:
        """Cancel a flow run; an error ends neither the others nor their worker."""
        done = self._under_way[flow_run_id] = asyncio.Event()
        try:
            await self._cancel(flow_run_id)
        except Exception as error:  # noqa: BLE001 - whatever it is
            say(f"flow run {flow_run_id} could not be cancelled: {error}")
        finally:
            del self._under_way[flow_run_id]
            done.set()

    async def _cancellation(self, flow_run_id: UUID) -> None:
        """Wait for the cancellation that has ended a flow run, if one has."""
        if done := self._under_way.get(flow_run_id):
            await done.wait()

    def _handle_cancellation_observer_failure(self, flow_run_ids: set[UUID]) -> None:
        """Listen again; Prefect would not, as its context lasts only as long as one flow run."""
        say("cancellations were not heard of, as the server was away; they are listened for again")
        self._cancellation_task_group.start_soon(self._listen_again, flow_run_ids)

    async def _listen_again(self, flow_run_ids: set[UUID]) -> None:
        await asyncio.sleep(AGAIN_SECONDS)
        former = self._observer
        self._observer = FlowRunCancellingObserver(
            on_cancelling=former.on_cancelling, on_failure=former.on_failure
        )
        begun_since = former._in_flight_flow_run_ids  # noqa: SLF001 - it alone heard of them
        for flow_run_id in flow_run_ids | begun_since:
            if self.process_manager.get(flow_run_id):
                self._observer.add_in_flight_flow_run_id(flow_run_id)
        await former.__aexit__(None, None, None)
        await self._stack.enter_async_context(self._observer)
