"""What a worker has read of a flow run, handed over to its fork, which need not read it again.

Each request takes the server 7 to 14 ms of a core, and a flow run begins with ten of these. A fork
that is handed nothing asks for all of it, as Prefect's engine does.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, cast
from uuid import UUID

import httpx
from prefect import flow_engine, results
from prefect._flow_run_suspension import observe_flow_run_suspension
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import Flow, FlowRun, State, WorkPool, WorkQueue
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events import related
from prefect.flow_engine import AsyncFlowRunEngine
from prefect.flows import load_flow_from_entrypoint
from prefect.states import Pending
from prefect.types._datetime import now

STORAGE_SECONDS = 5.0
"""How long the default storage of results is not asked for again."""
OBSERVE_SECONDS = 2.0
"""After how long a flow run begins to listen for its suspension by somebody else. It asks for its state
then, so that one of before is noticed too; most flow runs have ended until then."""


@dataclass(frozen=True)
class HandedOver:
    """What the server said of a flow run when its worker submitted it.

    Args:
        flow_run: The flow run, which is Pending.
        deployment: Its deployment.
        flow: Its flow.
        pool: Its work pool.
        storage: The block of the server's default storage of results, if it has one.
    """

    flow_run: FlowRun
    deployment: DeploymentResponse
    flow: Flow
    pool: WorkPool
    storage: UUID | None

    def related(self) -> Mapping[str, object]:
        """Return the objects that events of the run name as related, by their keys in Prefect's cache."""
        objects: dict[str, object] = {
            f"flow.{self.flow.id}": self.flow,
            f"deployment.{self.deployment.id}": self.deployment,
            f"work-pool.{self.pool.name}": self.pool,
        }
        queue, name = self.flow_run.work_queue_id, self.flow_run.work_queue_name
        if queue and name:
            objects[f"work-queue.{queue}"] = WorkQueue(
                id=queue, name=name, work_pool_id=self.pool.id
            )
        return objects


async def what_was_read(
    client: PrefectClient, flow_run: FlowRun, objects: Mapping[str, Any], pool: WorkPool | None
) -> HandedOver | None:
    """Return what a worker has read of a flow run that it submits; None if that is not all.

    Args:
        client: The client of the worker.
        flow_run: The flow run, whose process is about to begin.
        objects: The deployment and the flow, as the worker has them for its events.
        pool: The work pool.
    """
    deployment, flow = objects.get("deployment"), objects.get("flow")
    if not (deployment and flow and pool):
        return None
    try:
        storage = await client.read_server_default_result_storage()
    except httpx.HTTPError:
        return None
    return HandedOver(
        flow_run=flow_run.model_copy(update={"state": Pending()}),
        deployment=deployment,
        flow=flow,
        pool=pool,
        storage=storage.default_result_storage_block_id,
    )


to_hand_over: ContextVar[HandedOver | None] = ContextVar("to_hand_over", default=None)
"""What the fork is handed that this task starts."""


def use(handed: HandedOver) -> None:
    """Let the engine of this process, a fork, take what it is handed instead of asking for it."""
    engine = cast("Any", flow_engine)
    engine.load_flow_run = _instead(engine.load_flow_run, handed.flow_run)
    if _is_imported(handed.deployment):
        engine.load_flow = _imported(engine.load_flow, handed)
    for key, related_object in handed.related().items():
        kind = key.partition(".")[0]
        entry = {"kind": kind, "object": related_object}
        cast("Any", related).RESOURCE_CACHE[key] = (entry, now("UTC"))
    _keep_name(handed.flow_run)
    _take_what_began(handed.flow_run)
    _remember_storage(handed.storage)


def _instead(read: Callable[..., FlowRun], known: FlowRun) -> Callable[..., FlowRun]:
    def read_unless_known(flow_run_id: UUID) -> FlowRun:
        """Return the flow run of this process, or read another one."""
        return known if flow_run_id == known.id else read(flow_run_id)

    return read_unless_known


