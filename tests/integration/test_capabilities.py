"""The deployments of prefect.yaml, as they stand on a fresh stack."""

from __future__ import annotations

import pytest

from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

OPERATIONS = {
    "configure",
    "launch",
    "stop",
    "restart",
    "status",
    "run",
    "backup",
    "restore",
    "deploy",
    "rollback",
    "ship",
    "train",
}


def test_every_operation_is_a_deployment(stack: Stack) -> None:
    """Something called done could not be started over the API."""
    assert {f"{name}/default" for name in OPERATIONS} <= set(stack.api.deployments())
