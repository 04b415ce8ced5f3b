"""Flows of a user, for what every worker has to do for them; each notes in a file what it does."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.flow_runs import suspend_flow_run


def noted(file: str, line: str) -> None:
    """Add a line to the file."""
    with Path(file).open("a", encoding="utf-8") as notes:
        notes.write(f"{line}\n")


def note_of(kind: str) -> Any:
    """Return a hook that notes that it was called."""

    def hook(flow: object, flow_run: Any, state: object) -> None:
        """Note it in the file of the run; Prefect gives all three by their names."""
        del flow, state
        noted(flow_run.parameters["file"], kind)

    return hook


@flow(
    name="sample-sleep",
    on_completion=[note_of("completed")],
    on_cancellation=[note_of("cancelled")],
    on_crashed=[note_of("crashed")],
    on_failure=[note_of("failed")],
)
async def sleep(file: str, seconds: float = 0.0) -> None:
    """Sleep, and say when it begins and ends."""
    noted(file, f"begins {os.getpid()}")
    await asyncio.sleep(seconds)
    noted(file, "ends")


@flow(name="sample-time-out", timeout_seconds=1, on_failure=[note_of("failed")])
async def time_out(file: str) -> None:
    """Take longer than it may."""
    noted(file, "begins")
    await asyncio.sleep(60)
    noted(file, "ends")


@flow(name="sample-suspend", persist_result=True)
async def suspend(file: str) -> None:
    """Leave its process in the middle, and go on in another one."""
    noted(file, f"begins {os.getpid()}")
    await suspend_flow_run(timeout=300)  # type: ignore[misc]  # Prefect's own overloads
    noted(file, f"ends {os.getpid()}")
