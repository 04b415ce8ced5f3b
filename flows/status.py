"""`status`: look at what runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from prefect import flow

from flows.failure import fails_plainly
from flows.inventory import load_environments, load_project
from flows.naming import named
from tasks.launch.variables import lineage
from tasks.observe import task as observing


@flow(
    name="status",
    flow_run_name=named("status {project} {environment}"),
    description="Every service with its state, port, release, uptime, CPU, memory and health.",
)
@fails_plainly
async def status_flow(project: str = "", environment: str = "") -> list[dict[str, Any]]:
    """List every service: its state is looked at, not believed.

    Args:
        project: Only services of this project; empty: of all.
        environment: Only services of this environment; empty: of all.

    Returns:
        One row a replica, as in the table artifact `status`.
    """
    rows = await observing.status(project, environment)
    if not rows:
        await _refuse_unknown(project, environment)
    return [asdict(row) for row in rows]


async def _refuse_unknown(project: str, environment: str) -> None:
    """Tell nothing that runs from what cannot run, for want of such a name."""
    if project:
        await load_project(project)
    if environment:
        lineage(environment, await load_environments())
