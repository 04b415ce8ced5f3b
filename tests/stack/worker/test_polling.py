"""Tests of when the worker polls, on a real server: whenever a run is due, and rarely otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.workers.process import ProcessWorker

from stack.api import Json, SlipwayApi
from stack.worker.punctual_worker import POLL_SECONDS, PunctualWorker

pytestmark = pytest.mark.prefect

POOL = "polled"
NOW = timedelta()
SOON = timedelta(seconds=5)
LATER = timedelta(hours=1)


@pytest.fixture(scope="module")
def deployment(prefect_server: str) -> Iterator[str]:
    """Give the id of a deployment whose runs the pool executes."""
    with SlipwayApi(prefect_server) as api:
        api.call("POST", "/work_pools/", {"name": POOL, "type": "process"})
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
