"""Tests of what is read once for flow runs that are due at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import Flow, FlowRun
from prefect.states import Scheduled

from stack.worker.recent_reads import RecentReads, due_since, due_time

pytestmark = pytest.mark.prefect
FLOW = uuid4()


class Client:
    """Counts what is read, as Prefect's client would."""

    def __init__(self) -> None:
        self.reads: list[UUID] = []

    async def read_flow(self, flow_id: UUID) -> Flow:
        """Return the flow, whose labels tell how often it was read."""
        self.reads.append(flow_id)
        return Flow(id=flow_id, name="one", labels={"reads": len(self.reads)})

    read_deployment = read_server_default_result_storage = read_flow


@pytest.fixture
def client() -> Iterator[Client]:
    """Give a client that shares what it reads."""
    client = Client()
    RecentReads().share(cast("PrefectClient", client))
    token = due_since.set(None)
    yield client
    due_since.reset(token)


async def test_runs_that_were_due_before_share_what_is_read(client: Client) -> None:
    """Broken: the server is asked for the same deployment by each of twenty runs."""
    due_since.set(datetime.now(UTC))
    first = await client.read_flow(FLOW)
    first.labels["changed"] = "by the worker"
    due_since.set(datetime.now(UTC) - timedelta(seconds=1))
    assert (await client.read_flow(FLOW)).labels == {"reads": 1}
    await client.read_flow(uuid4())
    assert len(client.reads) == 2


async def test_what_was_changed_before_a_run_was_due_is_heeded(client: Client) -> None:
    """Broken: a run starts with the variables of a deployment of before its last change."""
    due_since.set(datetime.now(UTC))
    await client.read_flow(FLOW)
    due_since.set(datetime.now(UTC))
    assert (await client.read_flow(FLOW)).labels == {"reads": 2}


async def test_nothing_is_shared_with_what_is_no_run(client: Client) -> None:
    """Broken: a worker goes on with what was read for some flow run."""
    due_since.set(datetime.now(UTC))
    await client.read_flow(FLOW)
    due_since.set(None)
    assert (await client.read_flow(FLOW)).labels == {"reads": 2}


def test_a_run_is_due_when_it_was_made_or_planned() -> None:
    """Broken: a run of a schedule starts with what its deployment was when it was planned."""
    planned = datetime.now(UTC)
    later = planned + timedelta(hours=1)
    run: dict[str, Any] = {"flow_id": FLOW, "created": planned}
    assert due_time(FlowRun(**run)) == planned
    assert due_time(FlowRun(**run, state=Scheduled(scheduled_time=later))) == later
    late = FlowRun(**run, state=Scheduled(scheduled_time=planned - timedelta(hours=1)))
    assert due_time(late) == late.state.timestamp  # type: ignore[union-attr] # it has one
