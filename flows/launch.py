"""The flow `launch`: builds a project and starts its services in an environment."""

from __future__ import annotations

from typing import Any

from prefect import flow

from blocks.parameter import Name, NameOrAll, Projects, Version
from flows.configuration.run_names import named
from flows.project.exposure import exposure_remarks
from flows.project.side_by_side import Request, Subject, on_projects, part
from flows.project.succession import launch_overtaken
from flows.project.written_data import data_remarks
from flows.run_state.completion import concluded
from flows.run_state.failure import fails_plainly
from tasks.errors import BadInputError
from tasks.launch import task as launching


@flow(
    name="launch",
    flow_run_name=named("launch {project} in {environment}"),
    description="Build a project and start its services in an environment; what runs is adopted.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def launch_flow(
    project: NameOrAll = "",
    projects: Projects = None,
    environment: Name = "dev",
    version: Version = "",
    revive: bool = False,  # noqa: FBT001, FBT002 - a switch in the form of the UI
) -> dict[str, str] | list[dict[str, Any]]:
    """Have every service of a project running and healthy behind its public port.

    Launching is declarative: what already runs as it is configured is adopted, what is missing is
    started, what was changed is replaced without a dropped request, and a launch that does not
    become healthy leaves nothing behind.

    Args:
        project: Name of the Project block; empty where `projects` are given.
        projects: Several projects instead, which are launched side by side: names, globs such as
            `web-*`, tags such as `tag:team-a`.
        environment: Name of the Environment block, e.g. `dev`.
        version: The version to launch; empty: the one that serves, or that served until a stop; the
            project's own where its source or version was changed, or nothing ever served.
        revive: Only start services again that were live and died, with the same version,
            configuration and number of replicas, as the reconciler does by itself.

    Returns:
        The URL of each service that takes traffic; of several projects, what became of each.
    """
    if revive and version:
        remedy = "Leave it empty to revive what was live, or launch that version without revive."
        raise BadInputError("version", version, "is given together with revive", remedy)

    async def launch(subject: Subject) -> dict[str, str]:
        """Launch or revive one project."""
        target, router = subject.target, subject.router
        if revive:
            revived = await part(launching.revive)(target, router)
            if revived is None:
                return concluded({}, f"Nothing of {target.project} was live in {environment}", [])
            return concluded(revived.urls, str(revived), [], await launch_overtaken(revived))
        release = await part(launching.build)(target, version)
        launched = await part(launching.launch)(target, release, router)
        remarks = [*await data_remarks(target, release), *await exposure_remarks(target)]
        return concluded(launched.urls, str(launched), remarks, await launch_overtaken(launched))

    request = Request("launch", project, projects, environment)
    return await on_projects(request, launch, uses=True)
