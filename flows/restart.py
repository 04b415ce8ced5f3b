"""The flow `restart`: replaces the processes of a project by new ones of the same release."""

from __future__ import annotations

from typing import Any

from prefect import flow

from blocks.parameter import Name, NameOrAll, Projects
from flows.configuration.run_names import named
from flows.project.exposure import exposure_remarks
from flows.project.side_by_side import Request, Subject, on_projects, part
from flows.project.succession import launch_overtaken
from flows.run_state.completion import concluded
from flows.run_state.failure import fails_plainly
from tasks.launch import task as launching


@flow(
    name="restart",
    flow_run_name=named("restart {project} in {environment}"),
    description="Replace the processes of a project by new ones of the same release.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def restart_flow(
    project: NameOrAll = "", projects: Projects = None, environment: Name = "dev"
) -> dict[str, str] | list[dict[str, Any]]:
    """Start the live release again beside itself, with today's configuration, then switch to it.

    Args:
        project: Name of the Project block; empty where `projects` are given.
        projects: Several projects instead, which are restarted side by side: names, globs such as
            `web-*`, tags such as `tag:team-a`.
        environment: Name of the Environment block, e.g. `dev`.

    Returns:
        The URL of each service that takes traffic; of several projects, what became of each.
    """

    async def restart(subject: Subject) -> dict[str, str]:
        """Restart one project."""
        launched = await part(launching.restart)(subject.target, subject.router)
        remarks = await exposure_remarks(subject.target)
        return concluded(launched.urls, str(launched), remarks, await launch_overtaken(launched))

    request = Request("restart", project, projects, environment)
    return await on_projects(request, restart, uses=True)
