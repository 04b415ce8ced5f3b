"""Forgetting a project: its processes, ports, releases and, on request, its data are removed.

A run that is killed at any point is finished by running it again: first it records that everything
is to be ended, and it forgets nothing before it is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from re import fullmatch

from blocks.providers.process.detached import own_identity, owner_alive
from blocks.removal import discard
from blocks.routers.interface import Router
from tasks.configuration import BLOCK_NAME
from tasks.errors import BadInputError, BusyError, SlipwayError
from tasks.holder import run_of
from tasks.launch.instances.ending import end_instances
from tasks.launch.lock import environment_locked
from tasks.ledger.befores import forget_befores
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import forget_instances, instances, mark_for_stop
from tasks.ledger.ports import ports, release_ports
from tasks.ledger.public_ports import PortOwner, port_owner
from tasks.ledger.releases import forget_release, releases
from tasks.ledger.rollouts import open_rollouts
from tasks.ledger.step_cache import forget_cached
from tasks.ledger.workloads import is_held, workloads
from tasks.release import LIVING

_ALL_WORKLOADS = 100_000
_GRACE_SECONDS = 10.0


class LeftoverError(SlipwayError):
    """Files of a project cannot be removed; the project is known as long as they exist."""


@dataclass(frozen=True, slots=True)
class ForgetScope:
    """The project to forget, in one environment or (empty) in all.

    ``alive`` judges the owner of a workload.
    """

    project: str
    environment: str
    home: Path
    alive: Callable[[str], bool] = field(default=owner_alive, compare=False)

    def covers(self, project: str, environment: str) -> bool:
        """Tell whether a project's environment belongs to it."""
        return project == self.project and self.environment in {"", environment}


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The numbers of stopped instances and removed releases; the deleted and kept data folders."""

    stopped: int
    releases: int
    deleted: tuple[str, ...]
    kept: tuple[str, ...]


def check_forgettable(ledger: Ledger, scope: ForgetScope, now: float) -> None:
    """Refuse to forget a project that is in use, or an invalid name; nothing is touched.

    Raises:
        BadInputError: A project or an environment cannot have that name.
        BusyError: A rollout or a workload of it is open.
    """
    for parameter in ("project", "environment"):
        name = getattr(scope, parameter)
        if not fullmatch(BLOCK_NAME, name) and (name or parameter == "project"):
            remedy = "Name a project, and an environment or none."
            raise BadInputError(parameter, name, "is not a valid name", remedy)
    _refuse_open_rollouts(ledger, scope)
    for row in workloads(ledger, scope.project, _ALL_WORKLOADS):
        _, _, environment, *_ = [*row.key.split("/"), "", ""]
        at_work = is_held(row, now, scope.alive)
        if at_work and scope.covers(scope.project, environment):
            raise BusyError(
                f"workload {row.key} is being run by {run_of(row.owner)} (id {row.id}). "
                "Wait for that run, or cancel it in the UI, then forget the project."
            )


def _refuse_open_rollouts(ledger: Ledger, scope: ForgetScope) -> None:
    for rollout in open_rollouts(ledger):
        if scope.covers(rollout.project, rollout.environment):
            raise BusyError(
                f"{rollout.project}/{rollout.environment}: a rollout is at {rollout.phase}, by {run_of(rollout.owner)}. "
                "Wait until it is done; one whose run died is settled by the reconciler."
            )


def places(ledger: Ledger, scope: ForgetScope) -> list[str]:
    """Return the environments in which the project has anything, sorted."""
    if scope.environment:
        return [scope.environment]
    environments = {instance.environment for instance in instances(ledger, scope.project)}
    for kind in ("data", "serving"):
        folder = scope.home / kind / scope.project
        environments |= {path.name for path in folder.glob("*") if path.is_dir()}
    owners = filter(None, [port_owner(lease.owner) for lease in ports(ledger)])
    environments |= {owner.environment for owner in owners if owner.project == scope.project}
    return sorted(environments)


def forget(ledger: Ledger, router: Router, scope: ForgetScope, *, delete_data: bool) -> Forgotten:
    """Remove all that belongs to ``scope``; snapshots, history and logs of steps stay.

    Raises:
        BadInputError: A project or an environment cannot have that name.
        BusyError: A rollout or a workload of it is open; nothing was touched, unless the rollout
            began meanwhile: then the environments before it are forgotten.
        EndingError: Processes are left that cannot be ended; the rest is as it was.
        LeftoverError: Files are left that cannot be removed; the next run goes on with them.
    """
    check_forgettable(ledger, scope, time.time())
    environments = places(ledger, scope)
    stopped = sum(_forget_place(ledger, router, scope, environment) for environment in environments)
    removed = 0 if scope.environment else _forget_releases(ledger, scope)
    folders = [scope.home / "data" / scope.project / environment for environment in environments]
    existing = [str(folder) for folder in folders if folder.is_dir()]
    if delete_data:
        # The manifests of the last backups, kept in the staging folders, go with the data.
        staging_folders = [
            scope.home / "staging" / scope.project / environment for environment in environments
        ]
        _remove([*folders, *staging_folders])
        for kind in ("data", "staging"):
            with suppress(OSError):  # what another environment keeps there stays
                (scope.home / kind / scope.project).rmdir()
        return Forgotten(stopped, removed, tuple(existing), ())
    return Forgotten(stopped, removed, (), tuple(existing))


def _forget_place(ledger: Ledger, router: Router, scope: ForgetScope, environment: str) -> int:
    with environment_locked(scope.home, scope.project, environment):
        # A rollout may have begun since the last check; with the lock held none can begin.
        _refuse_open_rollouts(ledger, replace(scope, environment=environment))
        doomed = instances(ledger, scope.project, environment, LIVING)
        ids, owner = [instance.id for instance in doomed], own_identity().encode()
        mark_for_stop(ledger, scope.project, environment, ids, owner)
    port_holder = PortOwner(scope.project, environment)
    leases = [lease for lease in ports(ledger) if port_holder.owns(lease.owner)]
    for lease in leases:
        router.route(lease.port, ())
    end_instances(ledger, doomed, _GRACE_SECONDS)
    release_ports(ledger, *(lease.owner for lease in leases))
    all_instances = instances(ledger, scope.project, environment)
    _remove([instance.directory for instance in all_instances])
    _remove([scope.home / "serving" / scope.project / environment])
    forget_instances(ledger, [instance.id for instance in all_instances])
    forget_befores(ledger, scope.project, environment)
    return len(doomed)


def _forget_releases(ledger: Ledger, scope: ForgetScope) -> int:
    project_releases = releases(ledger, scope.project)
    for release in project_releases:
        _remove([release.path])
        forget_release(ledger, release.project, release.digest)
    forget_cached(ledger, scope.project)
    _remove(scope.home / kind / scope.project for kind in ("releases", "serving"))
    _remove(
        scope.home / "workspaces" / row.id
        for row in workloads(ledger, scope.project, _ALL_WORKLOADS)
    )
    return len(project_releases)


def _remove(folders: Iterable[Path]) -> None:
    """Remove as much of ``folders`` as can be.

    Raises:
        LeftoverError: Something is left.
    """
    if leftovers := [sentence for folder in folders if (sentence := discard(folder))]:
        raise LeftoverError(f"{' '.join(leftovers)} Then forget the project again.")
