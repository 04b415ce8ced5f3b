"""The way from block names to frozen values: what every flow starts with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import BaseModel

from blocks.environment_spec import EnvironmentSpec
from blocks.project import Project, spec_fields
from blocks.project_spec import ProjectSpec
from blocks.providers.interface import Provider
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository
from blocks.repositories.restic_command import local_folder
from blocks.routers.caddy import CaddyRouter
from blocks.routers.interface import Router
from flows.run_state.secret_redaction import keep_secret
from tasks.backup.sources import full_paths
from tasks.configuration import checked
from tasks.errors import NotFoundError
from tasks.launch.target import Target, target_of
from tasks.ledger.connection import Ledger
from tasks.ledger.hosts import open_own_ledger
from tasks.ledger.providers import Followed, follow_providers
from tasks.settings import settings

Spec = TypeVar("Spec", bound=BaseModel)

PROJECT, ENVIRONMENT = "slipway-project", "slipway-environment"
PROVIDERS: Mapping[str, type[ShellProvider]] = {"shell": ShellProvider}
REPOSITORIES: Mapping[str, type[ResticRepository]] = {"restic": ResticRepository}


@contextmanager
def ledger() -> Iterator[Ledger]:
    """Give the ledger that the settings name, and close it.

    Raises:
        BadInputError: It cannot be opened, or another host acts on it.
    """
    book = open_own_ledger(settings())
    try:
        yield book
    finally:
        book.close()


async def documents(slug: str) -> dict[str, dict[str, Any]]:
    """Return the fields of every block of the type ``slug``, by block name."""
    async with get_client() as client:
        found = await client.read_block_documents_by_type(slug)
    return {document.name: document.data for document in found if document.name}


async def load_project(name: str) -> ProjectSpec:
    """Return the project configured as ``name``; NotFoundError names those there are."""
    found = await documents(PROJECT)
    spec = _pick(ProjectSpec, "project", name, {n: spec_fields(each) for n, each in found.items()})
    keep_secret(secret.get_secret_value() for secret in spec.credentials.values())
    await _hide_users(name, found[name], spec)
    return spec


async def _hide_users(name: str, document: Mapping[str, Any], spec: ProjectSpec) -> None:
    """Save a block anew in whose addresses a user stands, where everybody may read it."""
    written = (document["source"], list(document.get("requirements") or []))
    if written != (spec.source, spec.requirements):
        await Project.of(spec).asave(name, overwrite=True)
        get_run_logger().warning(
            "The addresses of project %s held users or tokens; they are secret now", name
        )


async def load_environments() -> dict[str, EnvironmentSpec]:
    """Return all environments, by name."""
    found = await documents(ENVIRONMENT)
    return {
        name: checked(EnvironmentSpec, fields, f"environments.{name}")
        for name, fields in found.items()
    }


async def load_target(project: str, environment: str) -> Target:
    """Return ``project`` in ``environment``, with all that the environment inherits."""
    spec = await load_project(project)
    target = target_of(project, spec, environment, await load_environments())
    keep_secret(target.secrets.values())
    return target


async def load_providers(names: Iterable[str]) -> dict[str, Provider]:
    """Return the providers called ``names``; without any, all that are configured.

    Ledger and Prefect's limits follow the blocks, whoever made, changed or removed them.
    """
    found: dict[str, Provider] = {}
    for block in PROVIDERS.values():
        fields = await documents(block.get_block_type_slug())
        found |= {
            name: checked(block, values, f"providers.{name}").provider(name)
            for name, values in fields.items()
        }
    await follow_blocks(found)
    wanted = list(names) or sorted(found)
    for name in wanted:
        if name not in found:
            raise _unknown("provider", name, found)
    if not wanted:
        raise _unknown("provider", "", found)
    return {name: found[name] for name in wanted}


async def follow_blocks(found: Mapping[str, Provider]) -> Followed:
    """Tell the ledger what providers there are, and Prefect the lanes of each."""
    with ledger() as book:
        news = await asyncio.to_thread(follow_providers, book, found, time.time())
    if news != Followed():
        async with get_client() as client:
            for name in news.changed:
                lanes = max(1, found[name].capacity.slots)
                await client.upsert_global_concurrency_limit_by_name(_limit(name), lanes)
            for name in news.removed:
                with suppress(ObjectNotFound):
                    await client.delete_global_concurrency_limit_by_name(_limit(name))
    return news


def _limit(provider: str) -> str:
    return f"provider:{provider}"


async def load_repository(name: str) -> ResticRepository:
    """Return the repository configured as ``name``."""
    for block in REPOSITORIES.values():
        found = await documents(block.get_block_type_slug())
        if name in found:
            return checked(block, found[name], f"repositories.{name}")
    raise _unknown("repository", name, found)


async def repository_folders() -> dict[str, Path | None]:
    """Return in which folder of this machine each repository lies, by name; None: elsewhere."""
    return {
        name: local_folder(str(fields["location"]))
        for block in REPOSITORIES.values()
        for name, fields in (await documents(block.get_block_type_slug())).items()
    }


async def project_folders() -> dict[str, list[Path]]:
    """Return the folders of all projects outside of Slipway's home, by what they are.

    They are called `data of <project>`.
    """
    return {
        f"data of {name}": full_paths(fields.get("data") or ())
        for name, fields in (await documents(PROJECT)).items()
    }


async def load_router() -> Router:
    """Return the router that `make up` has configured."""
    found = await documents(CaddyRouter.get_block_type_slug())
    if "local" not in found:
        raise NotFoundError("router", "local", list(found), "Run `make up`, which makes it.")
    return CaddyRouter(**found["local"]).router()


def _pick(model: type[Spec], kind: str, name: str, found: Mapping[str, dict[str, Any]]) -> Spec:
    if name not in found:
        raise _unknown(kind, name, found)
    return checked(model, found[name], f"{kind}s.{name}")


def _unknown(kind: str, name: str, found: Mapping[str, object]) -> NotFoundError:
    remedy = (
        f"Create a {kind} block of that name in the UI, or in slipway.yaml and run `configure`."
    )
    return NotFoundError(kind, name, list(found), remedy)
