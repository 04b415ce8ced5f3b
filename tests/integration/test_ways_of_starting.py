"""A flow run does the same whether it is forked or started in a new process, as the stock worker does.

A run with variables of its own is never forked.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from stack.api import Json
from stack.flow_run import FlowRun
from tests.integration.conftest import Stack
from tests.integration.observation import eventually

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

WAYS: dict[str, Json] = {"forked": {}, "new process": {"env": {"OWN": "1"}}}


@dataclass(frozen=True)
class Sample:
    """Flow runs of a user's flows, each with a file in which it notes what it does."""

    stack: Stack
    folder: Path
    job_variables: Json

    def start(self, name: str, **parameters: object) -> str:
        """Start the flow ``sample-<name>`` and return the id of the flow run."""
        deployment = self.stack.api.deployment(f"sample-{name}/sample-{name}")
        body = {
            "parameters": {"file": str(self.file), **parameters},
            "job_variables": self.job_variables,
        }
        path = f"/deployments/{deployment['id']}/create_flow_run"
        return str(self.stack.api.call("POST", path, body)["id"])

    @property
    def file(self) -> Path:
        """Where the flow notes what it does."""
        return self.folder / "notes"

    def notes(self) -> list[str]:
        """Return what it has noted."""
        return self.file.read_text().splitlines() if self.file.exists() else []

    def has_begun(self) -> int:
        """Wait until the flow has begun and return its process."""
        eventually(
            lambda: any(note.startswith("begins") for note in self.notes()), "it does not begin"
        )
        return int(self.notes()[0].split()[1])

    def ended(self, run: str) -> FlowRun:
        """Wait for the end of a flow run."""
        return self.stack.api.wait(run, timeout=120)


@pytest.fixture(scope="module")
def deployed(stack: Stack) -> Stack:
    """Deploy the flows in the work pool of the stack."""
    for name, entrypoint, limit in (
        ("sleep", "sleep", None),
        ("time-out", "time_out", None),
        ("suspend", "suspend", None),
        ("alone", "sleep", 1),
    ):
        flow = "sample-sleep" if name == "alone" else f"sample-{name}"
        flow_id = stack.api.call("POST", "/flows/", {"name": flow})["id"]
        body = {
            "name": f"sample-{name}",
            "flow_id": flow_id,
            "entrypoint": f"tests.integration.sample_flows.{entrypoint}",
            "work_pool_name": stack.config.work_pool,
            "work_queue_name": "default",
            "concurrency_limit": limit,
            "parameter_openapi_schema": {"type": "object", "properties": {}},
            "enforce_parameter_schema": False,
        }
        stack.api.call("POST", "/deployments/", body)
    return stack


@pytest.fixture(params=WAYS)
def sample(deployed: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> Sample:
    """Give flows that are started in one of both ways."""
    return Sample(deployed, tmp_path, WAYS[request.param])


def test_a_run_completes_and_its_hook_is_called(sample: Sample) -> None:
    """Broken: users' own flows would not run in this pool."""
    assert sample.ended(sample.start("sleep")).state_name == "Completed"
    eventually(lambda: sample.notes()[1:] == ["ends", "completed"], "no hook was called")
    assert sample.notes()[0].startswith("begins ")


def test_a_cancelled_run_ends_and_its_hook_is_called(sample: Sample) -> None:
    """Broken: its process would go on, or what the hook undoes stay."""
    run = sample.start("sleep", seconds=60)
    process = sample.has_begun()
    state = {"type": "CANCELLING", "name": "Cancelling"}
    sample.stack.api.call("POST", f"/flow_runs/{run}/set_state", {"state": state})
    assert sample.ended(run).state_name == "Cancelled"
    eventually(lambda: not psutil.pid_exists(process), "its process goes on")
    eventually(lambda: sample.notes()[1:] == ["cancelled"], "no hook was called")


def test_a_killed_run_crashes_and_its_hook_is_called(sample: Sample) -> None:
    """Broken: it would stay Running for ever."""
    run = sample.start("sleep", seconds=60)
    os.kill(sample.has_begun(), signal.SIGKILL)
    assert sample.ended(run).state_name == "Crashed"
    eventually(lambda: sample.notes()[1:] == ["crashed"], "no hook was called")


def test_a_kill_is_told_once(sample: Sample) -> None:
    """Broken: one kill sends two alerts, and the first says that memory ran out."""
    run = sample.start("sleep", seconds=60)
    os.kill(sample.has_begun(), signal.SIGKILL)
    says = "Its process was ended by SIGKILL. Start it again."
    eventually(lambda: sample.stack.api.state(run).message == says, "it does not say how")
    states = sample.stack.api.call("GET", f"/flow_run_states/?flow_run_id={run}")
    assert [state["type"] for state in states].count("CRASHED") == 1


def test_a_run_that_takes_too_long_times_out(sample: Sample) -> None:
    """Broken: the limit that the flow declares would not hold."""
    assert sample.ended(sample.start("time-out")).state_name == "TimedOut"
    eventually(lambda: sample.notes() == ["begins", "failed"], "no hook was called")


def test_a_suspended_run_goes_on_in_another_process(sample: Sample) -> None:
    """Broken: nobody could approve a step of a flow."""
    run = sample.start("suspend")
    process = sample.has_begun()
    eventually(lambda: sample.stack.api.state(run).state_name == "Suspended", "it is not suspended")
    eventually(lambda: not psutil.pid_exists(process), "its process goes on")
    sample.stack.api.call("POST", f"/flow_runs/{run}/resume", {})
    assert sample.ended(run).state_name == "Completed"
    first, second, end = sample.notes()
    assert first == f"begins {process}"
    assert end.removeprefix("ends") == second.removeprefix("begins") != str(process)


def test_a_run_that_somebody_suspends_does_not_complete(sample: Sample) -> None:
    """Broken: what somebody wanted to stop is done, as the process does not hear of it."""
    run = sample.start("sleep", seconds=6)
    process = sample.has_begun()
    state = {"type": "PAUSED", "name": "Suspended"}
    sample.stack.api.call("POST", f"/flow_runs/{run}/set_state", {"state": state})
    eventually(lambda: not psutil.pid_exists(process), "its process goes on")
    assert sample.stack.api.state(run).state_name == "Suspended"


def test_a_limit_of_a_deployment_holds(sample: Sample) -> None:
    """Broken: two runs would work at once on what takes only one."""
    deployment = sample.stack.api.deployment("sample-sleep/sample-alone")
    path = f"/deployments/{deployment['id']}/create_flow_run"
    parameters = {"file": str(sample.file), "seconds": 1.0}
    body = {"parameters": parameters, "job_variables": sample.job_variables}
    runs = [str(sample.stack.api.call("POST", path, body)["id"]) for _ in range(2)]
    assert {sample.ended(run).state_name for run in runs} == {"Completed"}
    kinds = [note.split()[0] for note in sample.notes() if note != "completed"]  # hooks come late
    assert kinds == ["begins", "ends", "begins", "ends"]
