"""The flow `train` on a real Prefect server and a real ledger."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.states import Crashed

from analytics.demand.task import show_demand
from analytics.flow import train_flow
from analytics.history.archive import load
from analytics.history.runs import FLOW_KIND, Run
from analytics.history.task import read_flow_runs
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import Decision, record_decisions
from tasks.ledger.estimates import read_estimates
from tasks.ledger.insights import insights
from tasks.ledger.models import models
from tasks.ledger.timings import Timing, record_timings
from tasks.settings import settings

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("server_without_runs")]


@flow(name="somebody else's")
async def _works() -> None:
    """Complete."""


@flow(name="always fails")
async def _fails() -> None:
    """Fail."""
    raise RuntimeError("as it must")


@flow(name="crashes")
async def _crashes() -> Any:
    """End as a run does whose process was killed."""
    return Crashed(message="as it must")


@flow(name="reads")
async def read_them() -> list[Run]:
    """Read the runs of the server."""
    return await read_flow_runs(90)


@flow(name="shows the demand")
async def _shows() -> None:
    """Show the demand after three days with a run an hour."""
    starts = [time.time() - 3600.0 * hour for hour in range(1, 73)]
    await show_demand([Run(FLOW_KIND, "flow/ship", at, at + 60, 60.0, True) for at in starts])


def _timings(key: str, number: int, seconds: float) -> list[Timing]:
    now = time.time()
    return [Timing(key, "shell", seconds, True, now - 100 * turn, 20.0) for turn in range(number)]


async def _artifacts(flow_run_id: Any) -> dict[str | None, str]:
    async with get_client() as client:
        of_run = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[flow_run_id]))
        artifacts = await client.read_artifacts(artifact_filter=of_run)
    return {artifact.key: str(artifact.data) for artifact in artifacts if artifact.key}


async def test_without_history_it_completes_and_says_so(home_ledger: Ledger) -> None:
    """The nightly training of a fresh installation would fail."""
    state: Any = await train_flow(return_state=True)
    assert state.is_completed()
    assert "nothing was published" in state.message
    (report,) = (await _artifacts(state.state_details.flow_run_id)).values()
    assert "Nothing to learn from yet" in report


async def test_what_was_learnt_is_read_by_planning(home_ledger: Ledger) -> None:
    """The next plan would not know what the last runs took."""
    done = Decision("w", "placement", "m", "", time.time() - 60, "build", "step/build", "trained")
    record_decisions(home_ledger, "w", [replace(done, estimate=30.0, p80=33.0, actual=31.0)])
    many = [f"tests/test_{number}.py" for number in range(3000)]
    record_timings(home_ledger, [timing for key in many for timing in _timings(key, 2, 0.5)])
    record_timings(home_ledger, _timings("step/build", 6, 30.0))
    for _ in range(2):
        await _works()
    await _fails(return_state=True)
    await _crashes(return_state=True)

    state: Any = await train_flow(return_state=True)

    assert state.is_completed()
    steps = read_estimates(home_ledger, ["step/build", many[-1]], "shell")
    assert steps["step/build"].source == "trained"
    assert steps["step/build"].p50_seconds == pytest.approx(30.0)
    assert steps[many[-1]].n == 2
    flows = read_estimates(
        home_ledger, ["flow/somebody else's", "flow/always fails", "flow/crashes"], "prefect"
    )
    assert list(flows) == ["flow/somebody else's"]
    artifacts = await _artifacts(state.state_details.flow_run_id)
    assert "| **model** |" in artifacts["training-report"]
    assert "| `flow/always fails` | prefect | 1 | 0% |" in artifacts["training-report"]
    assert "flow/crashes" not in artifacts["training-report"]
    (model,) = models(home_ledger, "durations")
    assert (model.champion, model.why, model.version) == ("this version", "the first", 1)
    assert model.runs > 6000
    assert (settings().root / "models" / "durations-000001.npz").exists()
    for picture in ("training-chart", "calibration"):
        assert "](data:image/png;base64,iVBOR" in artifacts[picture]


async def test_between_two_nights_it_learns_only_what_is_due(home_ledger: Ledger) -> None:
    """Every hour would take a whole training, or a change wait for the night."""
    record_timings(home_ledger, _timings("shop/ci/build", 60, 10.0))
    first: Any = await train_flow(only_if_due=True, return_state=True)
    assert first.message.startswith("Published")
    again: Any = await train_flow(only_if_due=True, return_state=True)
    assert again.message == "Training is not due: nothing was published"
    later = [
        replace(timing, at=time.time() + 40 + timing.at % 1) for timing in _timings("a", 30, 30.0)
    ]
    record_timings(home_ledger, [replace(timing, key="shop/ci/build") for timing in later])
    drifted: Any = await train_flow(only_if_due=True, return_state=True)
    assert drifted.message.startswith("Published")
    assert [model.version for model in models(home_ledger, "durations")] == [2, 1]


async def test_what_was_read_is_not_read_again(home_ledger: Ledger) -> None:
    """The history of a busy server would go over the wire every hour."""
    for _ in range(3):
        await _works()
    await read_them()
    archive = load(settings().root / "history" / "server.parquet", "", 0.0)
    assert "another server" in archive.note
    again = await read_them()
    assert {run.key for run in again} >= {"flow/somebody else's", "flow/reads"}


async def test_what_became_slower_is_shown_and_raised_once(home_ledger: Ledger) -> None:
    """A step that takes far longer since yesterday would be noticed by nobody."""
    now = time.time()
    seconds = [10.0] * 8 + [25.0] * 5
    record_timings(
        home_ledger,
        [
            Timing("shop/ci/build", "shell", run_seconds, True, now - 100 * (20 - turn))
            for turn, run_seconds in enumerate(seconds)
        ],
    )
    for _ in range(2):
        state: Any = await train_flow(return_state=True)
        report = (await _artifacts(state.state_details.flow_run_id))["training-report"]
        assert "| **critical** | regression | `shop/ci/build` | takes 2.5 times as long" in report
    (insight,) = insights(home_ledger)
    assert insight.closed_at is None
    assert insight.since == pytest.approx(now - 1200)


async def test_the_demand_to_come_is_a_chart() -> None:
    """Nobody would see what the next day asks for."""
    state: Any = await _shows(return_state=True)
    artifacts = await _artifacts(state.state_details.flow_run_id)
    assert "](data:image/png;base64,iVBOR" in artifacts["demand"]
