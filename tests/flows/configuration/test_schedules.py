"""Tests that the schedules of Project blocks become those of the operations, on a Prefect server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import DeploymentSchedule

from blocks.project import Project
from blocks.project_spec import ProjectSpec
from flows.backup import backup_flow
from flows.configuration import block_reading, schedules
from flows.configuration.block_loading import ENVIRONMENT, PROJECT
from flows.configuration.schedules import follow_projects, remove_schedules
from stack.registration.operations import strict_schema
from tests.run_forms import run_forms

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

SLUG = "project:nightly/backup"
USERS = {"schedule": {"cron": "0 1 * * *"}, "active": True, "parameters": {"project": "mine"}}


@pytest.fixture
async def deployment(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[UUID]:
    """Give the deployment of `backup`, with a schedule that the user has made."""

    async def environments(slug: str) -> dict[str, dict[str, Any]]:
        """Return the blocks of the server, and an environment that needs no block."""
        return {"dev": {}} if slug == ENVIRONMENT else await documents(slug)

    documents = block_reading.documents
    monkeypatch.setattr(schedules, "documents", environments)
    async with get_client() as client:
        deployment_id = await client.create_deployment(
            flow_id=await client.create_flow(backup_flow),
            name="backup",
            parameter_openapi_schema=strict_schema(run_forms()["backup/backup"]),
        )
        await client.request("POST", f"/deployments/{deployment_id}/schedules", json=[USERS])  # type: ignore[arg-type] # any path
        yield deployment_id
        await client.delete_deployment(deployment_id)


async def _configure(name: str, **schedules_of_it: Any) -> None:
    spec = ProjectSpec.model_validate({"source": "x", "schedules": schedules_of_it})
    await Project.of(spec).asave(name, overwrite=True)


async def _stored(deployment: UUID) -> dict[str, DeploymentSchedule]:
    async with get_client() as client:
        rows = await client.read_deployment_schedules(deployment)
    return {each.slug or "of the user": each for each in rows}


@flow
async def _follow() -> tuple[list[str], list[str]]:
    return await follow_projects()


@flow
async def _remove(project: str) -> list[str]:
    return await remove_schedules(project)


async def test_schedules_follow_their_project_and_no_other_is_touched(deployment: UUID) -> None:
    """A schedule would stay behind, lose its switch, or take those of the user with it."""
    await _configure("nightly", backup={"cron": "0 2 * * *", "environment": "dev"})
    assert await _follow() == ([SLUG], [])
    first = await _stored(deployment)
    assert first[SLUG].parameters == {"project": "nightly", "environment": "dev"}
    async with get_client() as client:
        await client.update_deployment_schedule(
            deployment, first[SLUG].id, active=False, parameters=first[SLUG].parameters
        )
    await _configure("nightly", backup="0 4 * * *")
    await _follow()
    second = await _stored(deployment)
    assert (second[SLUG].id, second[SLUG].active) == (first[SLUG].id, False)
    assert getattr(second[SLUG].schedule, "cron", "") == "0 4 * * *"
    assert second[SLUG].parameters == {"project": "nightly"}
    assert second["of the user"] == first["of the user"]
    assert SLUG in (await _remove("nightly"))[0]
    assert set(await _stored(deployment)) == {"of the user"}
    assert await _remove("nightly") == []


async def test_all_new_ones_are_added_at_once_and_nothing_twice(
    deployment: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: to load a file of twenty projects takes a request for each of their schedules."""
    sent: list[str] = []
    send = PrefectClient.request

    async def request(client: Any, method: Any, path: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(f"{method} {path}")
        return await send(client, method, path, *args, **kwargs)

    for name in ("nightly", "daily"):
        await _configure(name, backup=["0 2 * * *", "0 3 * * *"])
    monkeypatch.setattr(PrefectClient, "request", request)
    await _follow()
    await _follow()
    assert [each for each in sent if "/schedules" in each] == ["POST /deployments/{id}/schedules"]
    assert len(await _stored(deployment)) == 5
    for name in ("nightly", "daily"):
        await _remove(name)
    async with get_client() as client:
        for name in ("nightly", "daily"):
            block = await client.read_block_document_by_name(name, PROJECT)
            await client.delete_block_document(block.id)


async def test_an_impossible_schedule_of_a_block_changes_nothing(deployment: UUID) -> None:
    """A typo in the UI would lose a schedule, or keep every other project from being configured."""
    await _configure("nightly", backup="0 2 * * *")
    await _follow()
    await _configure("nightly", backup="nonsense")
    await _configure("other", backup="0 5 * * *")
    slugs, remarks = await _follow()
    assert "project:other/backup" in slugs
    [remark] = remarks
    assert remark.startswith("The schedules of nightly stay as they are: projects.nightly.")
    assert set(await _stored(deployment)) == {"of the user", SLUG, "project:other/backup"}
    async with get_client() as client:
        for name in ("nightly", "other"):
            block = await client.read_block_document_by_name(name, PROJECT)
            await client.delete_block_document(block.id)
    await _follow()
    assert set(await _stored(deployment)) == {"of the user"}
