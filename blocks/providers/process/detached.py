"""Starts, finds, awaits and stops processes that outlive their caller; free of Prefect.

A directory is the identity of a run: it is started at most once, however often that is requested.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from blocks.providers.interface import Outcome
from blocks.providers.process.identity import (
    ProcessIdentity,
    age_seconds,
    is_alive,
    known_alive,
    own_identity,
    owner_alive,
)
from blocks.providers.process.run_status import is_running, log_path, restart_policy, status
from blocks.providers.process.shim_spec import (
    Ended,
    NotStarted,
    Running,
    ShimError,
    ShimSpec,
    Status,
)
from blocks.providers.process.spawn import start
from blocks.providers.process.stopping import stop

__all__ = [
    "Ended",
    "NotStarted",
    "ProcessIdentity",
    "Running",
    "ShimError",
    "ShimSpec",
    "Status",
    "age_seconds",
    "is_alive",
    "is_running",
    "known_alive",
    "log_path",
    "own_identity",
    "owner_alive",
    "restart_policy",
    "start",
    "status",
    "stop",
    "wait",
]

_POLL_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 5.0


async def wait(directory: Path) -> Outcome:
    """Return the outcome as soon as it has ended.

    Raises:
        ShimError: Nothing was ever started in ``directory``.
    """
    while True:
        current = status(directory)
        if isinstance(current, Ended):
            return current.outcome
        if isinstance(current, NotStarted):
            raise ShimError(f"nothing was started in {directory}")
        await _gone(current)


async def _gone(running: Running) -> None:
    """Return when the shim, or the child of a dead shim, has ended or may have."""
    pid = running.shim.pid if running.supervised else running.child_pid
    if pid is None or not hasattr(os, "pidfd_open"):
        await asyncio.sleep(_POLL_SECONDS)
        return
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # gone, or a kernel without pidfd
        await asyncio.sleep(_POLL_SECONDS)
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(handle, ended.set)
    try:
        async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
            await ended.wait()
    except TimeoutError:
        return
    finally:
        loop.remove_reader(handle)
        os.close(handle)
