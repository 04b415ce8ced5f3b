"""Finds launched services that are missing, and ends those that must end.

It serves the reconciler and `make down ALL=1`. The flow `launch` decides what to launch and how;
nothing here starts a service.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from blocks.providers.process import detached
from blocks.providers.process.run_directory import STATE
from blocks.routers.interface import Router
from stack.disk_reserve import is_no_room
from tasks.launch.instances.ending import end_instances
from tasks.launch.lock import environment_locked
from tasks.launch.public_ports import route_away
from tasks.ledger.befores import unfinished_befores
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import claim_instance, instances
from tasks.ledger.retention import unended_directories
from tasks.ledger.rollouts import open_rollouts
from tasks.presence import is_lost
from tasks.release import Instance, InstanceState

GRACE_SECONDS = 10.0
_BEFORE = re.compile(r"-before-[0-9a-f]{8}$")
PASSING = frozenset({InstanceState.STARTING, InstanceState.STOPPING})
"""States that an instance has only while somebody works on it."""


def gone(ledger: Ledger) -> list[Instance]:
    """Return the instances that should run and do not."""
    expected = instances(ledger, states=[InstanceState.RUNNING])
    return [instance for instance in expected if is_lost(instance)]


class UnfinishedInstances:
    """Ends instances whose starter or stopper died; ``owner`` is this process.

    Instances of an open rollout are left to it.
    """

    def __init__(self, ledger: Ledger, router: Router, home: Path, owner: str) -> None:
        self._ledger, self._router, self._home, self._owner = ledger, router, home, owner

    def __call__(self, now: float) -> list[str]:
        """Look once; return a sentence for each instance that was ended."""
        passing = instances(self._ledger, states=PASSING)
        orphans = [each for each in passing if self._is_orphan(each)]
        return [self._end(each) for each in orphans if self._claim(each, now)]

    def _is_orphan(self, instance: Instance) -> bool:
        mine = instance.owner in {"", self._owner}  # of an earlier run, or from before owners
        return mine or not detached.known_alive(instance.owner)

    def _claim(self, instance: Instance, now: float) -> bool:
        """Route its traffic away and claim it for ending, unless somebody took it over."""
        place = (instance.project, instance.environment)
        with environment_locked(self._home, *place):
            if place in {(row.project, row.environment) for row in open_rollouts(self._ledger)}:
                return False
            route_away(self._ledger, self._router, [instance], now)
            return claim_instance(self._ledger, instance, self._owner)

    def _end(self, instance: Instance) -> str:
        end_instances(self._ledger, [instance], GRACE_SECONDS)
        place = f"{instance.project}/{instance.environment}/{instance.service}"
        return f"{place} ({instance.id}) was left {instance.state}; it is ended"


def stop_steps(ledger: Ledger, grace_seconds: float) -> int:
    """End every step and every release's `before` command that still runs; return how many ran.

    Only attempts without an outcome can still run, which are few. Their flow runs are gone by then.
    A later run of the same workload repeats what has no outcome.
    """
    befores = [row.directory for row in unfinished_befores(ledger)]
    return stop_runs([*unended_directories(ledger), *befores], grace_seconds)


def stop_unrecorded(home: Path, grace_seconds: float, *, everything: bool) -> tuple[int, int]:
    """End all steps below ``home``, and its services if ``everything``, without the ledger.

    Returns:
        How many steps and services were running.
    """
    ran = [path.parent for path in (home / "instances").glob(f"*/{STATE}")]
    befores = [folder for folder in ran if _BEFORE.search(folder.name)]
    services = [folder for folder in ran if folder not in befores] if everything else []
    steps = [path.parent for path in (home / "steps").glob(f"*/*/*/{STATE}")]
    return stop_runs([*steps, *befores], grace_seconds), stop_runs(services, grace_seconds)


def stop_runs(directories: Iterable[Path], grace_seconds: float) -> int:
    """End the runs in ``directories``, all at the same time; return how many were running."""
    running = [directory for directory in directories if detached.is_running(directory)]
    if running:
        with ThreadPoolExecutor(len(running)) as pool:
            list(pool.map(lambda directory: _stop_run(directory, grace_seconds), running))
    return len(running)


def _stop_run(directory: Path, grace_seconds: float) -> None:
    """End a run; on a full disk it ends as well, and only its outcome is not recorded."""
    try:
        detached.stop(directory, grace_seconds)
    except OSError as error:
        if not is_no_room(error):
            raise
