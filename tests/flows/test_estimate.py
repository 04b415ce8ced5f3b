"""The flow `estimate` on a real Prefect server and a real ledger."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

from flows.estimate import estimate_flow
from tasks.estimates import Estimate
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import publish_estimates

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

STEPS = [
    Estimate("shop/ci/build", 30.0, 40.0, 100.0, 0.9, 12, p80_seconds=35.0, p95_seconds=45.0),
    Estimate("shop/ci/lint", 2.0, 3.0),
]


@pytest.fixture(autouse=True)
def _published(home_ledger: Ledger) -> None:
    publish_estimates(home_ledger, STEPS, "shell", now=1000.0)


async def _tables(state: Any) -> dict[str | None, Any]:
    run_filter = ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    async with get_client() as client:
        artifacts = await client.read_artifacts(
            artifact_filter=ArtifactFilter(flow_run_id=run_filter)
        )
    return {
        artifact.key: artifact.data for artifact in artifacts if artifact.key
    }  # not the result of the run


async def test_a_key_is_answered_by_state_result_and_table() -> None:
    """Who asks over the API would get a completed run and no answer."""
    state: Any = await estimate_flow(key="shop/ci/build", return_state=True)
    assert state.is_completed()
    assert state.message.startswith("shop/ci/build on shell takes 30.0 s")
    (row,) = await state.result()
    assert [row[f"p{level} (s)"] for level in (50, 80, 90, 95)] == [30.0, 35.0, 40.0, 45.0]
    table = (await _tables(state))["estimate-shop-ci"]
    assert '"p95 (s)": 45.0' in str(table)


async def test_a_workload_is_answered_with_all_of_its_steps() -> None:
    """A user would have to know and ask for each step."""
    state: Any = await estimate_flow(project="shop", workload="ci", return_state=True)
    assert state.message.startswith("2 estimates of shop/ci; the longest: shop/ci/build")
    assert [row["key"] for row in await state.result()] == ["shop/ci/build", "shop/ci/lint"]


async def test_what_is_unknown_is_refused_plainly() -> None:
    """A typo would end in a stack trace, or in an empty table."""
    state: Any = await estimate_flow(key="shop/ci/biuld", return_state=True)
    assert state.is_failed()
    assert state.message.startswith("key: unknown; did you mean 'shop/ci/build'?")
    assert await _tables(state) == {}
