"""The workspace of a workload while it runs: made or found again, and left behind or removed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from prefect import get_run_logger

from blocks.workload_spec import PytestWorkload, SplittableSpec
from tasks.launch.kinds.limit import within
from tasks.launch.workspace import (
    DAYS_KEPT,
    leave_workspace,
    open_trial,
    open_workspace,
    provide_pytest,
    trim_workspaces,
    workspaces,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import resumable_workloads
from tasks.narration import narrated
from tasks.release import Release
from tasks.settings import settings

_DAY = 86_400.0


async def workspace_of(
    workload_id: str, release: Release, spec: SplittableSpec, book: Ledger
) -> Release:
    """Return where the workload works, with what it needs; old ones of others are removed.

    Raises:
        SlipwayError: It cannot be made.
    """

    def prepared() -> tuple[Release, Sequence[str]]:
        """Make room, then the workspace; say what is left of others."""
        root, now = settings().root, time.time()
        trimmed = trim_workspaces(root, lambda: living(book, now), now)
        return open_workspace(release, root, workload_id), trimmed.left

    workspace, left = await asyncio.to_thread(prepared)
    for sentence in left:
        get_run_logger().warning("%s", sentence)
    await _provide(workspace, spec)
    return workspace


async def _provide(workspace: Release, spec: SplittableSpec) -> None:
    if isinstance(spec, PytestWorkload):
        async with narrated(get_run_logger().info):
            where = await within(settings().build_seconds, lambda: provide_pytest(workspace))
        if where:
            get_run_logger().info("The workspace has pytest from %s", where)


@asynccontextmanager
async def trial_of(release: Release, spec: SplittableSpec) -> AsyncIterator[Release]:
    """Give a workspace for a look at what would be run; it is gone afterwards."""
    trial = await asyncio.to_thread(open_trial, release, settings().root)
    try:
        await _provide(trial, spec)
        yield trial
    finally:
        await _leave(trial.path, keep=False)


async def leave(workload_id: str, *, succeeded: bool) -> None:
    """Keep the workspace of the ended workload where the settings say so, else remove it."""
    chosen = settings()
    keep = chosen.keep_workspaces == "always" or (
        chosen.keep_workspaces == "failed" and not succeeded
    )
    await _leave(workspaces(chosen.root) / workload_id, keep=keep)


async def _leave(folder: Path, *, keep: bool) -> None:
    """Keep or remove the workspace ``folder``; where it cannot be removed, the run goes on."""
    if left := await asyncio.to_thread(leave_workspace, folder, keep=keep, now=time.time()):
        get_run_logger().warning("%s", left)


def living(book: Ledger, now: float) -> set[str]:
    """Return the ids of the workloads that run, or whose run has not died too long ago."""
    return resumable_workloads(book, now - DAYS_KEPT * _DAY)
