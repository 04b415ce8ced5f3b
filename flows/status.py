"""The flow `status`: lists the services with their state."""

from __future__ import annotations

import time
from dataclasses import asdict
from functools import partial
from typing import Any

from prefect import flow, get_run_logger

from blocks.parameter import NameOrAll, ProjectsOrAll
from flows.configuration.block_loading import (
    load_environments,
    load_project,
    load_target,
    own_ledger,
)
from flows.configuration.project_selection import refuse_unclear
from flows.configuration.run_names import named
from flows.project.observation import places, view_of
from flows.project.side_by_side import LIGHT_AT_ONCE, chosen, part, side_by_side
from flows.run_state.completion import remarked
from flows.run_state.failure import fails_plainly
from tasks.errors import SlipwayError
from tasks.home import Home
from tasks.launch.target import Target
from tasks.launch.variables import lineage
from tasks.ledger.instances import instances
from tasks.observe import task as observing
from tasks.observe.disk_space import low_room
from tasks.observe.report import summary
from tasks.observe.retention_table import retention_table
from tasks.observe.status import View
from tasks.release import LIVING
from tasks.settings import settings


@flow(
    name="status",
    flow_run_name=named("status {project} {environment}"),
    description="List services with their state, port, release, uptime, CPU, memory and health.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def status_flow(
    project: NameOrAll = "", projects: ProjectsOrAll = None, environment: NameOrAll = ""
) -> list[dict[str, Any]]:
    """List every service: its state is looked at, not believed.

    What is configured otherwise than it runs is named, and so is what keeps ending, with the last
    lines of its log.

    Args:
        project: Only services of this project; empty: of all.
        projects: Only services of these projects, each with a table of its own: names, globs such
            as `web-*`, tags such as `tag:team-a`.
        environment: Only services of this environment; empty: of all.

    Returns:
        One row a replica, as in the table artifact `status`; of several projects, what became of
        each, with its rows.
    """
    refuse_unclear(project, projects, needed=False)
    retained = retention_table(Home(settings().root), time.time())
    get_run_logger().info("%s", retained or "Slipway keeps no history yet.")
    if sentence := low_room(settings().root):
        get_run_logger().warning("%s", sentence)
    if not projects:
        return await _status(project, environment)
    looks = {name: partial(_status, name, environment) for name in await chosen(projects)}
    return await side_by_side("status", environment, looks, LIGHT_AT_ONCE)


async def _status(project: str, environment: str) -> list[dict[str, Any]]:
    """Look at the services of one project, or of all."""
    rows = await part(observing.status)(project, environment, await _view(project, environment))
    if not rows:
        await _refuse_unknown(project, environment)
    return remarked([asdict(row) for row in rows], summary(rows), [])


async def _view(project: str, environment: str) -> View:
    """Return which services run differently than configured, and which secrets to redact."""
    with own_ledger() as ledger:
        living = instances(ledger, project or None, environment or None, LIVING)
        targets = {place: await _target(*place) for place in places(living)}
        view, sentences = view_of(ledger, living, targets)
    for sentence in sentences:
        get_run_logger().warning("%s", sentence)
    return view


async def _target(project: str, environment: str) -> Target | SlipwayError:
    try:
        return await load_target(project, environment)
    except SlipwayError as error:
        return error


async def _refuse_unknown(project: str, environment: str) -> None:
    """Refuse names that are not configured, so that they differ from ones where nothing runs."""
    if project:
        await load_project(project)
    if environment:
        lineage(environment, await load_environments())
