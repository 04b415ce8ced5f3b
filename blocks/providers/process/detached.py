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
from blocks.providers.process.run_status import (
    is_running,
    log_path,
    restart_policy,
    status,
    unseen,
)
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
    """Return the outcome as soon as it has ended, or its shim was killed.

    In the latter case it counts as lost, and may go on: nobody ends it at its limits, or sees its end.

    Raises:
        ShimError: Nothing was ever started in ``directory``.
    """
    while True:
        current = status(directory)
        if isinstance(current, Ended):
            return current.outcome
        if isinstance(current, NotStarted):
            raise ShimError(f"nothing was started in {directory}")
        if not current.supervised:
            return unseen(directory, current)
        await _gone(current.shim.pid)


async def _gone(pid: int) -> None:
    """Return when that process has ended or may have."""
    if not hasattr(os, "pidfd_open"):
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
