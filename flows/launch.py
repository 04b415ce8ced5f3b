"""`launch`: have a project run in an environment."""

from __future__ import annotations

from prefect import flow

from flows.belongings import data_remarks
from flows.failure import fails_plainly
from flows.inventory import load_router, load_target
from flows.remark import remarked
from tasks.launch import task as launching


@flow(
    name="launch",
    flow_run_name="launch {project} in {environment}",
    description="Build a project and start its services in an environment; what runs is adopted.",
)
@fails_plainly
async def launch_flow(project: str, environment: str = "dev", version: str = "") -> dict[str, str]:
    """Have every service of a project running and healthy behind its front port.

    Launching is declarative: what already runs as wanted is adopted, what is missing is started,
    and a launch that does not become healthy leaves nothing behind.

    Args:
        project: Name of the Project block.
        environment: Name of the Environment block, e.g. `dev`.
        version: The version to launch; empty: the one that is live, else the project's own.

    Returns:
        The URL of each service that takes traffic.
    """
    target, router = await load_target(project, environment), await load_router()
    release = await launching.build(target, version)
    launched = await launching.launch(target, release, router)
    return remarked(launched.urls, str(launched), await data_remarks(target, release))