def _is_imported(deployment: DeploymentResponse) -> bool:
    """Tell whether the flow is that of an installed module, for which nothing is fetched before."""
    return bool(
        deployment.entrypoint and ":" not in deployment.entrypoint and not deployment.pull_steps
    )


def _imported(load: Callable[..., Any], handed: HandedOver) -> Callable[..., Any]:
    def load_by_entrypoint(flow_run: FlowRun) -> Any:
        """Return the flow of a run."""
        if flow_run.deployment_id != handed.deployment.id:
            return load(flow_run)
        return load_flow_from_entrypoint(
            str(handed.deployment.entrypoint), use_placeholder_flow=False
        )

    return load_by_entrypoint


def _keep_name(handed: FlowRun) -> None:
    """Do not name a flow run as it is named already, as the server names it by the same template."""
    client, engine = cast("Any", PrefectClient), cast("Any", AsyncFlowRunEngine)
    set_name, begin_run, before = client.set_flow_run_name, engine.begin_run, handed.name

    async def set_other_name(self: PrefectClient, flow_run_id: UUID, name: str) -> Any:
        """Give a flow run a name."""
        if (flow_run_id, name) == (handed.id, before):
            return None
        return await set_name(self, flow_run_id, name)

    async def begin_without_name(self: AsyncFlowRunEngine[Any, Any]) -> Any:
        """Begin the first flow run of this process, and leave later names alone."""
        engine.begin_run, client.set_flow_run_name = begin_run, set_other_name
        try:
            return await begin_run(self)
        finally:
            client.set_flow_run_name = set_name

    engine.begin_run = begin_without_name


def _take_what_began(handed: FlowRun) -> None:
    """Do not read a flow run that has just begun for the first time: the engine knows what it is."""
    client, engine = cast("Any", PrefectClient), cast("Any", AsyncFlowRunEngine)
    read, set_up = client.read_flow_run, engine.setup_run_context

    async def read_unless_begun(self: PrefectClient, flow_run_id: UUID) -> Any:
        """Read a flow run."""
        client.read_flow_run = read
        if flow_run_id == handed.id and (begun := as_begun(handed)):
            return begun
        return await read(self, flow_run_id)

    @asynccontextmanager
    async def set_up_without_read(*args: Any, **kwargs: Any) -> AsyncIterator[None]:
        """Set the first attempt of the flow run up, which reads the flow run before all else."""
        engine.setup_run_context, client.read_flow_run = set_up, read_unless_begun
        async with set_up(*args, **kwargs):
            yield

    engine.setup_run_context = set_up_without_read


def as_begun(handed: FlowRun) -> FlowRun | None:
    """Return a flow run as the server has it once it is Running; None if that cannot be told."""
    state: State[Any] | None = handed.state
    if state is None or not state.is_running() or handed.run_count:
        return None
    changed = {"run_count": 1, "start_time": state.timestamp, "next_scheduled_start_time": None}
    return handed.model_copy(update=changed)


def _remember_storage(storage: UUID | None) -> None:
    module = cast("Any", results)
    until = time.monotonic() + STORAGE_SECONDS
    read = module._read_server_default_result_storage_block_id  # noqa: SLF001 - there is no setting

    def read_after_a_while() -> UUID | None:
        """Return the block of the default storage."""
        return storage if time.monotonic() < until else cast("UUID | None", read())

    module._read_server_default_result_storage_block_id = read_after_a_while  # noqa: SLF001


def observe_later() -> None:
    """Have flow runs of this process listen for their suspension only after they have run a while."""
    cast("Any", flow_engine).observe_flow_run_suspension = _observe_later


@contextmanager
def _observe_later(flow_run_id: UUID, request: Any, polling_interval: float = 10) -> Iterator[None]:
    ended = Event()

    def observe() -> None:
        if not ended.wait(OBSERVE_SECONDS):
            with observe_flow_run_suspension(flow_run_id, request, polling_interval):
                ended.wait()

    thread = Thread(target=observe, name="suspension", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=3)
