"""Tests of when the worker polls, on a real server: whenever a run is due, and rarely otherwise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.workers.process import ProcessWorker

from blocks.boot_clock import since_boot
from stack.api import Json, SlipwayApi
from stack.readiness import work_pool_type
from stack.worker.punctual_worker import POLL_SECONDS, PunctualWorker, worker_of
from stack.worker.wake import Wake

pytestmark = pytest.mark.prefect

POOL = "polled"
NOW = timedelta()
SOON = timedelta(seconds=5)
LATER = timedelta(hours=1)


@pytest.fixture(scope="module")
def deployment(prefect_server: str) -> Iterator[str]:
    """Give the id of a deployment whose runs the pool executes."""
    with SlipwayApi(prefect_server) as api:
        api.call("POST", "/work_pools/", {"name": POOL, "type": "slipway"})
        flow = api.call("POST", "/flows/", {"name": "polled"})["id"]
        body: Json = {"name": "polled", "flow_id": flow, "work_pool_name": POOL}
        yield str(api.call("POST", "/deployments/", body)["id"])
        api.call("DELETE", f"/flows/{flow}")
        api.call("DELETE", f"/work_pools/{POOL}")


@pytest.fixture
def polls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give how many runs each poll has returned."""
    poll, returned = ProcessWorker._get_scheduled_flow_runs, list[int]()

    async def counted(worker: ProcessWorker) -> list[WorkerFlowRunResponse]:
        """Poll, and note it."""
        runs = await poll(worker)
        returned.append(len(runs))
        return runs

    monkeypatch.setattr(ProcessWorker, "_get_scheduled_flow_runs", counted)
    return returned


@pytest.mark.parametrize(("wait", "due"), [(NOW, 1), (SOON, 1), (LATER, 0)])
async def test_it_polls_for_what_is_due_and_for_nothing_else(
    wait: timedelta, due: int, deployment: str, server_without_runs: str, polls: list[int]
) -> None:
    """Broken: a run waits for ten seconds, or an idle worker keeps the server's disk busy."""
    async with PunctualWorker(work_pool_name=POOL) as worker:
        for _ in range(2):
            await worker._get_scheduled_flow_runs()
        assert polls == [0]
        at = (datetime.now(UTC) + wait).isoformat()
        state: Json = {"type": "SCHEDULED", "state_details": {"scheduled_time": at}}
        with SlipwayApi(server_without_runs) as api:
            api.call("POST", f"/deployments/{deployment}/create_flow_run", {"state": state})
        runs = await worker._get_scheduled_flow_runs()
    assert len(runs) == due
    assert polls == [0, 1][: 1 + due]


async def test_it_polls_now_and_then_although_nothing_is_due(
    deployment: str, server_without_runs: str, polls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: Prefect shows the queues of an idle worker as not ready."""
    times = iter((0.0, POLL_SECONDS / 2, POLL_SECONDS))
    monkeypatch.setattr("stack.worker.punctual_worker.since_boot", lambda: next(times))
    async with PunctualWorker(work_pool_name=POOL) as worker:
        for _ in range(3):
            await worker._get_scheduled_flow_runs()
    assert polls == [0, 0]


def start(server: str, deployment: str) -> str:
    """Start a run of the deployment and return its id."""
    with SlipwayApi(server) as api:
        return str(api.call("POST", f"/deployments/{deployment}/create_flow_run", {})["id"])


async def test_it_does_not_poll_for_runs_that_wait_for_their_turn(
    deployment: str, server_without_runs: str, polls: list[int]
) -> None:
    """Broken: each look costs the server a poll while many runs begin, and they begin later."""
    async with PunctualWorker(work_pool_name=POOL) as worker:
        await worker._get_scheduled_flow_runs()
        start(server_without_runs, deployment)
        taken = await worker._get_scheduled_flow_runs()
        worker._submitting_flow_run_ids.update(run.flow_run.id for run in taken)
        await worker._get_scheduled_flow_runs()
        assert polls == [0, 1]
        start(server_without_runs, deployment)
        await worker._get_scheduled_flow_runs()
    assert polls == [0, 1, 2]


async def test_a_burst_of_events_causes_few_polls(
    deployment: str, server_without_runs: str, polls: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: the server answers a poll for each run of a burst, and none of the runs begins."""
    async with PunctualWorker(work_pool_name=POOL) as worker:
        await worker.sync_with_backend()
        worker._looked_at = (since_boot(), time.time())
        worker.wake = Wake(60.0)
        worker.wake.tell(due=True)
        await worker.get_and_submit_flow_runs()
        monkeypatch.setattr("stack.worker.punctual_worker.GAP_SECONDS", 3600.0)
        worker.wake.tell(due=True)
        looks = asyncio.ensure_future(worker.get_and_submit_flow_runs())
        await asyncio.wait([looks], timeout=0.5)
        assert polls == [0]
        looks.cancel()


async def test_a_poll_says_of_a_run_what_a_read_says(
    deployment: str, server_without_runs: str
) -> None:
    """Broken: a process is handed less than it would read, or `critical` runs wait like others."""
    run = start(server_without_runs, deployment)
    beside = {"estimated_start_time_delta"}  # how late it is, which depends on the moment
    async with PunctualWorker(work_pool_name=POOL) as worker:
        await worker._get_scheduled_flow_runs()
        (taken,) = [
            each.flow_run
            for each in await worker._get_scheduled_flow_runs()
            if str(each.flow_run.id) == run
        ]
        read = await worker.client.read_flow_run(taken.id)
    assert taken.work_queue_name == "default"
    assert taken.model_dump(exclude=beside) == read.model_dump(exclude=beside)


@pytest.mark.parametrize("pool_type", ["slipway", "process"])
async def test_pools_of_this_and_of_earlier_versions_are_served_alike(
    pool_type: str, prefect_server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Broken: after an update each start warns of a mismatch, or Prefect's own worker takes runs."""
    pool = f"pool-of-type-{pool_type}"
    with SlipwayApi(prefect_server) as api:
        api.call("POST", "/work_pools/", {"name": pool, "type": pool_type})
        try:
            async with worker_of(work_pool_type(api, pool))(work_pool_name=pool) as worker:
                await worker.sync_with_backend()
                assert (isinstance(worker, PunctualWorker), worker.type) == (True, pool_type)
        finally:
            api.call("DELETE", f"/work_pools/{pool}")
    assert "mismatch" not in caplog.text
