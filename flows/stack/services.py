"""Launched services as the reconciler and `make down ALL=1` see them: alive, gone, or to be ended.

What to launch and how is decided by the flow `launch`; nothing here starts a service.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blocks.providers import process
from tasks.launch.ports import give_back
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, set_instance_state
from tasks.release import Instance, InstanceState

LIVE = (
    InstanceState.STARTING,
    InstanceState.RUNNING,
    InstanceState.WARM,
    InstanceState.DRAINING,
)
"""States of an instance that may have a process."""


def runs(instance: Instance) -> bool:
    """Tell whether the instance has a process, asked of the process itself."""
    return isinstance(process.status(instance.directory), process.Running)


def gone(ledger: Ledger) -> list[Instance]:
    """Return the instances that should run and do not."""
    meant = instances(ledger, states=[InstanceState.RUNNING])
    return [instance for instance in meant if not runs(instance)]


def stop_instances(ledger: Ledger, doomed: Iterable[Instance], grace_seconds: float) -> int:
    """End the instances' process trees, give their ports back and record them as stopped.

    Returns:
        How many of them were running.
    """
    doomed = list(doomed)
    count = stop_runs([instance.directory for instance in doomed], grace_seconds)
    for instance in doomed:
        give_back(ledger, instance.id)
    set_instance_state(ledger, [instance.id for instance in doomed], InstanceState.STOPPED)
    return count


def stop_steps(folder: Path, grace_seconds: float) -> int:
    """End every step that still runs below ``folder``; return how many did.

    Their flow runs are gone by then. A later run of the same workload repeats what has no outcome.
    """
    return stop_runs(folder.glob("*/*/*"), grace_seconds)


def stop_runs(directories: Iterable[Path], grace_seconds: float) -> int:
    """End what runs in ``directories``, all at the same time; return in how many something did."""
    running = [each for each in directories if isinstance(process.status(each), process.Running)]
    if running:
        with ThreadPoolExecutor(len(running)) as pool:
            list(pool.map(lambda directory: process.stop(directory, grace_seconds), running))
    return len(running)
