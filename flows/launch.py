"""The flow `launch`: builds a project and starts its services in an environment."""

from __future__ import annotations

from prefect import flow

from blocks.parameter import Name, Version
from flows.configuration.block_loading import load_router, load_target
from flows.project.exposure import exposure_remarks
from flows.project.succession import launch_overtaken
from flows.project.usage import uses_its_project
from flows.project.written_data import data_remarks
from flows.run_state.completion import concluded
from flows.run_state.failure import fails_plainly
from tasks.errors import BadInputError
from tasks.launch import task as launching


@flow(
    name="launch",
    flow_run_name="launch {project} in {environment}",
    description="Build a project and start its services in an environment; what runs is adopted.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
@uses_its_project
async def launch_flow(
    project: Name,
    environment: Name = "dev",
    version: Version = "",
    revive: bool = False,  # noqa: FBT001, FBT002 - a switch in the form of the UI
) -> dict[str, str]:
    """Have every service of a project running and healthy behind its public port.

    Launching is declarative: what already runs as it is configured is adopted, what is missing is
    started, what was changed is replaced without a dropped request, and a launch that does not
    become healthy leaves nothing behind.

    Args:
        project: Name of the Project block.
        environment: Name of the Environment block, e.g. `dev`.
        version: The version to launch; empty: the project's own where its source or version was
            changed or nothing ever served, else the one that serves or served until a stop.
        revive: Only start services again that were live and died, with the same version,
            configuration and number of replicas. The reconciler does so.

    Returns:
        The URL of each service that takes traffic.
    """
    if revive and version:
        remedy = "Leave it empty to revive what was live, or launch that version without revive."
        raise BadInputError("version", version, "is given together with revive", remedy)
    target, router = await load_target(project, environment), await load_router()
    if revive:
        revived = await launching.revive(target, router)
        if revived is None:
            return concluded({}, f"Nothing of {project} was live in {environment}", [])
        return concluded(revived.urls, str(revived), [], await launch_overtaken(revived))
    release = await launching.build(target, version)
    launched = await launching.launch(target, release, router)
    remarks = [*await data_remarks(target, release), *await exposure_remarks(target)]
    return concluded(launched.urls, str(launched), remarks, await launch_overtaken(launched))
