"""The context of a launch: one project in one environment, its folders and recorded instances."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.providers.process.detached import own_identity
from tasks.launch.applied import (
    StartRecord,
    project_record,
    release_record,
    service_record,
)
from tasks.launch.build_limit import DEFAULT_SECONDS
from tasks.launch.data.carrying import KEPT, carried_paths
from tasks.launch.data.serving import ServingTrees
from tasks.launch.detection import KINDS, services_of
from tasks.launch.instances.before import running_befores
from tasks.launch.lock import environment_locked
from tasks.launch.seal import seal_key
from tasks.launch.sources.members import Bounds
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import (
    describe_instances,
    hand_over,
    instances,
    mark_for_stop,
    set_instance_state,
)
from tasks.ledger.turns import Turn, take_turn
from tasks.presence import is_running
from tasks.release import LIVING, Instance, InstanceState, Release


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """One project in one environment on this machine, with its configuration and its ledger.

    ``variables`` are templates, ``secrets`` are taken as they are; both are of the environment
    with all it inherits. ``ports`` is the range (inclusive) that services get ports from.
    ``build_seconds`` limits a build, all its commands together, ``archive_bounds`` what is unpacked
    from an archive.
    """

    ledger: Ledger
    project: str
    spec: ProjectSpec
    environment: str
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    home: Path
    ports: tuple[int, int] = (20000, 20999)
    host: str = "127.0.0.1"
    data: Path | None = None
    keep_releases: int = 5
    build_seconds: float = DEFAULT_SECONDS
    archive_bounds: Bounds = field(default_factory=Bounds)
    clock: Callable[[], float] = time.time

    @property
    def data_folder(self) -> Path:
        """The folder where its services keep data that must not be lost."""
        return self.data or self.home / "data" / self.project / self.environment

    @property
    def trees(self) -> ServingTrees:
        """The trees that its services run in, in this environment alone."""
        return ServingTrees(
            self.home / "serving" / self.project / self.environment,
            self.home / "releases" / self.project,
            self.data_folder / KEPT,
            self.project,
            tuple(self.spec.data),
            self.spec.stateless,
        )

    @property
    def serving(self) -> str:
        """The digest of the release that is meant to serve; empty: none is."""
        states = {InstanceState.RUNNING}
        serving = instances(self.ledger, self.project, self.environment, states)
        return serving[-1].release if serving else ""

    def as_served(self, release: Release) -> Release:
        """Return ``release`` at the tree that its services run in; call it where ``locked``.

        That is a copy for this environment alone, made unless it is there. Trees that nothing runs
        in are removed, except those with data in them that is not carried over.

        Raises:
            BadInputError: `data` names what cannot be carried over.
            CarryError: Data of the live release cannot be carried over.
        """
        tree = self.trees.prepare(release, self.serving)
        running = running_befores(self.ledger, self.project, self.environment)
        used = {release.digest, *running, *(instance.release for instance in self.recorded())}
        self.trees.prune(used)
        return tree

    def gather(self) -> None:
        """Move data that a service has put in the place of a link to the data folder.

        Raises:
            CarryError: There is no room for it.
        """
        with self.locked():
            self.trees.gather(self.serving)

    def services(self, release: Release) -> Mapping[str, ServiceSpec]:
        """Return the services of ``release`` that are to run, by name.

        Raises:
            BadInputError: A service has no command.
        """
        return services_of(self.project, self.spec, KINDS[release.kind], release.source)

    def release_record(self) -> StartRecord:
        """Return the part of today's configuration that decides which release is built."""
        return release_record(self.spec, seal_key(self.home))

    def record(self, service: ServiceSpec) -> StartRecord:
        """Return today's configuration of ``service``, as it is recorded with an instance."""
        key = seal_key(self.home)
        today = service_record(service, self.variables, self.secrets, key)
        project = project_record(carried_paths(self.project, self.spec.data))
        return {"release": release_record(self.spec, key), "project": project, **today}

    def describe(self, instances: Sequence[Instance]) -> None:
        """Record the configuration and the health path that ``instances`` have now."""
        describe_instances(self.ledger, instances)

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock on starting, routing and stopping there; wait until it is free."""
        return environment_locked(self.home, self.project, self.environment)

    def running(self, states: Collection[InstanceState] = LIVING) -> list[Instance]:
        """Return the instances whose processes run, of those meant to be in ``states``."""
        meant = instances(self.ledger, self.project, self.environment, states)
        return [instance for instance in meant if is_running(instance)]

    def recorded(self) -> list[Instance]:
        """Return the instances that are not recorded as stopped, whether they run or not."""
        return instances(self.ledger, self.project, self.environment, LIVING)

    def live(self) -> list[Instance]:
        """Return the instances that serve: meant to, and with a process that runs."""
        return self.running({InstanceState.RUNNING})

    def turn(self) -> Turn:
        """Take a turn at changing what serves there; it overtakes earlier ones."""
        return take_turn(self.ledger, self.project, self.environment)

    def mark_for_stop(self) -> list[Instance]:
        """Record that all instances are to be ended, and return them; call it where ``locked``.

        Then nobody starts them again, and no launch that began before can make anything serve.
        """
        doomed = self.recorded()
        ids, owner = [instance.id for instance in doomed], own_identity().encode()
        mark_for_stop(self.ledger, self.project, self.environment, ids, owner)
        return doomed

    def hand_over(
        self, arriving: Sequence[Instance], leaving: Sequence[Instance], turn: Turn
    ) -> bool:
        """Record that ``arriving`` serve and ``leaving`` are being ended.

        False, and nothing is recorded, where one is being ended already, or ``turn`` is overtaken.
        """
        return hand_over(
            self.ledger,
            [instance.id for instance in arriving],
            [instance.id for instance in leaving],
            own_identity().encode(),
            turn,
        )

    def mark(self, instances: Sequence[Instance], state: InstanceState) -> list[Instance]:
        """Record that ``instances`` are meant to be in ``state``; return them in that state."""
        set_instance_state(self.ledger, [instance.id for instance in instances], state)
        return [replace(instance, state=state) for instance in instances]

    def acknowledge(self) -> None:
        """Record that the live release was chosen with knowledge of today's configuration.

        After a rollback, as otherwise the next launch would count the abandoned version as a change.
        """
        chosen_by = self.release_record()
        live = instances(self.ledger, self.project, self.environment, {InstanceState.RUNNING})
        self.describe(
            [
                replace(instance, configuration={**instance.configuration, "release": chosen_by})
                for instance in live
            ]
        )
