"""Tests of what a flow run need not ask the server, as its worker has read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Event
from typing import Any, NoReturn, cast
from uuid import UUID, uuid4

import pytest
from prefect import flow_engine, results
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import Flow, FlowRun, WorkPool
from prefect.client.schemas.responses import DeploymentResponse
from prefect.context import FlowRunContext
from prefect.events import related
from prefect.events.related import related_resources_from_run_context
from prefect.flow_engine import AsyncFlowRunEngine
from prefect.states import Pending, Running

from stack.worker import handed_over
from stack.worker.handed_over import HandedOver, as_begun, observe_later, use

pytestmark = pytest.mark.prefect
STORAGE = uuid4()
ENTRYPOINT = "flows.status.status_flow"


class Refusing:
    """Stands in for a client that nothing may be asked of."""

    def __getattr__(self, name: str) -> Any:
        async def refuse(*_: object) -> NoReturn:
            raise AssertionError(f"{name} was asked of the server")

        return refuse


CLIENT = cast("PrefectClient", Refusing())


def handed(entrypoint: str = ENTRYPOINT, **of_deployment: Any) -> HandedOver:
    """Return what a worker hands over."""
    flow = Flow(id=uuid4(), name="status", labels={})
    pool = WorkPool(name="slipway", type="slipway", default_queue_id=uuid4())
    deployment = DeploymentResponse(
        id=uuid4(), name="status", flow_id=flow.id, entrypoint=entrypoint, **of_deployment
    )
    run = FlowRun(
        id=uuid4(),
        flow_id=flow.id,
        deployment_id=deployment.id,
        name="status of all",
        state=Pending(),
        work_pool_name="slipway",
        work_queue_id=uuid4(),
        work_queue_name="default",
    )
    return HandedOver(run, deployment, flow, pool, STORAGE)


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what is replaced in Prefect."""
    for owner, name in (
        (flow_engine, "load_flow_run"),
        (flow_engine, "load_flow"),
        (flow_engine, "observe_flow_run_suspension"),
        (results, "_read_server_default_result_storage_block_id"),
        (PrefectClient, "set_flow_run_name"),
        (PrefectClient, "read_flow_run"),
        (AsyncFlowRunEngine, "begin_run"),
        (AsyncFlowRunEngine, "setup_run_context"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    monkeypatch.setattr(related, "RESOURCE_CACHE", {})


def refuse(*_: object, **__: object) -> NoReturn:
    """Stand in for a request."""
    raise AssertionError("the server was asked")


def test_neither_the_run_nor_its_flow_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a run begins with two requests more."""
    given = handed()
    monkeypatch.setattr(flow_engine, "load_flow_from_flow_run", refuse)
    monkeypatch.setattr(flow_engine, "get_client", refuse)
    use(given)
    assert flow_engine.load_flow_run(given.flow_run.id) is given.flow_run
    assert flow_engine.load_flow(given.flow_run).name == "status"
    with pytest.raises(AssertionError, match="asked"):
        flow_engine.load_flow_run(uuid4())


@pytest.mark.parametrize(
    "fetched", [handed("flow.py:main"), handed(pull_steps=[{"prefect.deployments.steps.x": {}}])]
)
def test_a_flow_that_is_fetched_first_is_loaded_by_prefect(
    fetched: HandedOver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a user's flow is not found, as what brings it here did not happen."""
    loads = object()
    monkeypatch.setattr(flow_engine, "load_flow", loads)
    use(fetched)
    assert vars(flow_engine)["load_flow"] is loads


async def test_events_name_the_same_resources_without_a_request() -> None:
    """Broken: a run asks for four of them again, or the UI misses its events."""
    given = handed(tags=["nightly"])
    use(given)
    with cast("Any", FlowRunContext).model_construct(flow_run=given.flow_run):
        named = await related_resources_from_run_context(CLIENT)
    run, queue = given.flow_run, given.flow_run.work_queue_id
    assert {(each["prefect.resource.id"], each.get("prefect.resource.name")) for each in named} == {
        (f"prefect.flow-run.{run.id}", run.name),
        (f"prefect.flow.{given.flow.id}", "status"),
        (f"prefect.deployment.{given.deployment.id}", "status"),
        (f"prefect.work-queue.{queue}", "default"),
        (f"prefect.work-pool.{given.pool.id}", "slipway"),
        ("prefect.tag.nightly", None),
    }


async def test_a_run_is_not_named_as_it_is_named_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: it writes its name once more, or a flow can no longer name its run."""
    given, names = handed(), list[str]()
    client = PrefectClient("http://127.0.0.1:9/api")

    async def note(_: object, __: UUID, name: str) -> None:
        names.append(name)

    async def begin(_: object) -> None:
        for name in ("status of all", "another"):
            await client.set_flow_run_name(given.flow_run.id, name)

    monkeypatch.setattr(PrefectClient, "set_flow_run_name", note)
    monkeypatch.setattr(AsyncFlowRunEngine, "begin_run", begin)
    use(given)
    await client.set_flow_run_name(given.flow_run.id, "status of all")
    engine = cast("Any", AsyncFlowRunEngine)
    await engine.begin_run(None)
    assert names == ["status of all", "another"]
    await engine.begin_run(None)
    assert names == ["status of all", "another", "status of all", "another"]


async def test_a_run_is_not_read_again_when_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: each run reads what it has just written, or a flow reads what is outdated."""
    given, reads, got = handed(), list[UUID](), list[Any]()
    client = PrefectClient("http://127.0.0.1:9/api")

    async def note(_: object, flow_run_id: UUID) -> None:
        reads.append(flow_run_id)

    @asynccontextmanager
    async def set_up(_: object) -> AsyncIterator[None]:
        got.append(await client.read_flow_run(given.flow_run.id))
        yield

    monkeypatch.setattr(PrefectClient, "read_flow_run", note)
    monkeypatch.setattr(AsyncFlowRunEngine, "setup_run_context", set_up)
    use(given)
    given.flow_run.state = Running()
    await client.read_flow_run(given.flow_run.id)
    assert len(reads) == 1  # whoever else reads, as what listens for a suspension does
    engine = cast("Any", AsyncFlowRunEngine)
    async with engine.setup_run_context(None):
        await client.read_flow_run(given.flow_run.id)
    assert len(reads) == 2
    assert (got[0].run_count, got[0].start_time) == (1, given.flow_run.state.timestamp)
    async with engine.setup_run_context(None):
        assert len(reads) == 3


@pytest.mark.parametrize(
    ("state", "count"),
    [(Pending(), 0), (None, 0), (Running(), 1)],
    ids=["pending", "none", "again"],
)
def test_what_cannot_be_told_is_read(state: Any, count: int) -> None:
    """Broken: a run that goes on after a suspension counts its attempts wrong."""
    assert as_begun(FlowRun(flow_id=uuid4(), state=state, run_count=count)) is None


def test_the_default_storage_is_asked_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: a run asks twice before its first line, or a long one never again."""
    name = "_read_server_default_result_storage_block_id"
    monkeypatch.setattr(results, name, lambda: None)
    use(handed())
    assert getattr(results, name)() == STORAGE
    monkeypatch.setattr(results, name, lambda: None)
    monkeypatch.setattr(handed_over, "STORAGE_SECONDS", 0.0)
    use(handed())
    assert getattr(results, name)() is None


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_a_run_listens_for_its_suspension_after_a_while(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: each short run connects to the events, or a long one cannot be suspended."""
    listens, ended = Event(), Event()

    @contextmanager
    def observe(*_: object) -> Iterator[None]:
        listens.set()
        yield
        ended.set()

    monkeypatch.setattr(handed_over, "observe_flow_run_suspension", observe)
    monkeypatch.setattr(handed_over, "OBSERVE_SECONDS", seconds)
    observe_later()
    with vars(flow_engine)["observe_flow_run_suspension"](uuid4(), None):
        assert listens.wait(0 if seconds else 30) is not bool(seconds)
    assert ended.is_set() is not bool(seconds)


def test_the_engine_still_asks_as_it_did() -> None:
    """Broken: a release of Prefect asks in other ways, and what is replaced has no effect."""
    engine = set(AsyncFlowRunEngine.setup_run_context.__wrapped__.__code__.co_names)  # type: ignore[attr-defined] # a context manager's function
    assert "read_flow_run" in engine
    assert "set_flow_run_name" in AsyncFlowRunEngine.begin_run.__code__.co_names
    observes = AsyncFlowRunEngine.setup_flow_run_suspension_request.__wrapped__  # type: ignore[attr-defined] # likewise
    assert "observe_flow_run_suspension" in observes.__code__.co_names
    default = results._get_default_result_storage.__code__.co_names
    assert "_read_server_default_result_storage_block_id" in default
