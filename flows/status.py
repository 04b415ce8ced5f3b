"""`status`: look at what runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from prefect import flow

from flows.naming import named
from tasks.observe import task as observing


@flow(
    name="status",
    flow_run_name=named("status {project} {environment}"),
    description="Every service with its state, port, release, uptime, CPU, memory and health.",
)
async def status_flow(project: str = "", environment: str = "") -> list[dict[str, Any]]:
    """List every service: its state is looked at, not believed.

    Args:
        project: Only services of this project; empty: of all.
        environment: Only services of this environment; empty: of all.

    Returns:
        One row a replica, as in the table artifact `status`.
    """
    return [asdict(row) for row in await observing.status(project, environment)]
