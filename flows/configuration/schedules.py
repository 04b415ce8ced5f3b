"""Keeps the schedules that projects configure, as schedules of their operations in Prefect.

New ones are added by one request, others changed and removed by themselves. A deployment that is
changed together with a list of schedules would lose those of the user.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from prefect import get_run_logger
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import ObjectNotFound

from blocks.project_spec import ProjectSpec, spec_fields
from flows.configuration.block_loading import ENVIRONMENT, PROJECT
from flows.configuration.block_reading import documents
from flows.configuration.schedule_changes import (
    OPERATIONS,
    ProjectSchedule,
    StoredSchedule,
    owner,
    project_schedules,
    schedule_changes,
)
from flows.configuration.schedule_checks import check_schedule, refuse_repeated
from tasks.configuration import Configuration, checked
from tasks.errors import NotFoundError, SlipwayError
from tasks.home import Home
from tasks.launch.lock import locked
from tasks.settings import settings


async def refuse_impossible_schedules(configuration: Configuration) -> None:
    """Refuse schedules of ``configuration`` that could not be saved, or whose runs would only fail.

    Raises:
        BadInputError: It names the first such field.
    """
    environments = {*await documents(ENVIRONMENT), *configuration.environments}
    async with get_client() as client:
        deployments = await _deployments(client)
    for name, spec in configuration.projects.items():
        await _check(name, spec, deployments, environments)


async def follow_projects() -> tuple[list[str], list[str]]:
    """Make the schedules those of all Project blocks, whoever saved these.

    Returns:
        The slugs of the schedules, and a sentence for each project whose schedules are impossible;
        its schedules stay as they are.
    """
    blocks, environments = await documents(PROJECT), {*await documents(ENVIRONMENT)}
    remarks: list[str] = []
    impossible: set[str] = set()
    configured: list[ProjectSchedule] = []
    async with get_client() as client, _one_at_a_time():
        deployments = await _deployments(client)
        for name, fields in blocks.items():
            try:
                spec = checked(ProjectSpec, spec_fields(fields), f"projects.{name}")
                configured += await _check(name, spec, deployments, environments)
            except SlipwayError as error:
                impossible.add(name)
                remarks.append(f"The schedules of {name} stay as they are: {error}")
        slugs = await _apply(
            client, deployments, configured, lambda project: project not in {"", *impossible}
        )
    return slugs, remarks


async def remove_schedules(project: str) -> list[str]:
    """Remove the schedules that ``project`` has configured; return a sentence if there were any."""
    async with get_client() as client, _one_at_a_time():
        deployments = await _deployments(client)
        slugs = [
            schedule.slug
            for deployment in deployments.values()
            for schedule in deployment.schedules
            if schedule.slug and owner(schedule.slug) == project
        ]
        await _apply(client, deployments, [], lambda name: name == project)
    return [f"removed the schedules that it configured: {', '.join(slugs)}"] if slugs else []


@asynccontextmanager
async def _one_at_a_time() -> AsyncIterator[None]:
    """Let no other run on this machine read and change the schedules meanwhile."""
    with locked(Home(settings().root).schedules_lock):
        yield


async def _check(
    name: str,
    spec: ProjectSpec,
    deployments: Mapping[str, DeploymentResponse],
    environments: Iterable[str],
) -> list[ProjectSchedule]:
    """Return the schedules of a project, all of which can be saved."""
    schedules = list(project_schedules(name, spec))
    schemas: dict[str, Mapping[str, Any]] = {}
    for schedule in schedules:
        if schedule.operation not in deployments:
            remedy = "Register it with: make up"
            raise NotFoundError(schedule.field, schedule.operation, list(deployments), remedy)
        schema = deployments[schedule.operation].parameter_openapi_schema or {}
        await check_schedule(schedule, schema, spec.workloads, {*environments})
        schemas[schedule.operation] = schema
    refuse_repeated(schedules, schemas)
    return schedules


async def _deployments(client: PrefectClient) -> dict[str, DeploymentResponse]:
    """Return the deployments that a project can schedule, by operation."""

    async def read(operation: str) -> DeploymentResponse | None:
        """Return one; None if it is not registered."""
        with suppress(ObjectNotFound):
            return await client.read_deployment_by_name(f"{operation}/{operation}")
        return None

    read_side_by_side = await asyncio.gather(*map(read, OPERATIONS))
    pairs = zip(OPERATIONS, read_side_by_side, strict=True)
    return {operation: deployment for operation, deployment in pairs if deployment}


async def _apply(
    client: PrefectClient,
    deployments: Mapping[str, DeploymentResponse],
    configured: Iterable[ProjectSchedule],
    is_managed: Callable[[str], bool],
) -> list[str]:
    """Make the schedules of managed projects the ``configured`` ones; return all their slugs."""
    schedules, logger, slugs = list(configured), get_run_logger(), list[str]()
    for operation, deployment in deployments.items():
        own = [schedule for schedule in schedules if schedule.operation == operation]
        stored = {str(each.id): each for each in deployment.schedules}
        changes = schedule_changes(own, _stored(deployment), is_managed)
        for removed in changes.removed:
            with suppress(ObjectNotFound):  # the user was faster
                await client.delete_deployment_schedule(deployment.id, stored[removed.id].id)
            logger.info("Removed the schedule %s of %s", removed.slug, operation)
        for row, schedule in changes.moved.items():
            # Without the parameters the server would empty them.
            await client.update_deployment_schedule(
                deployment.id,
                stored[row].id,
                schedule=_cron(schedule),
                parameters=dict(schedule.parameters),
            )
            logger.info("Changed the schedule %s of %s", stored[row].slug, operation)
        if new := [_new(slug, schedule) for slug, schedule in changes.new.items()]:
            await client.create_deployment_schedules(deployment.id, new)
            logger.info("Created of %s: %s", operation, ", ".join(changes.new))
        slugs += changes.slugs
    return slugs


def _new(slug: str, schedule: ProjectSchedule) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(
        slug=slug,
        schedule=_cron(schedule),
        active=True,
        parameters=dict(schedule.parameters),
    )


def _stored(deployment: DeploymentResponse) -> list[StoredSchedule]:
    return [
        StoredSchedule(
            str(each.id),
            each.slug or "",
            getattr(each.schedule, "cron", ""),
            getattr(each.schedule, "timezone", None) or "UTC",
            each.parameters or {},
        )
        for each in deployment.schedules
    ]


def _cron(schedule: ProjectSchedule) -> CronSchedule:
    return CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
