"""Tests of task runs that outlive their flow run on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from stack.api import Json, SlipwayApi
from stack.reconciler.periodic_jobs import SERVER, periodic_jobs
from stack.runs.orphaned import GRACE_SECONDS, LOOK_BACK_SECONDS, MESSAGE, OrphanedTaskRuns, crashed
from tasks.ledger.connection import Ledger
from tasks.settings import Settings

pytestmark = pytest.mark.prefect

AT_WORK = """
import time
from prefect import flow, task

@task
def works():
    time.sleep(600)

@task(retries=1, retry_delay_seconds=600)
def waits():
    raise ValueError

@task
def ends():
    pass

@flow
def at_work():
    ends()
    futures = [works.submit(), waits.submit()]
    [future.wait() for future in futures]

at_work()
"""


@pytest.fixture(scope="module")
def api(prefect_server: str) -> Iterator[SlipwayApi]:
    """Give a client of the server."""
    with SlipwayApi(prefect_server) as client:
        yield client


def _states(api: SlipwayApi) -> dict[str, str]:
    """Return the state of each task run, by the name of its task."""
    runs = api.every("/task_runs/filter", {})
    return {run["name"].split("-")[0]: run["state_name"] for run in runs}


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def killed(server_without_runs: str, api: SlipwayApi) -> str:
    """Give the id of a flow run whose process was killed, and that is Crashed since."""
    variables = {"PREFECT_API_URL": server_without_runs}
    with subprocess.Popen([sys.executable, "-c", AT_WORK], env=os.environ | variables) as process:
        at_work = {"works": "Running", "waits": "AwaitingRetry", "ends": "Completed"}
        try:
            _until(lambda: _states(api) == at_work)
        finally:
            process.kill()
    [run] = api.every("/flow_runs/filter", {})
    body: Json = {"state": {"type": "CRASHED"}, "force": True}
    api.call("POST", f"/flow_runs/{run['id']}/set_state", body)
    return str(run["id"])


def _task_run(api: SlipwayApi, flow_run: str, name: str) -> Json:
    [run] = [run for run in api.task_runs(flow_run) if run["name"].startswith(name)]
    return run


def _true_end(run: Json) -> Json:
    """Return the event by which Prefect itself says that a task run completed, a moment after."""
    event = crashed(run, run["start_time"])
    state = {"type": "COMPLETED", "name": "Completed", "message": "", "state_details": {}}
    since = datetime.fromisoformat(run["state"]["timestamp"])
    return event | {
        "id": str(uuid4()),
        "event": "prefect.task-run.Completed",
        "occurred": (since + timedelta(milliseconds=1)).isoformat(),
        "payload": event["payload"] | {"validated_state": state},
    }


def _look_of_reconciler(api: SlipwayApi, ledger: Ledger, home: Path) -> Callable[[float], object]:
    jobs = periodic_jobs(Settings.model_validate({"home": home}), ledger, api)[SERVER]
    return next(job.act for job in jobs if job.name == "task runs")


def test_what_a_killed_flow_run_leaves_unfinished_is_crashed(
    api: SlipwayApi, killed: str, ledger: Ledger, tmp_path: Path
) -> None:
    """Broken: it is Running or AwaitingRetry for ever, or a true end that comes late is lost."""
    look, now = _look_of_reconciler(api, ledger, tmp_path), time.time()
    before = _task_run(api, killed, "works")
    assert look(now) == look(now + LOOK_BACK_SECONDS + GRACE_SECONDS) == []
    later = now + GRACE_SECONDS + 1
    report = ["2 unfinished, their flow runs have ended; marked as crashed"]
    assert look(later) == report
    ended = {"works": "Crashed", "waits": "Crashed", "ends": "Completed"}
    _until(lambda: _states(api) == ended)
    assert look(later) == []

    run = _task_run(api, killed, "works")
    assert run["state"]["message"] == MESSAGE
    assert run["end_time"] == api.call("GET", f"/flow_runs/{killed}")["end_time"]
    assert run["total_run_time"] > 0
    kept = ("id", "name", "start_time", "task_key", "task_inputs", "tags", "run_count", "created")
    assert {key: run[key] for key in kept} == {key: before[key] for key in kept}

    api.emit([_true_end(before)])
    _until(lambda: _states(api) == ended | {"works": "Completed"})


def test_a_true_end_that_came_before_stays(api: SlipwayApi, killed: str) -> None:
    """Broken: a task run that ended between look and event is Crashed although it completed."""
    working = _task_run(api, killed, "works")
    waiting = _task_run(api, killed, "waits")
    api.emit([_true_end(working)])
    _until(lambda: _states(api)["works"] == "Completed")
    ended_at = datetime.now(UTC).isoformat()
    again = crashed(waiting, ended_at)  # as by a look before the server has recorded the first
    api.emit([crashed(working, ended_at), crashed(waiting, ended_at), again])
    _until(lambda: _states(api)["waits"] == "Crashed")
    assert _states(api)["works"] == "Completed"


def test_what_a_flow_run_still_does_is_left_alone(api: SlipwayApi, killed: str) -> None:
    """Broken: what a flow run does that goes on, or was started again, is called Crashed."""
    body: Json = {"state": {"type": "RUNNING"}, "force": True}
    api.call("POST", f"/flow_runs/{killed}/set_state", body)
    assert OrphanedTaskRuns(api)(time.time() + GRACE_SECONDS + 1) == []
