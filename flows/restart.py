"""The flow `restart`: replaces the processes of a project by new ones of the same release."""

from __future__ import annotations

from prefect import flow

from blocks.parameter import Name
from flows.configuration.block_loading import load_router, load_target
from flows.project.exposure import exposure_remarks
from flows.project.succession import launch_overtaken
from flows.project.usage import uses_its_project
from flows.run_state.completion import concluded
from flows.run_state.failure import fails_plainly
from tasks.launch import task as launching


@flow(
    name="restart",
    flow_run_name="restart {project} in {environment}",
    description="Replace the processes of a project by new ones of the same release.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
@uses_its_project
async def restart_flow(project: Name, environment: Name = "dev") -> dict[str, str]:
    """Start the live release again beside itself, with today's configuration, then switch to it.

    Args:
        project: Name of the Project block.
        environment: Name of the Environment block, e.g. `dev`.

    Returns:
        The URL of each service that takes traffic.
    """
    target, router = await load_target(project, environment), await load_router()
    launched = await launching.restart(target, router)
    remarks = await exposure_remarks(target)
    return concluded(launched.urls, str(launched), remarks, await launch_overtaken(launched))
