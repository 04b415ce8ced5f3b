"""Loads the blocks that a flow names, and returns them as frozen values."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound

from blocks.environment_spec import EnvironmentSpec
from blocks.project import Project
from blocks.project_spec import ProjectSpec, spec_fields
from blocks.providers.interface import Provider
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository
from blocks.repositories.restic_command import local_folder
from blocks.routers.caddy import CaddyRouter
from blocks.routers.interface import Router
from flows.configuration.block_reading import documents
from flows.run_state.secret_redaction import keep_secret
from tasks.backup.sources import full_paths
from tasks.configuration import checked
from tasks.errors import NotFoundError, SlipwayError
from tasks.launch.target import Target, target_of
from tasks.ledger.connection import Ledger
from tasks.ledger.lending import lent_ledger
from tasks.ledger.providers import ProviderChanges, follow_providers
from tasks.settings import settings

PROJECT = "slipway-project"
ENVIRONMENT = "slipway-environment"
PROVIDERS: Mapping[str, type[ShellProvider]] = {"shell": ShellProvider}
REPOSITORIES: Mapping[str, type[ResticRepository]] = {"restic": ResticRepository}


@contextmanager
def own_ledger() -> Iterator[Ledger]:
    """Lend the ledger that the settings name.

    Raises:
        BadInputError: It cannot be opened, or another host acts on it.
    """
    with lent_ledger(settings()) as ledger:
        yield ledger


async def load_project(name: str) -> ProjectSpec:
    """Return the project configured as ``name``; NotFoundError names those there are."""
    return await _project(name, await documents(PROJECT))


async def _project(name: str, projects: Mapping[str, dict[str, Any]]) -> ProjectSpec:
    """Return the project called ``name`` of the documents of all ``projects``."""
    if name not in projects:
        raise _unknown("project", name, projects)
    spec = checked(ProjectSpec, spec_fields(projects[name]), f"projects.{name}")
    keep_secret(secret.get_secret_value() for secret in spec.credentials.values())
    await _hide_users(name, projects[name], spec)
    return spec


async def _hide_users(name: str, document: Mapping[str, Any], spec: ProjectSpec) -> None:
    """Save a project's block again if its addresses hold users or tokens, which become secret."""
    stored = (document["source"], list(document.get("requirements") or []))
    if stored != (spec.source, spec.requirements):
        await Project.of(spec).asave(name, overwrite=True)
        get_run_logger().warning(
            "The addresses of project %s held users or tokens; they are stored as secrets now", name
        )


async def load_environments(without: Collection[str] = ()) -> dict[str, EnvironmentSpec]:
    """Return all environments by name, those ``without`` names left out."""
    environments = await documents(ENVIRONMENT)
    return {
        name: checked(EnvironmentSpec, fields, f"environments.{name}")
        for name, fields in environments.items()
        if name not in without
    }


async def load_target(project: str, environment: str) -> Target:
    """Return ``project`` in ``environment``, with all that the environment inherits."""
    [loaded] = (await load_targets([project], environment)).values()
    if isinstance(loaded, SlipwayError):
        raise loaded
    return loaded


async def load_targets(names: Iterable[str], environment: str) -> dict[str, Target | SlipwayError]:
    """Return each of the projects called ``names`` in ``environment``, or what is wrong with it.

    The secrets of all are redacted from then on, whichever of them a line is about.
    """
    projects, environments = await asyncio.gather(documents(PROJECT), load_environments())
    targets: dict[str, Target | SlipwayError] = {}
    for name in names:
        try:
            spec = await _project(name, projects)
            targets[name] = target = target_of(name, spec, environment, environments)
            keep_secret(target.secrets.values())
        except SlipwayError as error:
            targets[name] = error
    return targets


async def load_providers(names: Iterable[str]) -> dict[str, Provider]:
    """Return the providers called ``names``; without any, all that are configured.

    Ledger and Prefect's limits follow the blocks, whoever made, changed or removed them.
    """
    providers: dict[str, Provider] = {}
    for block in PROVIDERS.values():
        fields = await documents(block.get_block_type_slug())
        providers |= {
            name: checked(block, values, f"providers.{name}").provider(name)
            for name, values in fields.items()
        }
    await follow_blocks(providers)
    selected = list(names) or sorted(providers)
    for name in selected:
        if name not in providers:
            raise _unknown("provider", name, providers)
    if not selected:
        raise _unknown("provider", "", providers)
    return {name: providers[name] for name in selected}


async def follow_blocks(providers: Mapping[str, Provider]) -> ProviderChanges:
    """Update the ledger's providers, and Prefect's limit of the lanes of each."""
    with own_ledger() as ledger:
        changes = await asyncio.to_thread(follow_providers, ledger, providers, time.time())
    if changes != ProviderChanges():
        async with get_client() as client:
            for name in changes.changed:
                lanes = max(1, providers[name].capacity.slots)
                await client.upsert_global_concurrency_limit_by_name(_limit(name), lanes)
            for name in changes.removed:
                with suppress(ObjectNotFound):
                    await client.delete_global_concurrency_limit_by_name(_limit(name))
    return changes


def _limit(provider: str) -> str:
    return f"provider:{provider}"


async def load_repository(name: str) -> ResticRepository:
    """Return the repository configured as ``name``."""
    for block in REPOSITORIES.values():
        repositories = await documents(block.get_block_type_slug())
        if name in repositories:
            return checked(block, repositories[name], f"repositories.{name}")
    raise _unknown("repository", name, repositories)


async def repository_folders() -> dict[str, Path | None]:
    """Return the folder of each repository on this machine, by name; None if it lies elsewhere."""
    return {
        name: local_folder(str(fields["location"]))
        for block in REPOSITORIES.values()
        for name, fields in (await documents(block.get_block_type_slug())).items()
    }


async def project_folders() -> dict[str, list[Path]]:
    """Return the data folders of all projects outside of Slipway's home, by `data of <project>`."""
    return {
        f"data of {name}": full_paths(fields.get("data") or ())
        for name, fields in (await documents(PROJECT)).items()
    }


async def load_router() -> Router:
    """Return the router that `make up` has configured."""
    routers = await documents(CaddyRouter.get_block_type_slug())
    if "local" not in routers:
        raise NotFoundError("router", "local", list(routers), "Run `make up`, which makes it.")
    return CaddyRouter(**routers["local"]).router()


def _unknown(kind: str, name: str, existing: Mapping[str, object]) -> NotFoundError:
    remedy = (
        f"Create a {kind} block of that name in the UI, or in slipway.yaml and run `configure`."
    )
    return NotFoundError(kind, name, list(existing), remedy)
