"""Whether what is meant to run does: looked at, not believed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from blocks.providers.process import detached
from blocks.providers.process.listening import Socket, intruder, listening
from blocks.providers.process.shim.restart_policy import STEADY_SECONDS, comes_back
from tasks.release import Instance

_CRASHES = 2


def is_running(instance: Instance) -> bool:
    """Tell whether it has a process, asked of the process itself."""
    return isinstance(detached.status(instance.directory), detached.Running)


def is_supervised(instance: Instance) -> bool:
    """Tell whether it has a process, and a shim above it that would start it again."""
    found = detached.status(instance.directory)
    return isinstance(found, detached.Running) and found.supervised


def is_present(instance: Instance) -> bool:
    """Tell whether it runs, or has finished as it may: nothing of it is missing."""
    return is_running(instance) or has_finished(instance)


def has_finished(instance: Instance) -> bool:
    """Tell whether it ended well, and may stay so: its restart policy does not ask for more."""
    found = detached.status(instance.directory)
    if not isinstance(found, detached.Ended) or not found.outcome.succeeded:
        return False
    return not comes_back(detached.restart_policy(instance.directory), succeeded=True)


def stands_behind(run: str, directories: Iterable[Path]) -> bool:
    """Tell whether capacity is used: its run is seen to live, or an attempt in a directory is."""
    return detached.known_alive(run) or any(
        isinstance(detached.status(directory), detached.Running) for directory in directories
    )


def sockets(found: detached.Running) -> list[Socket]:
    """Return where its processes listen; of a shim that was killed, those of what it started."""
    root = found.shim.pid if found.supervised else found.child_pid or found.shim.pid
    return listening(root)


def who_else_answers(instance: Instance, found: detached.Running) -> str:
    """Say that the port of ``instance`` is answered by another process; empty: by its own.

    Of one whose shim was killed nobody knows all processes.
    """
    if instance.port is None or not found.supervised:
        return ""
    return intruder(found.shim.pid, instance.host, instance.port)


def is_crash_loop(found: detached.Running, now: float) -> bool:
    """Tell whether it ends soon after each start; one that has run for a while is over it."""
    ends = found.quick_ends + (found.child_pid is None and bool(found.restarts))
    waits = found.child_pid is None or now - found.began_at < STEADY_SECONDS
    return ends >= _CRASHES and waits


def is_lost(instance: Instance) -> bool:
    """Tell whether it has no process and its restart policy wants one.

    ``never`` wants none, not even after a reboot: what ran once is not run twice.
    """
    found = detached.status(instance.directory)
    if isinstance(found, detached.Running):
        return False
    succeeded = isinstance(found, detached.Ended) and found.outcome.succeeded
    return comes_back(detached.restart_policy(instance.directory), succeeded=succeeded)
