"""The flow `stop`: ends the services of a project in an environment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow

from blocks.parameter import Name, NameOrAll, Projects
from flows.configuration.run_names import named
from flows.project.side_by_side import Request, Subject, on_projects, part
from flows.project.succession import stop_overtaken
from flows.project.written_data import data_remarks
from flows.run_state.completion import concluded, remarked
from flows.run_state.failure import fails_plainly
from tasks.launch import task as launching
from tasks.launch.target import Target
from tasks.quantities import count_of


@flow(
    name="stop",
    flow_run_name=named("stop {project} in {environment}"),
    description="Stop the services of a project in an environment.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def stop_flow(
    project: NameOrAll = "", projects: Projects = None, environment: Name = "dev"
) -> int | list[dict[str, Any]]:
    """Stop every service of a project, with all the processes it started.

    Data, releases and snapshots stay; `launch` brings the services back.

    Args:
        project: Name of the Project block; empty where `projects` are given.
        projects: Several projects instead, which are stopped side by side: names, globs such as
            `web-*`, tags such as `tag:team-a`.
        environment: Name of the Environment block, e.g. `dev`.

    Returns:
        How many instances were stopped; of several projects, what became of each.
    """

    async def stop(subject: Subject) -> int:
        """Stop one project."""
        target, router = subject.target, subject.router
        count = len(await part(launching.stop)(target, router))
        remarks, since = await data_remarks(target), await stop_overtaken(target)
        return stopped(target, count, remarks, since)

    return await on_projects(Request("stop", project, projects, environment), stop)


def stopped(target: Target, count: int, remarks: Sequence[str], since: str = "") -> int:
    """Return ``count``; the state shows it if there are ``remarks``, or if nothing ran.

    ``since`` says what another run has started again, if anything.
    """
    nothing = [] if count else [f"Nothing of {target.project} ran in {target.environment}."]
    if since:
        return concluded(
            count, f"{count_of(count, 'instance')} stopped", [*nothing, *remarks], since
        )
    return remarked(count, f"{count_of(count, 'instance')} stopped", [*nothing, *remarks])
