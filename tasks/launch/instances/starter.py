"""Starting the replicas of a project in an environment: a port, a record, and then a process."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blocks.project_spec import ServiceSpec
from blocks.providers.process import detached
from blocks.providers.process.inherited import inherited
from blocks.removal import discard
from tasks.errors import SlipwayError
from tasks.launch.applied import StartRecord
from tasks.launch.boundary import ceiling
from tasks.launch.detection import KINDS
from tasks.launch.instances.before import BeforeCommand
from tasks.launch.instances.command import (
    CommandLine,
    TemplateContext,
    command_line,
    environment_of,
    filled_in,
)
from tasks.launch.instances.desired import Replica
from tasks.launch.instances.ending import end_instances
from tasks.launch.instances.port_leases import lease_free_port
from tasks.launch.instances.shell import script
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import record_instance
from tasks.release import Instance, InstanceState, Release


class LaunchError(SlipwayError):
    """A service could not be started, or did not become healthy; ``failed`` are its instances."""

    def __init__(self, message: str, failed: Sequence[Instance] = ()) -> None:
        self.failed = tuple(failed)
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Order:
    """One replica to start, with its release and its configuration.

    ``record`` is what the ledger keeps of the configuration.
    """

    replica: Replica
    release: Release
    spec: ServiceSpec
    variables: Mapping[str, str]
    record: StartRecord = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts replicas of releases of ``project`` in ``environment``.

    ``instances`` is the folder of the instances' own folders, ``data`` the folder where they keep
    data that must not be lost. ``ports`` is the range (inclusive) that they get ports from.
    """

    ledger: Ledger
    project: str
    environment: str
    variables: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    instances: Path
    data: Path
    ports: tuple[int, int]
    host: str
    clock: Callable[[], float] = time.time

    def start(self, orders: Sequence[Order], state: InstanceState) -> list[Instance]:
        """Start all ordered replicas, or none: where one fails, the others are ended again.

        Raises:
            LaunchError: This machine could not start a process.
        """
        started: list[Instance] = []
        try:
            for order in orders:
                self._start_replica(order, state, started)
        except BaseException:
            end_instances(self.ledger, started, 0)
            remove_folders(started[:-1])  # the last one's log says why it could not be started
            raise
        return started

    def check(self, orders: Sequence[Order]) -> None:
        """Refuse bad input before anything is started.

        Raises:
            BadInputError: A command or variable cannot be used.
        """
        for order in orders:
            self._command(order, self.ports[0])

    def before(self, release: Release, commands: Sequence[tuple[str, str]]) -> list[BeforeCommand]:
        """Return how ``commands``, pairs of (where configured, command), are run for ``release``.

        Raises:
            BadInputError: A command or variable cannot be used.
        """
        context = self._context(replica=0, port=None)
        lines = [script(filled_in(where, text, release, context)) for where, text in commands]
        environment = environment_of(
            release,
            context,
            inherited=inherited(os.environ, tools=False) | ceiling(release.path),
            variables=self.variables,
            secrets=self.secrets,
            programs=KINDS[release.kind].programs(release.path),
        )
        return [
            BeforeCommand(where, text, CommandLine(line, environment))
            for (where, text), line in zip(commands, lines, strict=True)
        ]

    def _start_replica(self, order: Order, state: InstanceState, started: list[Instance]) -> None:
        spec, release, replica = order.spec, order.release, order.replica
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
            directory=self.instances / instance_id,
            host=self.host,
            port=port,
            state=state,
            started_at=self.clock(),
            health_path=spec.health_path,
            owner=detached.own_identity().encode(),
            configuration=order.record,
        )
        record_instance(self.ledger, instance)  # first, so that it is found after a crash
        started.append(instance)
        command = self._command(order, port)
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            detached.start(_shim(spec, instance, release, command), command.environment)
        except (detached.ShimError, OSError) as error:
            raise LaunchError(f"{self.project}/{replica.service}: {error}") from error

    def _command(self, order: Order, port: int | None) -> CommandLine:
        return command_line(
            order.replica.service,
            order.spec,
            order.release,
            self._context(order.replica.number, port if order.spec.web else None),
            inherited=inherited(os.environ, tools=False) | ceiling(order.release.path),
            variables=order.variables,
            secrets=self.secrets,
            programs=KINDS[order.release.kind].programs(order.release.path),
        )

    def _context(self, replica: int, port: int | None) -> TemplateContext:
        return TemplateContext(self.project, self.environment, replica, self.host, port, self.data)


def remove_folders(ended: Sequence[Instance]) -> None:
    """Remove the folders of instances whose launch failed."""
    for instance in ended:
        discard(instance.directory)


def _shim(
    spec: ServiceSpec, instance: Instance, release: Release, command: CommandLine
) -> detached.ShimSpec:
    return detached.ShimSpec(
        directory=instance.directory,
        argv=command.argv,
        cwd=release.source,
        memory_mib=spec.demand.memory_mib or None,
        restart=spec.restart,
        grace_seconds=spec.drain_seconds,
        durable=True,
    )
