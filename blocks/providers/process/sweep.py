"""Ends every process that belongs to a run, and verifies it; standard library only.

The process group alone is not enough (a double fork with setsid leaves it), nor are descendants
(without a subreaper they go to init), nor the run id (a program may clear its environment): all
three are searched until none finds anything.
"""

from __future__ import annotations

import os
import signal
import time

from blocks.providers.process.process_table import descendants, entries, entry, marked

TYPE_CHECKING = False
if TYPE_CHECKING:  # what is imported here costs each shim time and memory
    from collections.abc import Callable

RUN_ID = "SLIPWAY_RUN_ID"
_VERIFY_SECONDS = 10.0


class SweptRun:
    """The criteria by which the processes of one run are found.

    ``groups`` are its process groups, ``reaper`` is the subreaper that its orphans go to.
    """

    def __init__(
        self, run_id: str, groups: frozenset[int] = frozenset(), reaper: int | None = None
    ) -> None:
        self.run_id, self.groups, self.reaper = run_id, groups, reaper

    def members(self) -> dict[int, float]:
        """Return the live processes of this run: pid -> when it started."""
        if self.reaper == os.getpid() and not _has_children():
            return {}  # all orphans of the tree would be our children
        table = entries()
        below = descendants(self.reaper, table) if self.reaper else set()
        pids = below | marked(f"{RUN_ID}={self.run_id}")
        pids |= {item.pid for item in table if item.group in self.groups}
        pids -= {self.reaper, os.getpid()}
        return {item.pid: item.started for item in table if item.pid in pids and not item.zombie}


def sweep(run: SweptRun, grace_seconds: float, tick: Callable[[], None]) -> tuple[int, ...]:
    """Terminate the processes of ``run``, kill those that stay, and return the pids that survived.

    ``tick`` is called between looks; it waits a little, and may drain pipes and reap children.
    """
    _signal(run.members(), signal.SIGTERM)
    _until_gone(run, grace_seconds, tick)
    deadline = time.monotonic() + _VERIFY_SECONDS
    while (survivors := run.members()) and time.monotonic() < deadline:
        _signal(survivors, signal.SIGKILL)
        tick()
    return tuple(survivors)


def signal_process(pid: int, started: float, number: int) -> bool:
    """Send a signal to that very process; False if it is gone or the pid is another's now."""
    if not hasattr(os, "pidfd_open"):
        return _is(pid, started) and _kill(pid, number)
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    except OSError:  # a kernel without pidfd
        return _is(pid, started) and _kill(pid, number)
    try:
        if not _is(pid, started):
            return False
        signal.pidfd_send_signal(handle, number)
    except (ProcessLookupError, PermissionError):
        return False
    finally:
        os.close(handle)
    return True


def _until_gone(run: SweptRun, seconds: float, tick: Callable[[], None]) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and run.members():
        tick()


def _signal(members: dict[int, float], number: int) -> None:
    for pid, started in members.items():
        signal_process(pid, started, number)


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _is(pid: int, started: float) -> bool:
    process = entry(pid)
    return process is not None and process.started == started


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
