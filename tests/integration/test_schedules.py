"""Tests of the schedules of prefect.yaml, as a running server plans them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]


def test_an_active_schedule_plans_runs(stack: Stack) -> None:
    """Training, backups and status would never start by themselves, and nobody would be told."""
    planned = {
        "deployment_id": {"any_": [stack.api.deployment("status/status")["id"]]},
        "state": {"name": {"any_": ["Scheduled"]}},
    }
    deadline = time.monotonic() + 120
    while not stack.api.every("/flow_runs/filter", {"flow_runs": planned}):
        assert time.monotonic() < deadline, "the server has planned no run"
        time.sleep(0.5)


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (
            "run/run",
            (
                "project: is not given by the schedule, and has no default (got {}). "
                "Edit the schedule of the deployment and add it to the parameters."
            ),
        ),
        (
            "launch/launch",
            (
                "project: is missing, and so is projects (got ''). "
                "Name a project, or several under projects."
            ),
        ),
    ],
)
def test_a_schedule_that_lacks_a_parameter_fails_with_a_sentence(
    stack: Stack, operation: str, message: str
) -> None:
    """Broken: its run is Crashed with a stack trace, and says nothing of the schedule."""
    path = f"/deployments/{stack.api.deployment(operation)['id']}"
    now = datetime.now(UTC)
    hourly = {"interval": 3600.0, "anchor_date": now.isoformat()}
    [schedule] = stack.api.call(
        "POST", f"{path}/schedules", [{"schedule": hourly, "active": True, "parameters": {}}]
    )
    try:
        span = {"start_time": now.isoformat(), "min_runs": 1, "max_runs": 1}
        stack.api.call("POST", f"{path}/schedule", span)
        of_it = {
            "deployment_id": {"any_": [path.rsplit("/", maxsplit=1)[-1]]},
            "tags": {"any_": ["auto-scheduled"]},
        }
        runs = stack.api.every("/flow_runs/filter", {"flow_runs": of_it})
        run = stack.api.wait(min(runs, key=lambda each: each["expected_start_time"])["id"])
    finally:
        stack.api.call("DELETE", f"{path}/schedules/{schedule['id']}")
    assert (run.state_type, run.message) == ("FAILED", message)
