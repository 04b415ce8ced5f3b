"""Tests of what wakes a worker: events while they come, and a count of seconds while they do not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from stack.api import Json, SlipwayApi
from stack.worker import wake
from stack.worker.wake import Wake, listen

pytestmark = pytest.mark.prefect

NEVER = 600.0
RUN = uuid4()


class Server:
    """Stands for a server: it refuses connections, or sends what it is told to."""

    def __init__(self, refusals: int = 0) -> None:
        self.refusals = refusals
        self.events: asyncio.Queue[str | None] = asyncio.Queue()

    @asynccontextmanager
    async def subscribe(self, _: object) -> AsyncIterator[Any]:
        """Connect once."""
        if self.refusals:
            self.refusals -= 1
            raise OSError("refused")
        yield self._sent()

    async def _sent(self) -> AsyncIterator[Any]:
        while event := await self.events.get():
            yield SimpleNamespace(
                event=event, resource=SimpleNamespace(id=f"prefect.flow-run.{RUN}")
            )


@asynccontextmanager
async def listening(waked: Wake, server: Server) -> AsyncIterator[list[UUID]]:
    """Listen to the events of a pool meanwhile; give the runs that have begun."""
    began = list[UUID]()
    task = asyncio.ensure_future(listen("own", waked, began.append, server.subscribe))
    try:
        yield began
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect again at once."""
    monkeypatch.setattr(wake, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.mark.parametrize(("state", "due"), [("Scheduled", True), ("Completed", False)])
async def test_an_event_ends_the_wait_and_says_whether_a_run_is_due(state: str, due: bool) -> None:
    """Broken: a run waits for the next look, or each end of a run costs a poll."""
    waked, server = Wake(NEVER, NEVER), Server()
    async with listening(waked, server):
        assert not await waked.wait()  # it has connected, and looks at what came before
        assert waked.listens
        await server.events.put(f"prefect.flow-run.{state}")
        assert await waked.wait() is due


async def test_it_says_which_run_has_begun() -> None:
    """Broken: each run of a burst waits five seconds for the one before."""
    waked, server = Wake(NEVER, NEVER), Server()
    async with listening(waked, server) as began:
        assert not await waked.wait()
        for state in ("Running", "Crashed"):
            await server.events.put(f"prefect.flow-run.{state}")
        assert not await waked.wait()  # at the latter, as it frees a slot
    assert began == [RUN, RUN]


async def test_an_event_during_a_look_is_not_lost() -> None:
    """Broken: a run that becomes due while the worker looks waits for the fallback."""
    waked = Wake(NEVER, NEVER)
    waked.tell(due=True)
    assert await waked.wait()


async def test_it_looks_again_soon_after_an_event() -> None:
    """Broken: a database that shows a run a moment later makes it wait for the fallback."""
    waked = Wake(0.01, NEVER)
    waked.listens = True
    waked.tell(due=True)
    assert await waked.wait()
    assert not await waked.wait()


async def test_without_events_it_waits_no_longer_than_a_worker_that_asks(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Broken: while the server's events fail, flow runs start seconds late, or nobody knows why."""
    waked, server = Wake(0.01, NEVER), Server(refusals=3)
    async with listening(waked, server):
        for _ in range(3):
            await waked.wait()
        while not waked.listens:
            await waked.wait()
        await server.events.put(None)  # the server closes the connection
        while waked.listens:
            assert not await waked.wait()
    said = capfd.readouterr().out
    assert said.count("asked for instead (OSError: refused)") == 1
    assert said.count("sends events again") == 1
    assert said.count("asked for instead (the server closed") == 1


async def test_a_real_server_wakes_the_worker_of_the_pool_alone(server_without_runs: str) -> None:
    """Broken: Prefect's events have other names or labels, so that no flow run starts at once."""
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    state: Json = {"type": "SCHEDULED", "state_details": {"scheduled_time": later}}
    with SlipwayApi(server_without_runs) as api:
        flow = api.call("POST", "/flows/", {"name": "waking"})["id"]
        deployments = {}
        for pool in ("waking", "other"):
            api.call("POST", "/work_pools/", {"name": pool, "type": "slipway"})
            body: Json = {"name": pool, "flow_id": flow, "work_pool_name": pool}
            deployments[pool] = api.call("POST", "/deployments/", body)["id"]
        waked = {pool: Wake(NEVER, NEVER) for pool in deployments}
        tasks = [asyncio.ensure_future(listen(pool, each, print)) for pool, each in waked.items()]
        try:
            for each in waked.values():
                await each.wait()  # it has connected
            path = f"/deployments/{deployments['waking']}/create_flow_run"
            await asyncio.to_thread(api.call, "POST", path, {"state": state})
            async with asyncio.timeout(60):
                assert await waked["waking"].wait()
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await waked["other"].wait()
        finally:
            for task in tasks:
                task.cancel()
            api.call("DELETE", f"/flows/{flow}")
            for pool in deployments:
                api.call("DELETE", f"/work_pools/{pool}")
