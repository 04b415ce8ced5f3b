"""Ends a run: its shim does, or we in its place where it was killed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGTERM

import psutil

from blocks.file_system import is_without_room
from blocks.providers.interface import Outcome
from blocks.providers.process import run_directory as files
from blocks.providers.process.identity import ProcessIdentity, identity_here, is_alive
from blocks.providers.process.process_table import entry
from blocks.providers.process.run_status import child_alive, is_of_this_boot, status
from blocks.providers.process.shim_spec import Ended, NotStarted, Running, ShimError
from blocks.providers.process.spawn import SHIM_PROGRAM
from blocks.providers.process.sweep import SweptRun, signal_process, sweep

_STOP_MARGIN_SECONDS = 15.0
_POLL_SECONDS = 0.01


def stop(directory: Path, grace_seconds: float) -> Outcome | None:
    """End the whole tree, verify that nothing is left, and return its outcome.

    Works when the shim is dead as well. None when nothing was ever started.

    Raises:
        ShimError: Some processes cannot be ended.
    """
    before = status(directory)
    if isinstance(before, Running) and before.supervised:
        lane = bool(files.readable_record(directory, files.STATE).get("lane"))
        _stop_shim(directory, before.shim, grace_seconds, lane=lane)
    elif isinstance(before, Ended) and not files.readable_record(directory, files.EXIT):
        # A torn record does not name its shim, which would restart what is swept.
        for shim in _shims_in(directory):
            _stop_shim(directory, shim, grace_seconds)
    if not isinstance(before, NotStarted) and not files.readable_record(directory, files.EXIT):
        _stop_orphans(directory, grace_seconds)
    after = status(directory)
    return after.outcome if isinstance(after, Ended) else None


def _shims_in(directory: Path) -> list[ProcessIdentity]:
    """Return the live shims of ``directory``, found in the list of processes."""
    shims = []
    for process in psutil.process_iter(["cmdline"]):
        program, *of = (process.info["cmdline"] or [])[-3:-1] or [""]
        started = entry(process.pid) if of == [str(directory)] else None
        if started and Path(program).name == SHIM_PROGRAM.name:
            shims.append(identity_here(process.pid, started.started))
    return shims


def _stop_shim(
    directory: Path, shim: ProcessIdentity, grace_seconds: float, *, lane: bool = False
) -> None:
    """Let the shim end its run, and itself; a lane goes on to its next run.

    On a full disk the shim is not told the grace period: it ends the run after the run's own one. A
    lane that finds no request goes on, and is killed at the end of the period.
    """
    try:
        files.write_record(directory, files.STOP, {"grace_seconds": grace_seconds})
    except OSError as error:
        if not is_without_room(error):
            raise
    for number in (SIGTERM, SIGCONT):  # one that a signal has stopped goes on
        signal_process(shim.pid, shim.create_time, number)
    has_ended = (directory / files.EXIT).exists if lane else lambda: False
    _await_end(shim, grace_seconds + _STOP_MARGIN_SECONDS, has_ended)


def _await_end(shim: ProcessIdentity, seconds: float, has_ended: Callable[[], bool]) -> None:
    """Wait for a shim to end; kill it if it does not, so that we can sweep in its place."""
    deadline = time.monotonic() + seconds
    while is_alive(shim) and not has_ended():
        if time.monotonic() > deadline:
            signal_process(shim.pid, shim.create_time, SIGKILL)
        time.sleep(_POLL_SECONDS)


def _stop_orphans(directory: Path, grace_seconds: float) -> None:
    """Sweep the processes that a killed shim left behind, and record that its end is unknown."""
    spec = files.readable_record(directory, files.SPEC)
    state = files.readable_record(directory, files.STATE)
    if is_of_this_boot(directory):
        # The group's number may be reused once its leader is dead; then only the run id counts.
        child = child_alive(directory, state) if state else None
        groups = frozenset() if child is None else frozenset({child})
        run = SweptRun(spec["run_id"], groups)
        survivors = sweep(run, grace_seconds, lambda: time.sleep(_POLL_SECONDS))
        if survivors:
            raise ShimError(f"processes of {directory} cannot be ended: {sorted(survivors)}")
    settled = status(directory)
    if isinstance(settled, Ended):
        lost = settled.outcome.model_dump(mode="json", exclude={"log_path"})
        files.write_record(directory, files.EXIT, lost, durable=True)
