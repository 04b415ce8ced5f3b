"""The flow `forget`: removes a project, or what it has in one environment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from prefect import flow, get_run_logger
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.responses import DeploymentResponse
from pydantic import Field

from blocks.parameter import Name, NameOrAll
from blocks.project import Project
from flows.configuration.block_loading import (
    ENVIRONMENT,
    PROJECT,
    load_project,
    load_router,
    own_ledger,
)
from flows.configuration.block_reading import documents
from flows.configuration.run_names import named
from flows.configuration.schedules import remove_schedules
from flows.run_state.completion import concluded
from flows.run_state.failure import fails_plainly
from tasks.launch import task as launching
from tasks.launch.forgetting import ForgetScope, Forgotten, check_forgettable, places
from tasks.launch.usage import unused
from tasks.ledger.configured import forget_configured
from tasks.ledger.releases import releases
from tasks.quantities import count_of
from tasks.settings import settings

_PAGE_SIZE = 200
_DEFAULT_ENVIRONMENT = "dev"


@flow(
    name="forget",
    flow_run_name=named("forget {project} {environment}"),
    description="Stop a project and remove its releases, ports and block; keep or delete its data.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def forget_flow(
    project: Name,
    environment: NameOrAll = "",
    data: Annotated[
        Literal["keep", "delete"], Field(json_schema_extra={"enum": ["keep", "delete"]})
    ] = "keep",
) -> list[str]:
    """Forget a project: end its services, give back its ports, remove its releases and its block.

    Snapshots and estimates stay, and so does its data unless you ask for its removal. Schedules and
    environments that still name the project are reported. While it is being launched, deployed or
    run, this flow is refused, and no launch or deploy begins meanwhile.

    Args:
        project: Name of the Project block.
        environment: Only what it has in this environment; empty: all of it.
        data: Whether its data folder is kept or deleted. Further folders that the project names
            under `data` are never touched.

    Returns:
        What was done, in sentences.
    """
    subject = ForgetScope(project, environment, settings().root)
    with unused(subject.home, project), own_ledger() as ledger:
        check_forgettable(ledger, subject, time.time())
        configured = await documents(PROJECT)
        if project not in configured and not (places(ledger, subject) or releases(ledger, project)):
            await load_project(project)  # which says what there is instead
        router = await load_router()
        forgotten = await launching.forget(subject, router, delete_data=data == "delete")
        if project in configured:
            await _forget_block(project, environment)
        if not environment:
            await asyncio.to_thread(forget_configured, ledger, [f"project/{project}"])
    removed = [] if environment else await remove_schedules(project)
    still_named = await _still_named(project, environment)
    sentences = [*_sentences(subject, forgotten), *removed, *still_named]
    for sentence in sentences:
        get_run_logger().info("%s", sentence)
    return concluded(
        sentences, sentences[0] if sentences else f"There was nothing of {project}", sentences[1:]
    )


async def _forget_block(project: str, environment: str) -> None:
    """Delete the project's block, or only its settings for that environment."""
    if not environment:
        async with get_client() as client:
            document = await client.read_block_document_by_name(project, PROJECT)
            await client.delete_block_document(document.id)
        return
    spec = await load_project(project)
    environments = {
        name: overrides for name, overrides in spec.environments.items() if name != environment
    }
    if environments != spec.environments:
        remaining = Project.of(spec.model_copy(update={"environments": environments}))
        await remaining.asave(project, overwrite=True)


def _sentences(subject: ForgetScope, forgotten: Forgotten) -> Iterator[str]:
    place = f"{subject.project} in {subject.environment or 'all environments'}"
    ended, removed = (
        count_of(forgotten.stopped, "instance"),
        count_of(forgotten.releases, "release"),
    )
    yield f"{place}: {ended} ended, {removed} removed"
    for folder in forgotten.deleted:
        yield f"deleted its data in {folder}"
    for folder in forgotten.kept:
        yield f"kept its data in {folder}"


async def _still_named(project: str, environment: str) -> list[str]:
    """Return a sentence for everything that still names what was forgotten."""
    shared = await documents(ENVIRONMENT)
    sentences = [
        f"environments.{name}.shared_with still names {project}"
        for name, fields in sorted(shared.items())
        if not environment and project in (fields.get("shared_with") or [])
    ]
    async with get_client() as client:
        for deployment in await _deployments(client):
            sentences += [
                f"{where} still names {project}"
                for where in naming(deployment, project, environment)
            ]
    return sentences


def naming(deployment: DeploymentResponse, project: str, environment: str = "") -> Iterator[str]:
    """Yield the parts of ``deployment`` whose parameters name ``project`` in that environment."""

    def names(parameters: Mapping[str, Any]) -> bool:
        """Tell whether they name it; without an environment they mean the default one."""
        named_environment = parameters.get("environment", _DEFAULT_ENVIRONMENT)
        named_projects = [parameters.get("project"), *(parameters.get("projects") or ())]
        return project in named_projects and environment in {"", named_environment}

    if names(deployment.parameters):
        yield f"deployment {deployment.entrypoint or deployment.name}"
    for schedule in deployment.schedules:
        parameters: dict[str, Any] = {**deployment.parameters, **(schedule.parameters or {})}
        if names(parameters):
            label = schedule.slug or str(schedule.id)
            yield f"schedule {label} of {deployment.entrypoint or deployment.name}"


async def _deployments(client: PrefectClient) -> list[DeploymentResponse]:
    deployments: list[DeploymentResponse] = []
    while page := await client.read_deployments(limit=_PAGE_SIZE, offset=len(deployments)):
        deployments += page
    return deployments
