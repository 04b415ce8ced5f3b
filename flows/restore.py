"""The flow `restore`: restores a snapshot to a folder, and compares it with what was backed up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefect import flow
from prefect.utilities.annotations import opaque

from blocks.parameter import FilePath, Name, SnapshotId
from flows.configuration.block_loading import (
    load_project,
    load_repository,
    own_ledger,
    project_folders,
    repository_folders,
)
from flows.run_state.completion import remarked
from flows.run_state.failure import fails_plainly
from tasks.backup import task as backing_up
from tasks.backup.target import refuse_kept
from tasks.errors import NotFoundError
from tasks.quantities import count_of
from tasks.roots import refuse_outside
from tasks.settings import settings


@flow(
    name="restore",
    flow_run_name="restore {project} to {target}",
    description="Restore a snapshot to a folder and compare it with what was backed up.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def restore_flow(project: Name, target: FilePath, snapshot: SnapshotId = "latest") -> bool:
    """Restore a snapshot beside what runs; nothing that runs is touched.

    Args:
        project: Name of the Project block.
        target: A new or empty folder, as an absolute path: neither in what Slipway keeps nor
            around it, nor in the data of a project. Directly in the folder of Slipway it may be a
            new one.
        snapshot: Id of the snapshot, the start of it, or `latest`.

    Returns:
        True: every restored file is identical to the one that was backed up.
    """
    refuse_outside("target", Path(target), settings().allowed_roots)
    folders = await repository_folders(), await project_folders()
    refuse_kept(Path(target), settings().root, Path.cwd(), *folders)
    try:
        spec = await load_project(project)
    except NotFoundError as error:
        remedy = "To restore what was forgotten, configure the project again: snapshots stay."
        raise NotFoundError("project", project, error.known, remedy) from error
    repository = await load_repository(spec.repository)
    with own_ledger() as ledger:
        # Prefect need not look for futures in it.
        recorded: Any = opaque(ledger)
        compared = await backing_up.restore(project, repository, recorded, Path(target), snapshot)
    summary = (
        f"{count_of(compared.files, 'file')} of {project} restored to {target}, as backed up"
        if compared.files
        else f"Nothing was restored to {target}: there is no file in the snapshot of {project}"
    )
    changed = len(compared.changed)
    while_backed_up = f"{count_of(changed, 'path')} changed while they were backed up."
    return remarked(compared.identical, summary, [while_backed_up] if changed else [])
