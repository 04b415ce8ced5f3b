"""The schedules of prefect.yaml, as a running server plans them."""

from __future__ import annotations

import time

import pytest

from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]


def test_an_active_schedule_plans_runs(stack: Stack) -> None:
    """Training, backups and status would never start by themselves, and nobody would be told."""
    planned = {
        "deployment_id": {"any_": [stack.api.deployment("status/default")["id"]]},
        "state": {"name": {"any_": ["Scheduled"]}},
    }
    deadline = time.monotonic() + 120
    while not stack.api.every("/flow_runs/filter", {"flow_runs": planned}):
        assert time.monotonic() < deadline, "the server has planned no run"
        time.sleep(0.5)
