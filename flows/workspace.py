"""The workspace of a workload while it runs: made or found again, and left behind or removed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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

    def prepared() -> Release:
        """Make room, then the workspace."""
        trim_workspaces(settings().root, lambda: living(book, time.time()), time.time())
        return open_workspace(release, settings().root, workload_id)

    workspace = await asyncio.to_thread(prepared)
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
        await asyncio.to_thread(leave_workspace, trial.path, keep=False, now=time.time())


async def leave(workload_id: str, *, succeeded: bool) -> None:
    """Keep the workspace of the ended workload where the settings say so, else remove it."""
    chosen = settings()
    keep = chosen.keep_workspaces == "always" or (
        chosen.keep_workspaces == "failed" and not succeeded
    )
    folder = workspaces(chosen.root) / workload_id
    await asyncio.to_thread(leave_workspace, folder, keep=keep, now=time.time())


def living(book: Ledger, now: float) -> set[str]:
    """Return the ids of the workloads that run, or whose run has not died too long ago."""
    return resumable_workloads(book, now - DAYS_KEPT * _DAY)
