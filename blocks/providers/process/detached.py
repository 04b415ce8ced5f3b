"""Starts, finds, awaits and stops processes that outlive us; free of Prefect.

A directory is the identity of a run: it is started at most once, however often that is requested.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from signal import SIGKILL, SIGTERM

import psutil

from blocks.providers.interface import End, Outcome
from blocks.providers.process import run_directory as files
from blocks.providers.process.identity import (
    ProcessIdentity,
    age_seconds,
    identity_here,
    is_alive,
    known_alive,
    own_identity,
    owner_alive,
    this_boot,
)
from blocks.providers.process.process_table import entry
from blocks.providers.process.shim_spec import (
    Ended,
    NotStarted,
    Running,
    ShimError,
    ShimSpec,
    Status,
)
from blocks.providers.process.spawn import SHIM_PROGRAM, start
from blocks.providers.process.sweep import SweptRun, signal_process, sweep

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

_STOP_MARGIN_SECONDS = 15.0
_POLL_SECONDS = 0.05
_LOOK_AGAIN_SECONDS = 5.0
_KILLED = "its shim was killed, and nothing recorded how it ended"


def log_path(directory: Path) -> Path:
    """Return the newest log of the run in ``directory``."""
    return directory / files.LOG


def status(directory: Path) -> Status:
    """Return the status of the run in ``directory``, by its processes and not by records alone.

    A record that cannot be read makes this run count as lost, and no other.
    """
    try:
        return _status(directory)
    except files.UnreadableRecordError as error:
        return Ended(_lost(directory, None, f"{error}: the run counts as lost"))


def is_running(directory: Path) -> bool:
    """Tell whether the run in ``directory`` has a live process, its shim or what it started."""
    return isinstance(status(directory), Running)


def _status(directory: Path) -> Status:
    state = files.read_record(directory, files.STATE)
    if state is None:
        return NotStarted()
    shim = identity_here(state["shim"]["pid"], state["shim"]["started"])
    supervised = _same_boot(directory) and is_alive(shim)
    # Read after the check of the shim, which may have written this just before it ended.
    exit_record = files.read_record(directory, files.EXIT)
    if exit_record is not None:
        return Ended(_outcome(directory, exit_record))
    child = _child_alive(directory, state)
    if not supervised and child is None:
        return Ended(_lost(directory, state["started_at"], _KILLED))
    return Running(
        shim,
        child,
        state["restarts"],
        state["started_at"],
        supervised,
        state.get("quick_ends", 0),
        state.get("began_at", 0.0),
        state.get("last_end", ""),
        state.get("left_behind", 0),
    )


def restart_policy(directory: Path) -> str:
    """Return the restart policy with which the run in ``directory`` was started.

    It is ``always`` if nothing was ever started.
    """
    return str(files.readable_record(directory, files.SPEC).get("restart", "always"))


def stop(directory: Path, grace_seconds: float) -> Outcome | None:
    """End the whole tree, verify that nothing is left, and return its outcome.

    Works when the shim is dead as well. None when nothing was ever started.

    Raises:
        ShimError: Some processes cannot be ended.
    """
    before = status(directory)
    if isinstance(before, Running) and before.supervised:
        _stop_shim(directory, before.shim, grace_seconds)
    elif isinstance(before, Ended) and not files.readable_record(directory, files.EXIT):
        # A torn record does not name its shim, which would restart what is swept.
        for shim in _shims_in(directory):
            _stop_shim(directory, shim, grace_seconds)
    if not isinstance(before, NotStarted) and not files.readable_record(directory, files.EXIT):
        _stop_orphans(directory, grace_seconds)
    after = status(directory)
    return after.outcome if isinstance(after, Ended) else None


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


def _same_boot(directory: Path) -> bool:
    spec = files.readable_record(directory, files.SPEC)
    return bool(spec.get("boot_id") == this_boot())


def _child_alive(directory: Path, state: files.Record) -> int | None:
    child = state["child"]
    if child is None or not _same_boot(directory):
        return None
    pid: int = child["pid"]
    return pid if is_alive(identity_here(pid, child["started"])) else None


def _outcome(directory: Path, record: files.Record) -> Outcome:
    names = Outcome.model_fields.keys() & record.keys()
    return Outcome(
        **{name: record[name] for name in names if name != "end"},
        end=End(record["end"]),
        log_path=log_path(directory),
    )


def _lost(directory: Path, started_at: float | None, cause: str) -> Outcome:
    """Return the outcome of a run whose end nobody saw: it ended at its last sign of life."""
    signs = [directory / files.STATE, log_path(directory)]
    changed_at = [path.stat().st_mtime for path in signs if path.exists()]
    began_at = min(changed_at, default=0.0) if started_at is None else started_at
    return Outcome(
        end=End.LOST,
        cause=cause,
        started_at=began_at,
        ended_at=max([began_at, *changed_at]),
        log_path=log_path(directory),
    )


def _shims_in(directory: Path) -> list[ProcessIdentity]:
    """Return the live shims of ``directory``, found in the list of processes."""
    shims = []
    for process in psutil.process_iter(["cmdline"]):
        program, *of = (process.info["cmdline"] or [])[-3:-1] or [""]
        started = entry(process.pid) if of == [str(directory)] else None
        if started and Path(program).name == SHIM_PROGRAM.name:
            shims.append(identity_here(process.pid, started.started))
    return shims


def _stop_shim(directory: Path, shim: ProcessIdentity, grace_seconds: float) -> None:
    files.write_record(directory, files.STOP, {"grace_seconds": grace_seconds})
    signal_process(shim.pid, shim.create_time, SIGTERM)
    _await_end(shim, grace_seconds + _STOP_MARGIN_SECONDS)


def _await_end(shim: ProcessIdentity, seconds: float) -> None:
    """Wait for a shim to end; kill it if it does not, so that we can sweep in its place."""
    deadline = time.monotonic() + seconds
    while is_alive(shim):
        if time.monotonic() > deadline:
            signal_process(shim.pid, shim.create_time, SIGKILL)
        time.sleep(_POLL_SECONDS / 5)


def _stop_orphans(directory: Path, grace_seconds: float) -> None:
    """Sweep the processes that a killed shim left behind, and record that its end is unknown."""
    spec = files.readable_record(directory, files.SPEC)
    state = files.readable_record(directory, files.STATE)
    if _same_boot(directory):
        # The group's number may be reused once its leader is dead; then only the run id counts.
        child = _child_alive(directory, state) if state else None
        groups = frozenset() if child is None else frozenset({child})
        run = SweptRun(spec["run_id"], groups)
        survivors = sweep(run, grace_seconds, lambda: time.sleep(_POLL_SECONDS / 5))
        if survivors:
            raise ShimError(f"processes of {directory} cannot be ended: {sorted(survivors)}")
    settled = status(directory)
    if isinstance(settled, Ended):
        lost = settled.outcome.model_dump(mode="json", exclude={"log_path"})
        files.write_record(directory, files.EXIT, lost, durable=True)


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
