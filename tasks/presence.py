"""Checks by their processes whether instances that should run do."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from blocks.providers.process import detached
from blocks.providers.process.listening import Socket, intruder, listening
from blocks.providers.process.shim.restart_policy import STEADY_SECONDS, comes_back
from tasks.release import Instance

_CRASHES_OF_A_LOOP = 2


def is_running(instance: Instance) -> bool:
    """Tell whether an instance has a process."""
    return detached.is_running(instance.directory)


def is_supervised(instance: Instance) -> bool:
    """Tell whether an instance has a process, and a live shim that would restart it."""
    status = detached.status(instance.directory)
    return isinstance(status, detached.Running) and status.supervised


def is_present(instance: Instance) -> bool:
    """Tell whether an instance runs, or has finished as its restart policy allows."""
    return is_running(instance) or has_finished(instance)


def has_finished(instance: Instance) -> bool:
    """Tell whether an instance succeeded and its restart policy does not restart it."""
    status = detached.status(instance.directory)
    if not isinstance(status, detached.Ended) or not status.outcome.succeeded:
        return False
    return not comes_back(detached.restart_policy(instance.directory), succeeded=True)


def is_capacity_in_use(run: str, directories: Iterable[Path]) -> bool:
    """Tell whether capacity is in use: its run is alive, or an attempt in a directory runs."""
    return detached.known_alive(run) or any(map(detached.is_running, directories))


def sockets(status: detached.Running) -> list[Socket]:
    """Return where the processes of a run listen; without its shim, those of its child."""
    root = status.shim.pid if status.supervised else status.child_pid or status.shim.pid
    return listening(root)


def who_else_answers(instance: Instance, status: detached.Running) -> str:
    """Return a message if another process answers on the port of ``instance``, else ``""``.

    It is also empty if the shim was killed, as then not all processes are known.
    """
    if instance.port is None or not status.supervised:
        return ""
    return intruder(status.shim.pid, instance.host, instance.port)


def is_crash_loop(status: detached.Running, now: float) -> bool:
    """Tell whether a run ends soon after each start; not if it has run for a while by now."""
    ends = status.quick_ends + (status.child_pid is None and bool(status.restarts))
    waits = status.child_pid is None or now - status.began_at < STEADY_SECONDS
    return ends >= _CRASHES_OF_A_LOOP and waits


def is_lost(instance: Instance) -> bool:
    """Tell whether an instance has no process and its restart policy wants one.

    ``never`` wants none, not even after a reboot.
    """
    status = detached.status(instance.directory)
    if isinstance(status, detached.Running):
        return False
    succeeded = isinstance(status, detached.Ended) and status.outcome.succeeded
    return comes_back(detached.restart_policy(instance.directory), succeeded=succeeded)
