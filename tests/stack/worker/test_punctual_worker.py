"""Tests of the worker: it skips missed runs before it takes any."""

from __future__ import annotations

import asyncio
import logging
import time
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.states import Cancelling, Completed, Pending
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult

from stack.api import ApiError
from stack.worker import punctual_worker
from stack.worker.punctual_worker import LOOK_SECONDS, PunctualWorker

pytestmark = pytest.mark.prefect


class Story:
    """What the worker did, in order, on a clock of its own."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.now = 1000.0
        self.silent = False

    def time(self) -> float:
        """Return the time."""
        return self.now

    def skip(self, pool: str) -> None:
        """Note that missed runs were looked for."""
        if self.silent:
            raise ApiError("does not answer")
        self.did.append(f"skip in {pool}")


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Story:
    """Give a story in which nothing is really skipped or taken."""
    story = Story()

    async def take(_: ProcessWorker) -> list[FlowRun]:
        """Note that runs were asked for."""
        story.did.append("take")
        return []

    monkeypatch.setattr(punctual_worker, "skip_all_missed", story.skip)
    monkeypatch.setattr("stack.worker.punctual_worker.since_boot", story.time)
    monkeypatch.setattr(ProcessWorker, "get_and_submit_flow_runs", take)
    return story


async def test_missed_runs_are_skipped_before_any_is_taken(story: Story) -> None:
    """Broken: after a start, or when the machine wakes up, all missed runs begin first."""
    worker = PunctualWorker(work_pool_name="own")
    await worker.get_and_submit_flow_runs()
    await worker.get_and_submit_flow_runs()
    assert story.did == ["skip in own", "take", "take"]
    story.now += LOOK_SECONDS
    await worker.get_and_submit_flow_runs()
    assert story.did[3:] == ["skip in own", "take"]


async def test_runs_that_a_clock_set_ahead_made_late_are_skipped_as_well(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: every run of the skipped hour begins at once."""
    punctual = PunctualWorker(work_pool_name="own")
    await punctual.get_and_submit_flow_runs()
    ahead = time.time() + 3600
    monkeypatch.setattr("stack.worker.punctual_worker.time.time", lambda: ahead)
    await punctual.get_and_submit_flow_runs()
    await punctual.get_and_submit_flow_runs()
    assert story.did == ["skip in own", "take", "skip in own", "take", "take"]


async def test_nothing_is_taken_while_missed_runs_cannot_be_looked_for(
    story: Story, caplog: pytest.LogCaptureFixture
) -> None:
    """Broken: a server that is slow to start lets everything begin that was missed."""
    worker = PunctualWorker(work_pool_name="own")
    story.silent = True
    worker._logger = logging.getLogger("worker")  # one that is captured
    assert await worker.get_and_submit_flow_runs() == []
    assert story.did == []
    assert "does not answer" in caplog.text
    story.silent = False
    await worker.get_and_submit_flow_runs()
    assert story.did == ["skip in own", "take"]


class Client:
    """Knows one flow run."""

    def __init__(self, state: State) -> None:
        self.state = state

    async def set_flow_run_state(self, _: UUID, state: State, *, force: bool) -> None:
        """Set its state, whatever it was."""
        assert force
        self.state = state

    async def read_flow_run(self, flow_run_id: UUID) -> FlowRun:
        """Return the run as it is now."""
        return FlowRun(id=flow_run_id, flow_id=uuid4(), state=self.state)


@pytest.mark.parametrize(("state", "processes"), [(Completed(), 1), (Pending(), 2)])
async def test_a_run_that_is_given_to_it_twice_has_one_process_at_a_time(
    state: State, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: two processes execute one run side by side, and everything in it happens twice."""
    may_end = asyncio.Event()
    began: list[int] = []
    ended: list[int] = []
    at_once: list[int] = []

    async def start(*_: object) -> ProcessWorkerResult:
        """Stand for a process that lives until it may end; note how many live then."""
        began.append(1)
        at_once.append(len(began) - len(ended))
        await may_end.wait()
        ended.append(1)
        return ProcessWorkerResult(status_code=0, identifier="1")

    monkeypatch.setattr(ProcessWorker, "run", start)
    worker, run = PunctualWorker(work_pool_name="own"), FlowRun(id=uuid4(), flow_id=uuid4())
    worker._client = Client(state)  # type: ignore[assignment] # it is asked for nothing else
    twice = asyncio.gather(*(worker.run(run, ProcessJobConfiguration()) for _ in range(2)))
    await asyncio.sleep(0.1)
    may_end.set()
    assert [each.status_code for each in await twice] == [0, 0]
    assert at_once == [1] * processes


@pytest.mark.parametrize(
    ("state", "exit_code", "settled"),
    [
        (Cancelling(), 1, StateType.CANCELLED),
        (Pending(), 1, StateType.PENDING),
        (Completed(), 0, StateType.COMPLETED),
    ],
)
async def test_a_run_that_is_cancelled_before_it_begins_is_settled_when_its_process_ends(
    state: State, exit_code: int, settled: StateType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: it stays Cancelling until the reconciler finds that it has no process."""

    async def end(*_: object) -> ProcessWorkerResult:
        """Stand for a process that has ended."""
        return ProcessWorkerResult(status_code=exit_code, identifier="1")

    monkeypatch.setattr(ProcessWorker, "run", end)
    worker, run = PunctualWorker(work_pool_name="own"), FlowRun(id=uuid4(), flow_id=uuid4())
    client = Client(state)
    worker._client = client  # type: ignore[assignment] # it is asked for nothing else
    ended = await worker.run(run, ProcessJobConfiguration())
    assert client.state.type is settled
    # Prefect reports whatever else ends with a status.
    assert bool(ended.status_code) == (settled is StateType.PENDING)
