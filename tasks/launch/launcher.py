"""Builds and runs the services of one project in one environment; synchronous."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.providers import process
from blocks.providers.inherited import inherited
from tasks.errors import NotFoundError, SlipwayError
from tasks.launch.build import build_release, prune
from tasks.launch.command import CommandLine, Place, command_line
from tasks.launch.desired import Replica, missing, replicas
from tasks.launch.detection import KINDS, services_of
from tasks.launch.health import Health, await_health
from tasks.launch.lock import alone
from tasks.launch.ports import give_back, lease_free_port
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances, record_instance, set_instance_state
from tasks.ledger.releases import record_release
from tasks.release import Instance, InstanceState, Release

LIVING = frozenset(InstanceState) - {InstanceState.STOPPED, InstanceState.FAILED}


class LaunchError(SlipwayError):
    """A service could not be started, did not become healthy, or could not be stopped."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """One project in one environment on this machine.

    ``variables`` are templates, ``secrets`` are taken as they are; both are of the environment
    with all it inherits. ``ports`` is the range (inclusive) that services are given ports from.
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
    clock: Callable[[], float] = time.time

    @property
    def data_folder(self) -> Path:
        """Where its services keep what must not be lost."""
        return self.data or self.home / "data" / self.project / self.environment

    def build(self, version: str) -> Release:
        """Build that version (empty: the project's own), or find it built, and record it.

        Raises:
            BadInputError: Source, version or kind cannot be used.
            BuildError: The build tool failed.
        """
        folder = self.home / "releases" / self.project
        release = build_release(self.project, self.spec, version, folder, self.clock())
        record_release(self.ledger, release)
        used = {one.release for one in instances(self.ledger, self.project, states=LIVING)}
        prune(self.ledger, release, used, self.keep_releases)
        return release

    def services(self, release: Release) -> Mapping[str, ServiceSpec]:
        """Return what is to run of ``release``.

        Raises:
            BadInputError: Nothing says how a service starts.
        """
        return services_of(self.project, self.spec, KINDS[release.kind], release.source)

    def start(
        self,
        release: Release,
        state: InstanceState = InstanceState.STARTING,
        *,
        fresh: bool = False,
    ) -> list[Instance]:
        """Return all replicas of all services of ``release``; those that run are adopted.

        The others are started on leased ports. When one cannot be, those just started are
        stopped again. ``fresh``: adopt none, start them all beside what runs.

        Raises:
            BadInputError: A command or variable cannot be used; nothing was started then.
            LaunchError: This machine could not start a process.
        """
        if not release.path.is_dir():
            raise NotFoundError("release", str(release.path), [], "Build it again.")
        services = self.services(release)
        wanted = replicas(services)
        for replica in wanted:  # bad input shows before anything is started
            self._command(services, release, replica, self.ports[0])
        with alone(self.home / "instances" / f".{self.project}-{self.environment}.lock"):
            existing = [] if fresh else self._adoptable()
            kept, lacking = missing(wanted, release.digest, existing)
            return [*kept, *self._start_all(services, release, lacking, state)]

    def healthy(self, instances: Sequence[Instance], timeout_seconds: float) -> list[Health]:
        """Return the health of each, waiting up to ``timeout_seconds`` for it."""
        return await_health(instances, timeout_seconds, self.secrets.values())

    def stop(self, instances: Sequence[Instance], grace_seconds: float) -> None:
        """End the processes of ``instances`` with all they started, and give back their ports.

        Raises:
            LaunchError: Processes are left that cannot be ended; the others are stopped.
        """
        if not instances:
            return
        with ThreadPoolExecutor(len(instances)) as pool:
            problems = list(pool.map(lambda one: self._stop_one(one, grace_seconds), instances))
        if any(problems):
            raise LaunchError("; ".join(filter(None, problems)))

    def running(self, states: Collection[InstanceState] = LIVING) -> list[Instance]:
        """Return the instances whose processes run, of those meant to be in ``states``."""
        known = instances(self.ledger, self.project, self.environment, states)
        return [one for one in known if is_running(one)]

    def recorded(self) -> list[Instance]:
        """Return the instances that are not recorded as stopped, whether they run or not."""
        return instances(self.ledger, self.project, self.environment, LIVING)

    def live(self) -> list[Instance]:
        """Return the instances that serve: meant to, and with a process that runs."""
        return self.running({InstanceState.RUNNING})

    def mark(self, instances: Sequence[Instance], state: InstanceState) -> list[Instance]:
        """Record that ``instances`` are meant to be in ``state``; return them so."""
        set_instance_state(self.ledger, [one.id for one in instances], state)
        return [replace(one, state=state) for one in instances]

    def _adoptable(self) -> list[Instance]:
        """Return what runs under a living shim, neither on its way out nor kept for a rollback."""
        states = {InstanceState.STARTING, InstanceState.RUNNING}
        known = instances(self.ledger, self.project, self.environment, states)
        found = [(one, process.status(one.directory)) for one in known]
        return [one for one, seen in found if isinstance(seen, process.Running) and seen.supervised]

    def _start_all(
        self,
        services: Mapping[str, ServiceSpec],
        release: Release,
        lacking: Sequence[Replica],
        state: InstanceState,
    ) -> list[Instance]:
        started: list[Instance] = []
        try:
            for replica in lacking:
                self._start_one(services, release, replica, state, started)
        except BaseException:
            self.stop(started, 0)
            raise
        return started

    def _start_one(
        self,
        services: Mapping[str, ServiceSpec],
        release: Release,
        replica: Replica,
        state: InstanceState,
        started: list[Instance],
    ) -> None:
        spec = services[replica.service]
        name = f"{self.project}-{self.environment}-{replica.service}-{replica.number}"
        instance_id = f"{name}-{uuid.uuid4().hex[:8]}"
        port = None
        if spec.web:
            port = lease_free_port(self.ledger, self.host, self.ports, instance_id, self.clock())
        instance = Instance(
            id=instance_id,
            project=self.project,
            environment=self.environment,
            service=replica.service,
            replica=replica.number,
            release=release.digest,
            version=release.version,
            directory=self.home / "instances" / instance_id,
            host=self.host,
            port=port,
            state=state,
            started_at=self.clock(),
            health_path=spec.health_path,
        )
        record_instance(self.ledger, instance)  # first: whoever comes after a crash finds it
        started.append(instance)
        command = self._command(services, release, replica, port)
        self.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            process.start(_shim(spec, instance, release, command), command.environment)
        except (process.ShimError, OSError) as error:
            raise LaunchError(f"{self.project}/{replica.service}: {error}") from error

    def _command(
        self,
        services: Mapping[str, ServiceSpec],
        release: Release,
        replica: Replica,
        port: int | None,
    ) -> CommandLine:
        spec = services[replica.service]
        place = Place(
            project=self.project,
            environment=self.environment,
            replica=replica.number,
            host=self.host,
            port=port if spec.web else None,
            data=self.data_folder,
        )
        return command_line(
            replica.service,
            spec,
            release,
            place,
            inherited=inherited(os.environ, tools=False),
            variables=self.variables,
            secrets=self.secrets,
            programs=KINDS[release.kind].programs(release.path),
        )

    def _stop_one(self, instance: Instance, grace_seconds: float) -> str:
        try:
            process.stop(instance.directory, grace_seconds)
        except process.ShimError as error:
            return str(error)
        give_back(self.ledger, instance.id)
        set_instance_state(self.ledger, [instance.id], InstanceState.STOPPED)
        return ""


def is_running(instance: Instance) -> bool:
    """Tell whether its process runs: looked at, not believed."""
    return isinstance(process.status(instance.directory), process.Running)


def _shim(
    spec: ServiceSpec, instance: Instance, release: Release, command: CommandLine
) -> process.ShimSpec:
    return process.ShimSpec(
        directory=instance.directory,
        argv=command.argv,
        cwd=release.source,
        memory_mib=spec.demand.memory_mib or None,
        restart=spec.restart,
        grace_seconds=spec.drain_seconds,
    )
