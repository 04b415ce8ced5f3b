"""Opens the workspace of a workload for its run, and keeps or removes it afterwards."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from prefect import get_run_logger

from blocks.workload_spec import PytestWorkload, SplittableSpec
from tasks.launch.build_limit import within
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

_DAY_SECONDS = 86_400.0


async def workspace_of(
    workload_id: str,
    release: Release,
    spec: SplittableSpec,
    ledger: Ledger,
    *,
    base: Callable[[], Path | None] = lambda: None,
) -> Release:
    """Return the workspace of the workload, ready to use; remove old ones of other workloads.

    It is a copy of the release, or of its workspace ``base`` with what steps have written there.

    Raises:
        SlipwayError: It cannot be created.
    """

    def prepared() -> tuple[Release, Sequence[str]]:
        """Remove old workspaces, then open ours; return sentences on what could not be removed."""
        root, now = settings().root, time.time()
        trimmed = trim_workspaces(root, lambda: living(ledger, now), now)
        copied = replace(release, path=base() or release.path)
        return open_workspace(copied, root, workload_id), trimmed.left

    workspace, leftovers = await asyncio.to_thread(prepared)
    for sentence in leftovers:
        get_run_logger().warning("%s", sentence)
    await _provide(workspace, spec)
    return workspace


async def _provide(workspace: Release, spec: SplittableSpec) -> None:
    if isinstance(spec, PytestWorkload):
        async with narrated(get_run_logger().info):
            origin = await within(settings().build_seconds, lambda: provide_pytest(workspace))
        if origin:
            get_run_logger().info("The workspace has pytest from %s", origin)


@asynccontextmanager
async def trial_of(release: Release, spec: SplittableSpec) -> AsyncIterator[Release]:
    """Yield a workspace for a dry run; it is removed afterwards."""
    trial = await asyncio.to_thread(open_trial, release, settings().root)
    try:
        await _provide(trial, spec)
        yield trial
    finally:
        await _leave(trial.path, keep=False)


async def close_workspace(workload_id: str, *, succeeded: bool) -> None:
    """Keep the workspace of the ended workload if the settings say so, else remove it."""
    config = settings()
    keep = config.keep_workspaces == "always" or (
        config.keep_workspaces == "failed" and not succeeded
    )
    await _leave(workspaces(config.root) / workload_id, keep=keep)


async def _leave(folder: Path, *, keep: bool) -> None:
    """Keep or remove the workspace ``folder``; if it cannot be removed, the run goes on."""
    if problem := await asyncio.to_thread(leave_workspace, folder, keep=keep, now=time.time()):
        get_run_logger().warning("%s", problem)


def living(ledger: Ledger, now: float) -> set[str]:
    """Return the ids of the workloads that run, or whose run has not died too long ago."""
    return resumable_workloads(ledger, now - DAYS_KEPT * _DAY_SECONDS)
