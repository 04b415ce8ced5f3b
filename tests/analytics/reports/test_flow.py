"""The flow `report` on a real Prefect server and a real ledger."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId
from prefect.states import Crashed

from analytics.reports.flow import report_flow
from blocks.project import Project
from blocks.providers.interface import End, Outcome, Resources
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.plans import record_plan
from tasks.ledger.providers import register_provider
from tasks.ledger.workloads import close_workload, open_workload
from tests.analytics.reports.recorded import PASSWORD, plan
from tests.tasks.ledger.attempts import begin_execution, finish_execution

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("server_without_runs")]

NAMES = ("executive", "performance", "cost", "success")


@flow(name="somebody else's")
async def _works(project: str = "") -> None:
    """Complete."""


@flow(name="cannot connect")
async def _fails() -> None:
    """Fail with a message that holds a password."""
    raise RuntimeError(f"no answer from postgres://me:{PASSWORD}@db")


@flow(name="crashes")
async def _crashes() -> Any:
    """End as a run does whose process was killed."""
    return Crashed(message="as it must")


def _ran(ledger: Ledger, seconds: float) -> None:
    """Record a workload run of one step that has just ended."""
    now = time.time()
    capacity = Resources(cpus=4, memory_mib=8192, slots=4)
    register_provider(ledger, "local", "shell", capacity, 1.0, 2.0, now)
    lease = open_workload(
        ledger, "shop/release/dev/0123/4567", "me", now - seconds, 60.0, owner_alive=bool
    )
    record_plan(ledger, lease.id, plan(), now)
    demand = Resources(cpus=1, memory_mib=1024, slots=1)
    begin_execution(
        ledger,
        Execution(
            *(lease.id, "build", 1, 1, "local", "shell", "shop/release/build"),
            *(Path("/nowhere"), now - seconds, demand),
        ),
    )
    outcome = Outcome(
        end=End.SUCCEEDED, started_at=now - seconds, ended_at=now, peak_memory_mib=200.0
    )
    finish_execution(ledger, lease.id, "build", 1, 1, outcome, seconds / 3600 * 2)
    close_workload(ledger, lease.id, 1, "succeeded", now)


async def _artifacts(state: Any) -> dict[str | None, str]:
    of_run = ArtifactFilterFlowRunId(any_=[state.state_details.flow_run_id])
    async with get_client() as client:
        artifacts = await client.read_artifacts(artifact_filter=ArtifactFilter(flow_run_id=of_run))
    return {artifact.key: str(artifact.data) for artifact in artifacts if artifact.key}


def _found(home: Path, pattern: str) -> list[Path]:
    return sorted(home.glob(f"reports/{pattern}"))


async def test_without_history_it_completes_and_says_so(home: Path) -> None:
    """The first Monday of a fresh installation would end with a failed run."""
    long_ago = datetime.now(UTC).date() - timedelta(days=3)
    state: Any = await report_flow(since=long_ago, until=long_ago, return_state=True)
    assert state.is_completed()
    assert "Nothing ended in this period" in state.message
    artifacts = await _artifacts(state)
    assert sorted(map(str, artifacts)) == sorted(f"report-{name}" for name in NAMES)
    assert len(_found(home, "*/report.html")) == 4
    await Project(source="/srv/idle").asave("idle", overwrite=True)
    own: Any = await report_flow("cost", project="idle", since=long_ago, return_state=True)
    assert list(await _artifacts(own)) == ["report-cost-idle"]


async def test_a_project_that_nobody_knows_is_refused(home: Path, home_ledger: Ledger) -> None:
    """Broken: a report of a misspelt project says that all is quiet."""
    _ran(home_ledger, 20.0)
    for _ in range(2):  # the refused run itself does not make the name known
        state: Any = await report_flow(project="shpo", return_state=True)
        assert state.is_failed()
        assert state.message.startswith("project: unknown; did you mean 'shop'?")
    assert _found(home, "*") == []


async def test_what_ran_is_shown_and_written(home: Path, home_ledger: Ledger) -> None:
    """A manager would get an empty file, or figures that nobody can trace to what ran."""
    for seconds in (30.0, 40.0):
        _ran(home_ledger, seconds)
    await _works()
    await _works("shop")
    await _fails(return_state=True)
    await _crashes(return_state=True)

    state: Any = await report_flow(return_state=True)

    assert state.is_completed()
    artifacts = await _artifacts(state)
    assert "| workload runs | **2** |" in artifacts["report-executive"]
    assert "| spent | **0.0389** |" in artifacts["report-cost"]
    assert "`shop/release/build`" in artifacts["report-performance"]
    assert "](data:image/png;base64,iVBOR" in artifacts["report-success"]
    [folder] = _found(home, "success-*")
    document = json.loads((folder / "report.json").read_text())
    rates = {figure["name"]: figure["value"] for figure in document["figures"]}
    assert rates["workload runs succeeded"] == 1
    assert rates["flow runs succeeded"] < 1
    workbook = load_workbook(folder / "report.xlsx")
    assert {"Figures", "success-of-flows", "reasons"} <= set(workbook.sheetnames)
    assert "cannot connect" in (folder / "tables/success-of-flows.csv").read_text()


async def test_no_file_holds_a_secret(home: Path) -> None:
    """A report that is passed on would pass on the password that an error has repeated."""
    await _fails(return_state=True)
    state: Any = await report_flow(report="success", return_state=True)
    artifacts = await _artifacts(state)
    assert "no answer from postgres" in artifacts["report-success"]
    files = [path for path in _found(home, "**/*") if path.is_file()]
    assert len(files) > 4
    leaking = [path for path in files if PASSWORD.encode() in path.read_bytes()]
    assert leaking == []
    assert PASSWORD not in str(artifacts)


async def test_one_project_in_chosen_formats(home: Path, home_ledger: Ledger) -> None:
    """Who asks for one project would get the money of all."""
    _ran(home_ledger, 20.0)
    await Project(source="/srv/idle").asave("idle", overwrite=True)
    state: Any = await report_flow(
        report="cost", project="idle", formats=["json"], compare="none", return_state=True
    )
    assert "Nothing is known of the project idle. Known projects: shop." in state.message
    [folder] = _found(home, "*")
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert folder.name.startswith("cost-idle-")


async def test_a_period_to_come_is_refused_plainly(home: Path) -> None:
    """A stack trace would have to be read to learn that a date was wrong."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    state: Any = await report_flow(since=tomorrow, return_state=True)
    assert state.is_failed()
    assert "Name a first day that is past" in state.message


async def test_a_nul_in_the_project_is_refused_plainly(home: Path) -> None:
    """What no folder can be called ends the report with a defect, or is dropped without a word."""
    state: Any = await report_flow(project="sho\0p", return_state=True)
    assert state.is_failed()
    assert "project: String should match pattern" in state.message
    assert not _found(home, "*")
