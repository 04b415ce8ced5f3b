"""The flow `backup`: takes a snapshot of the data of a project."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from prefect import flow
from prefect.events import emit_event
from prefect.utilities.annotations import opaque
from pydantic import SecretStr

from blocks.environment_spec import EnvironmentSpec
from blocks.parameter import Name, NameOrAll, Projects
from blocks.repositories.errors import RepositoryCancelledError
from blocks.repositories.interface import Snapshot
from blocks.repositories.restic import ResticRepository
from flows.configuration.block_loading import PROJECT, load_repository, own_ledger
from flows.configuration.block_reading import documents
from flows.configuration.run_names import named
from flows.project.side_by_side import HEAVY_AT_ONCE, Request, Subject, on_projects, part
from flows.project.written_data import data_remarks
from flows.run_state.completion import remarked
from flows.run_state.failure import fails_plainly
from flows.run_state.secret_redaction import redacted
from tasks.backup import task as backing_up
from tasks.backup.sources import check_sources, hold_anything
from tasks.backup.subject import project_subject, sources_of
from tasks.backup.warnings import summary, warnings_of
from tasks.events import backup_failed
from tasks.launch.serving_release import live_release
from tasks.launch.target import Target, launcher_of
from tasks.ledger.connection import Ledger
from tasks.settings import settings


@flow(
    name="backup",
    flow_run_name=named("backup {project} in {environment}"),
    description="Take a consistent, encrypted, incremental snapshot of a project's data.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def backup_flow(
    project: NameOrAll = "", projects: Projects = None, environment: Name = "dev"
) -> str | list[dict[str, Any]]:
    """Back up the data of a project while it runs, and check the repository.

    SQLite files are dumped consistently, whoever writes to them meanwhile. The trouble of one
    file is its own: what cannot be dumped is copied as a plain file, what cannot be read or
    brought back is left out, and both are named in the state of the run. So is a backup of
    nothing, unless the project says that it is stateless.

    Args:
        project: Name of the Project block; empty where `projects` are given.
        projects: Several projects instead, which are backed up side by side: names, globs such as
            `web-*`, tags such as `tag:team-a`.
        environment: Name of the Environment block, e.g. `dev`.

    Returns:
        The id of the snapshot; of several projects, what became of each.
    """

    async def back_up(subject: Subject) -> str:
        """Back up one project."""
        with failure_emitted(subject.project, environment):
            target = subject.target
            repository = await load_repository(target.spec.repository)
            refuse_impossible_backup(target, repository)
            with own_ledger() as ledger:
                snapshot = await take_snapshot(target, repository, ledger)
        warnings = warnings_of(snapshot, stateless=target.spec.stateless)
        forgotten = forgotten_meanwhile(snapshot, await documents(PROJECT))
        remarks = [*forgotten, *warnings, *await data_remarks(target)]
        return remarked(snapshot.id, summary(snapshot), remarks)

    request = Request("backup", project, projects, environment)
    return await on_projects(request, back_up, at_once=HEAVY_AT_ONCE)


@contextmanager
def failure_emitted(project: str, environment: str) -> Iterator[None]:
    """Emit an event where the backup inside fails; one that is cancelled has not failed."""
    try:
        yield
    except RepositoryCancelledError:
        raise
    except Exception as error:
        emit_event(**backup_failed(project, environment, redacted(str(error))).document())
        raise


def forgotten_meanwhile(snapshot: Snapshot, configured: Container[str]) -> list[str]:
    """Return a sentence if the project was forgotten, or its data removed, during the backup."""
    if snapshot.project in configured and all(path.exists() for path in snapshot.sources):
        return []
    place = f"{snapshot.project} in {snapshot.environment}"
    removed = f"{place} was forgotten, or its data removed, while it was backed up"
    return [f"{removed}: the snapshot holds what was read before."]


def refuse_impossible_backup(target: Target, repository: ResticRepository) -> None:
    """Refuse a backup that could only fail, before anything is started or created.

    Raises:
        BadInputError: A folder that the project names cannot be backed up.
        MissingProgramError: restic is not installed.
    """
    engine = repository.engine()
    engine.installed()
    _, *named = sources_of(target.project, target.environment, target.spec, settings().root)
    check_sources(target.project, named, [("repository", engine.folder)])


def has_data(target: Target) -> bool:
    """Tell whether ``target`` has anything to back up."""
    sources = sources_of(target.project, target.environment, target.spec, settings().root)
    return hold_anything(sources)


async def take_snapshot(
    target: Target, repository: ResticRepository, ledger: Ledger, after: Iterable[object] = ()
) -> Snapshot:
    """Back up ``target`` to ``repository``; ``after`` are the results that it waits for."""
    launcher = launcher_of(target, ledger)
    await asyncio.to_thread(launcher.gather)
    subject = project_subject(
        target.project,
        target.environment,
        spec=target.spec,
        variables=EnvironmentSpec(
            variables=dict(target.variables),
            secrets={name: SecretStr(value) for name, value in target.secrets.items()},
        ),
        home=settings().root,
        release=live_release(launcher),
    )
    return await part(backing_up.backup)(
        opaque(subject),
        opaque(repository),
        opaque(ledger),
        settings().root,
        wait_for=[opaque(result) for result in after],
    )
