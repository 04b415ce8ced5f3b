"""Prefect's process worker, started once its server answers and its work pool exists.

`prefect worker start` does the same after a second interpreter and a round of questions; here
Prefect is imported while the server is still starting.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
import warnings
from operator import sub
from pathlib import Path
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary

from anyio.abc import TaskStatus
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from blocks.boot_clock import since_boot
from stack.api import ApiError, SlipwayApi
from stack.heartbeat import beat
from stack.log import say
from stack.readiness import work_pool_exists, worker_name
from stack.registration.parameter_errors import unfit
from stack.supervision import Supervision, keep_supervised
from stack.worker.missed_runs import skip_missed
from stack.worker.missing_parameters import incompleteness
from stack.worker.patient_clients import wait_for_server
from tasks.home import Home
from tasks.settings import settings

LOOK_SECONDS = 20.0
"""How often it looks for missed runs; a longer pause (a start, a machine that slept) is one look
behind, so that nothing is picked up before it."""

BEAT_SECONDS = 1.0
SUPERVISION_SECONDS = 30.0
"""How often it looks whether the supervisor lives, which the reconciler does more often."""

with warnings.catch_warnings():
    # That it takes the place of the stock worker is what is meant.
    warnings.simplefilter("ignore")

    class PunctualWorker(ProcessWorker):
        """The stock worker, which makes up for the missed runs of a schedule only once.

        A scheduled run that lacks a parameter, or has one that does not fit, fails with a sentence.
        A run that is given to it once more while its process lives gets no second one.
        """

        type = "process"
        _looked_at: tuple[float, float] | None = None

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

        async def get_and_submit_flow_runs(self) -> list[FlowRun]:
            """Skip what was missed more than once, then take what is due."""
            # A clock that is set ahead makes runs late as a pause does.
            now = (since_boot(), time.time())
            paused = map(sub, now, self._looked_at) if self._looked_at else [LOOK_SECONDS]
            if max(paused) >= LOOK_SECONDS:
                try:
                    await asyncio.to_thread(skip_all_missed, self._work_pool_name)
                except ApiError as error:
                    # Nothing is taken before: the next look is the next attempt.
                    self._logger.warning("Missed runs could not be looked for: %s", error)
                    return []
                self._looked_at = now
            return await super().get_and_submit_flow_runs()

        async def run(
            self,
            flow_run: FlowRun,
            configuration: ProcessJobConfiguration,
            task_status: TaskStatus[int] | None = None,
        ) -> ProcessWorkerResult:
            """Run it in a process, unless it cannot begin or has had one by now."""
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
            return await super().run(flow_run, configuration, task_status)

        async def _complaint(self, flow_run: FlowRun) -> str:
            """Return why it cannot begin; the API has looked at what no schedule has started."""
            if not flow_run.auto_scheduled or flow_run.deployment_id is None:
                return ""
            deployment = await self.client.read_deployment(flow_run.deployment_id)
            schema = deployment.parameter_openapi_schema or {}
            return incompleteness(schema, flow_run.parameters) or unfit(schema, flow_run.parameters)


def _left_alone(task_status: TaskStatus[int] | None, why: str) -> ProcessWorkerResult:
    if task_status:
        task_status.started(os.getpid())
    return ProcessWorkerResult(status_code=0, identifier=why)


def skip_all_missed(pool: str) -> None:
    """Skip the missed runs of ``pool`` that a newer one makes up for, and say so."""
    with SlipwayApi.of(patience_seconds=5) as api:
        for sentence in skip_missed(api, pool, time.time()):
            say(sentence)


async def keep_beating(home: Home) -> None:
    """Leave a sign of life again and again: where none comes, the supervisor replaces this one."""
    while True:
        beat(home.worker_heartbeat_file)
        await asyncio.sleep(BEAT_SECONDS)


async def serve(pool: str) -> None:
    """Run the worker of ``pool`` until it is told to stop; its flow runs are ended with it.

    Raises:
        RuntimeError: It ended by itself.
    """
    worker = PunctualWorker(
        work_pool_name=pool,
        name=worker_name(),
        create_pool_if_not_found=False,
    )
    task = asyncio.ensure_future(worker.start(printer=print))
    home = Home(settings().root)
    supervision = Supervision(home, Path.cwd(), os.environ, SUPERVISION_SECONDS)
    watch = asyncio.ensure_future(keep_supervised(supervision, SUPERVISION_SECONDS))
    beating = asyncio.ensure_future(keep_beating(home))
    told = asyncio.Event()

    def stop() -> None:
        """End the worker because somebody says so."""
        told.set()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not told.is_set():
            raise
    finally:
        watch.cancel()
        beating.cancel()
    if not told.is_set():
        raise RuntimeError("the worker ended by itself, without saying why")


def main() -> None:
    """Wait for the work pool, then serve it."""
    wait_for_server()
    home = Home(settings().root)
    with SlipwayApi.of(patience_seconds=0) as api:
        while not work_pool_exists(api, settings().work_pool):
            beat(home.worker_heartbeat_file)
            time.sleep(0.2)
    asyncio.run(serve(settings().work_pool))


if __name__ == "__main__":
    main()
