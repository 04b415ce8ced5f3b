"""Tests of what the flow runs of a worker share."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

import httpx
import pytest
from anyio import create_task_group, open_process
from prefect._internal.observers import FlowRunCancellingObserver
from prefect.client.schemas.objects import Flow, FlowRun
from prefect.runner._cancellation_manager import CancellationManager
from prefect.runner._flow_run_executor import FlowRunExecutorContext
from prefect.runner._process_manager import ProcessHandle, ProcessManager
from prefect.runner._state_proposer import StateProposer
from prefect.workers.process import ProcessWorker

from stack.worker import shared_context
from stack.worker.exit_message import exit_message
from stack.worker.punctual_worker import PunctualWorker
from stack.worker.shared_context import PlainProposer, SharedContext

pytestmark = pytest.mark.prefect
RUN = uuid4()


def shared(cancel: object) -> SharedContext:
    """Return a context that is not connected, and cancels by ``cancel``."""
    context = SharedContext()
    context._under_way = {}
    context._cancel = cancel  # type: ignore[assignment] # all it is asked for
    return context


async def test_the_end_of_a_cancelled_run_is_awaited() -> None:
    """Broken: a run is settled while its hooks for a cancellation still run."""
    may_end = asyncio.Event()

    async def cancel(_: UUID) -> None:
        """Take as long as a hook."""
        await may_end.wait()

    context = shared(cancel)
    cancelling = asyncio.ensure_future(context._cancel_alone(RUN))
    await asyncio.sleep(0)
    waiting = asyncio.ensure_future(context._cancellation(RUN))
    await context._cancellation(uuid4())  # no other run waits for it
    assert not waiting.done()
    may_end.set()
    await asyncio.gather(cancelling, waiting)
    assert context._under_way == {}


async def test_a_cancellation_that_fails_ends_nothing_else(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Broken: one failed cancellation ends the worker and all its flow runs."""

    async def cancel(_: UUID) -> None:
        """Fail."""
        raise RuntimeError("no such process")

    await shared(cancel)._cancel_alone(RUN)
    assert f"{RUN} could not be cancelled: no such process" in capfd.readouterr().out


def ignore(flow_run_id: UUID) -> None:
    """Cancel nothing."""


def ignore_all(flow_run_ids: set[UUID]) -> None:
    """Do nothing about an outage."""


async def test_cancellations_are_listened_for_again(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Broken: after an outage of the server no run of this worker can be cancelled any more."""
    listening: list[FlowRunCancellingObserver] = []

    async def enter(observer: FlowRunCancellingObserver) -> FlowRunCancellingObserver:
        """Listen to no server."""
        listening.append(observer)
        return observer

    async def leave(observer: FlowRunCancellingObserver, *_: object) -> None:
        """Listen no more."""
        listening.remove(observer)

    monkeypatch.setattr(FlowRunCancellingObserver, "__aenter__", enter)
    monkeypatch.setattr(FlowRunCancellingObserver, "__aexit__", leave)
    monkeypatch.setattr(shared_context, "AGAIN_SECONDS", 0.0)
    context, ended, begun_since = SharedContext(), uuid4(), uuid4()
    context.process_manager = ProcessManager()
    async with await open_process(["true"]) as process:
        for flow_run_id in (RUN, begun_since):
            await context.process_manager.add(flow_run_id, ProcessHandle(process))
    former = FlowRunCancellingObserver(ignore, on_failure=ignore_all)
    async with AsyncExitStack() as stack, create_task_group() as group:
        context._stack, context._observer = stack, await enter(former)
        context._cancellation_task_group = group
        context._handle_cancellation_observer_failure({RUN, ended})
        former.add_in_flight_flow_run_id(begun_since)
        while listening in ([former], []):  # noqa: ASYNC110 - it is over at the next turns
            await asyncio.sleep(0)
        (again,) = listening
        assert again is context._observer
        assert again._in_flight_flow_run_ids == {RUN, begun_since}
        assert (again.on_cancelling, again.on_failure) == (ignore, ignore_all)
    assert listening == []
    assert "listened for again" in capfd.readouterr().out


class Server:
    """Knows the flow of a run, or does not answer."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers

    async def read_flow(self, _: UUID) -> Flow:
        """Return a flow."""
        if not self.answers:
            raise httpx.ConnectError("away")
        return Flow(name="run", labels={})


PREFECTS = "Process exited with status code: -9. Typically caused by exceeding memory limits"


@pytest.mark.parametrize(
    ("answers", "message", "told"),
    [
        (True, PREFECTS, exit_message(-9, "run")),
        (False, PREFECTS, exit_message(-9, "")),
        (True, "Flow run could not start: no room", "Flow run could not start: no room"),
    ],
)
async def test_the_only_message_of_a_kill_is_ours(
    answers: bool, message: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: one kill makes two Crashed states, or none while the server is away."""
    proposed: list[str] = []

    async def propose(_: StateProposer, _run: FlowRun, message: str) -> None:
        """Note what is proposed."""
        proposed.append(message)

    monkeypatch.setattr(StateProposer, "propose_crashed", propose)
    proposer = PlainProposer(client=Server(answers=answers))  # type: ignore[arg-type] # all of it
    await proposer.propose_crashed(FlowRun(id=RUN, flow_id=uuid4()), message)
    assert proposed == [told]


def test_prefect_still_has_what_is_replaced() -> None:
    """Broken: a new version of Prefect goes its own way, and nobody notices."""
    replaced = {
        ProcessWorker: (
            "_submit_run",
            "_propose_submitting_state",
            "_give_worker_labels_to_flow_run",
            "_get_scheduled_flow_runs",
        ),
        FlowRunExecutorContext: ("_handle_cancellation_observer_failure", "create_executor"),
        CancellationManager: ("cancel_by_id",),
        StateProposer: ("propose_crashed",),
    }
    for kind, names in replaced.items():
        assert [name for name in names if not hasattr(kind, name)] == []
    assert issubclass(PunctualWorker, ProcessWorker)
