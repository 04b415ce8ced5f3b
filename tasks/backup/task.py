"""The Prefect tasks of backup: `backup` takes a snapshot, `restore` brings one back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from blocks.repositories.errors import RepositoryCancelledError
from blocks.repositories.interface import Progress, Snapshot
from blocks.repositories.restic import ResticRepository
from blocks.repositories.restic_engine import ResticEngine
from tasks.artifact import artifact_key, one_line
from tasks.backup import report
from tasks.backup.comparison import Comparison, ComparisonError
from tasks.backup.restore import LATEST, choose
from tasks.backup.restore import restore as restore_snapshot
from tasks.backup.snapshot import snapshot as take_snapshot
from tasks.backup.subject import BackupSubject, environment_of, tags
from tasks.backup.target import check_target
from tasks.backup.warnings import details_of, warnings_of
from tasks.cancellation import in_thread, is_cancelled
from tasks.companion import shown
from tasks.events import backup_done, backup_warning, insight_closed, insight_raised
from tasks.ledger.connection import Ledger
from tasks.ledger.insights import BACKUP, RaisedInsight, open_insights, write_insights
from tasks.ledger.snapshots import holds_snapshots, record_snapshot
from tasks.quantities import size

_PROGRESS_SECONDS = 1.0


@task(
    name="backup",
    task_run_name="backup {subject.project} in {subject.environment}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def backup(
    subject: BackupSubject,
    repository: ResticRepository,
    ledger: Ledger,
    home: Path,
    read_data_subset: str = "",
) -> Snapshot:
    """Back up ``subject``; prove the repository and record the snapshot.

    A run that is cancelled before that leaves no snapshot.

    Args:
        subject: The project and environment to back up, from `project_subject`.
        repository: Where the snapshot goes.
        ledger: Where it is recorded.
        home: Slipway's home folder; dumps wait below it.
        read_data_subset: A part of all data to read back (`5%`, `1/7`); empty: structure only.
    """
    engine = await asyncio.to_thread(_known_engine, repository, ledger)
    staging = home / "staging" / subject.project / subject.environment

    def take_verified(report_progress: Callable[[Progress], None]) -> Snapshot:
        """Take, check and record a snapshot; none is left where the run is cancelled."""
        snapshot = take_snapshot(engine, subject, staging, report_progress)
        try:
            engine.check(read_data_subset)
        except RepositoryCancelledError:
            repository.engine().forget([snapshot.id])
            raise
        record_snapshot(ledger, snapshot)
        return snapshot

    async with _progress(
        f"Backup of {subject.project} in {subject.environment}"
    ) as report_progress:
        snapshot = await in_thread(lambda: take_verified(report_progress))
    get_run_logger().info(
        "Snapshot %s: %d files, %s, of which %s new, in %.1f s",
        snapshot.id[:8],
        snapshot.files,
        size(snapshot.total_bytes),
        size(snapshot.added_bytes),
        snapshot.seconds,
    )
    done = backup_done(subject.project, subject.environment, snapshot.id, snapshot.total_bytes)
    emit_event(**done.document())
    await asyncio.to_thread(_warn, snapshot, subject, ledger)
    await acreate_markdown_artifact(
        report.snapshot_report(snapshot, read_data_subset),
        key=artifact_key("backup", subject.project, subject.environment),
        description=one_line(
            f"Snapshot {snapshot.id[:8]} of {subject.project} in {subject.environment}"
        ),
    )
    return snapshot


def _known_engine(repository: ResticRepository, ledger: Ledger) -> ResticEngine:
    """Return the engine of a run that can be cancelled, and that tells a lost repository."""
    engine = repository.engine()
    known = holds_snapshots(ledger, engine.name)
    return replace(engine, cancelled=is_cancelled, is_known=known)


def _warn(snapshot: Snapshot, subject: BackupSubject, ledger: Ledger) -> None:
    """Report what is wrong with a snapshot: to the log, as an event, and as an insight.

    The insight stays open until a snapshot of the same project and environment has no warning.
    """
    key, now = f"{snapshot.project}/{snapshot.environment}", time.time()
    sentences = warnings_of(snapshot, stateless=subject.stateless)
    open_rows = [row for row in open_insights(ledger) if (row.kind, row.key) == (BACKUP, key)]
    if sentences:
        message = " ".join(sentences)
        get_run_logger().warning("\n".join([message, *details_of(snapshot)]))
        warning = backup_warning(snapshot.project, snapshot.environment, snapshot.id, message)
        emit_event(**warning.document())
        since = open_rows[0].since if open_rows else now
        raised = open_rows[0].raised_at if open_rows else now
        row = RaisedInsight(BACKUP, key, "critical", "", message, since, raised, now)
        write_insights(ledger, [row])
        if not open_rows:
            emit_event(**insight_raised(BACKUP, key, row.severity, message).document())
    elif open_rows:
        [row] = open_rows
        write_insights(ledger, [replace(row, seen_at=now, closed_at=now)])
        emit_event(**insight_closed(BACKUP, key, row.severity, row.size).document())


@task(
    name="restore",
    task_run_name="restore {project} to {target}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def restore(
    project: str,
    repository: ResticRepository,
    ledger: Ledger,
    target: Path,
    snapshot_id: str = LATEST,
) -> Comparison:
    """Restore a snapshot of the project into a new or empty folder, and compare it.

    A run that is cancelled leaves the folder as it was.

    Args:
        project: Name of the project.
        repository: Where its snapshots are.
        ledger: Where they are recorded.
        target: The folder, in full.
        snapshot_id: An id, the start of one, or `latest`.

    Raises:
        BadInputError: The target may not be written to, or there is no such snapshot.
        ComparisonError: What came back is not what was backed up; it is kept to be looked at.
    """
    engine = await asyncio.to_thread(_known_engine, repository, ledger)
    check_target(target, [("repository", engine.folder)])
    snapshots = await asyncio.to_thread(engine.snapshots, tags(project))
    snapshot = choose(snapshots, snapshot_id)
    comparison = await in_thread(lambda: restore_snapshot(engine, snapshot, target))
    get_run_logger().info(
        "Restored snapshot %s to %s: %d files, %s, in %.1f s",
        snapshot.id[:8],
        target,
        comparison.files,
        size(comparison.bytes),
        comparison.seconds,
    )
    environment = environment_of(snapshot.tags)
    await acreate_markdown_artifact(
        report.comparison_report(snapshot.id, str(target), comparison),
        key=artifact_key("restore", project, environment),
        description=one_line(f"Restore of snapshot {snapshot.id[:8]} of {project}, compared"),
    )
    if not comparison.identical:
        raise ComparisonError(snapshot.id, target, comparison)
    return comparison


@asynccontextmanager
async def _progress(description: str) -> AsyncIterator[Callable[[Progress], None]]:
    """Show the newest progress that is reported, once a second at most."""
    artifact = await acreate_progress_artifact(0.0, description=description)
    newest = [Progress(0.0)]

    async def show(progress: Progress) -> None:
        """Update the progress artifact."""
        text = f"{description}: {report.progress_line(progress)}"
        await aupdate_progress_artifact(artifact, progress.fraction * 100, text)

    async with shown(newest, show, _PROGRESS_SECONDS, _log_failure):
        yield lambda progress: newest.__setitem__(0, progress)
    await aupdate_progress_artifact(artifact, 100.0, description)


def _log_failure(description: str, error: BaseException) -> None:
    get_run_logger().warning("%s: %s", description, error, exc_info=error)
