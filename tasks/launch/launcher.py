"""Builds and runs the services of one project in one environment; synchronous."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.providers.process import own_identity
from tasks.configuration import checked
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.applied import (
    Record,
    differences,
    project_record,
    release_record,
    service_record,
)
from tasks.launch.before import Before, running_befores
from tasks.launch.boundary import enclose
from tasks.launch.build import accept, build_release, prune
from tasks.launch.carrying import KEPT, carried_paths
from tasks.launch.desired import Replica, missing, replicas
from tasks.launch.detection import KINDS, before_of, services_of
from tasks.launch.ending import end_instances
from tasks.launch.health import Health, await_health
from tasks.launch.holding import hold, let_go
from tasks.launch.lock import place_alone
from tasks.launch.seal import seal_key
from tasks.launch.serving import ServingTrees, digests_of_trees
from tasks.launch.starter import LaunchError, Order, Starter
from tasks.launch.written import begin
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import (
    describe_instances,
    hand_over,
    instances,
    mark_stopping,
    set_instance_state,
    take_instances,
)
from tasks.ledger.releases import find_release, record_release
from tasks.presence import has_finished, is_running, is_supervised
from tasks.release import LIVING, Instance, InstanceState, Release

__all__ = ["LaunchError", "Launcher"]


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

    @property
    def trees(self) -> ServingTrees:
        """The trees that its services run in, apart from those of other environments."""
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
        meant = {InstanceState.RUNNING}
        known = instances(self.ledger, self.project, self.environment, meant)
        return known[-1].release if known else ""

    def as_served(self, release: Release) -> Release:
        """Return ``release`` where whatever serves of it here runs; call it where ``alone``.

        That is a tree of this environment alone, made unless it is there. Trees that nothing runs
        in are removed, except those with data in them that nobody carries over.

        Raises:
            BadInputError: `data` names what cannot be carried over.
            CarryError: Data of what serves cannot be carried over.
        """
        tree = self.trees.prepare(release, self.serving)
        running = running_befores(self.ledger, self.project, self.environment)
        used = {release.digest, *running, *(one.release for one in self.recorded())}
        self.trees.prune(used)
        return tree

    def gather(self) -> None:
        """Bring data home that a service has put in the place of a link, e.g. before a backup.

        Raises:
            CarryError: There is no room for it.
        """
        with self.alone():
            self.trees.gather(self.serving)

    def build(self, version: str, *, serves: bool = True) -> Release:
        """Build that version (empty: the project's own), or find it built, and record it.

        Where it ``serves``, its commands are looked at first: a build may take minutes.

        Raises:
            BadInputError: Source, version or kind cannot be used.
            BuildError: The build tool failed.
        """
        enclose(self.home)
        folder = self.home / "releases" / self.project
        judge = self._judge if serves else accept
        release = build_release(self.project, self.spec, version, folder, self.clock(), judge=judge)
        record_release(self.ledger, release)
        used = {one.release for one in instances(self.ledger, self.project, states=LIVING)}
        used |= digests_of_trees(self.home / "serving" / self.project)
        prune(self.ledger, release, used, self.keep_releases)
        return release

    def _judge(self, release: Release) -> None:
        """Refuse what could not be started, or what comes before it, once it is built."""
        starter = self._starter()
        starter.check(list(self._orders(release, self.release_record()).values()))
        starter.before(release, before_of(self.project, self.spec, release.source))

    def services(self, release: Release) -> Mapping[str, ServiceSpec]:
        """Return what is to run of ``release``.

        Raises:
            BadInputError: Nothing says how a service starts.
        """
        return services_of(self.project, self.spec, KINDS[release.kind], release.source)

    def prepare(self, release: Release) -> None:
        """Run what has to succeed before ``release`` serves there, unless it has.

        Raises:
            BadInputError: A command or variable cannot be used; nothing was run then.
            BeforeError: A command failed.
            CarryError: Data of what serves cannot be carried over; nothing was run then.
        """
        commands = before_of(self.project, self.spec, release.source)
        if not commands:
            return
        starter = self._starter()
        starter.check(list(self._orders(release, self.release_record()).values()))
        self.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = Before(
            self.ledger,
            self.project,
            self.environment,
            self.home / "instances",
            self.spec.before_timeout_seconds,
            self.secrets.values(),
            self.clock,
        )
        with self.alone():
            tree = self.as_served(release)
            hold(tree.path)  # nothing is recorded to run there between two commands
        try:
            before.run(tree, starter.before(tree, commands))
        finally:
            let_go(tree.path)

    def start(
        self,
        release: Release,
        state: InstanceState = InstanceState.STARTING,
        *,
        fresh: bool = False,
        chosen_by: Record | None = None,
    ) -> list[Instance]:
        """Return all replicas of all services of ``release``; those that run so are adopted.

        The others are started on leased ports, in a copy of the release that is of this
        environment alone, also where one runs with another configuration. When one cannot be,
        those just started are stopped again. ``fresh``: adopt none, start them all beside what
        runs. ``chosen_by`` is the configuration by which the release was chosen: that of the
        project, unless it is given.

        Raises:
            BadInputError: A command, a variable or `data` cannot be used; nothing was started then.
            CarryError: Data of what serves cannot be carried over; nothing was started then.
            LaunchError: This machine could not start a process.
        """
        if not release.path.is_dir():
            raise NotFoundError("release", str(release.path), [], "Build it again.")
        orders = self._orders(release, chosen_by or self.release_record())
        self._starter().check(list(orders.values()))
        with self.alone():
            existing = [] if fresh else self._adoptable(orders)
            kept, lacking = missing(list(orders), release.digest, existing)
            self._take(kept)
            started = self._start_in_trees([orders[replica] for replica in lacking], state)
        return [*(_as_ordered(one, orders) for one in kept), *started]

    def start_again(self, lost: Sequence[Instance]) -> list[Instance]:
        """Start processes in place of those that were ``lost``, as they were; secrets are today's.

        Raises:
            BadInputError: A release is no longer on disk; nothing was started then.
            LaunchError: This machine could not start a process.
        """
        orders = [self._former_order(one) for one in lost]
        self._starter().check(orders)
        with self.alone():
            return self._start_in_trees(orders, InstanceState.STARTING)

    def release_record(self) -> Record:
        """Return what of today's configuration decides which release is built."""
        return release_record(self.spec, seal_key(self.home))

    def record(self, service: ServiceSpec) -> Record:
        """Return today's configuration of ``service``, as it is recorded with an instance."""
        key = seal_key(self.home)
        today = service_record(service, self.variables, self.secrets, key)
        project = project_record(carried_paths(self.project, self.spec.data))
        return {"release": release_record(self.spec, key), "project": project, **today}

    def describe(self, instances: Sequence[Instance]) -> None:
        """Record the configuration and the health path that ``instances`` bear now."""
        describe_instances(self.ledger, instances)

    def alone(self) -> AbstractContextManager[None]:
        """Wait until nobody else starts, routes or condemns anything there, and be who does."""
        return place_alone(self.home, self.project, self.environment)

    def healthy(self, instances: Sequence[Instance], timeout_seconds: float) -> list[Health]:
        """Return the health of each, waiting up to ``timeout_seconds`` for it."""
        return await_health(instances, timeout_seconds, self.secrets.values())

    def stop(self, instances: Sequence[Instance], grace_seconds: float) -> None:
        """End the processes of ``instances`` with all they started, and give back their ports.

        They are marked so first: nobody brings back what is being ended.

        Raises:
            EndingError: Processes are left that cannot be ended; the others are stopped.
        """
        end_instances(self.ledger, instances, grace_seconds)

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

    def condemn(self) -> list[Instance]:
        """Record that all there is to be ended, and return it; nobody brings it back then."""
        with self.alone():
            doomed = self.recorded()
            mark_stopping(self.ledger, [one.id for one in doomed], own_identity().encode())
        return doomed

    def hand_over(self, arriving: Sequence[Instance], leaving: Sequence[Instance]) -> bool:
        """Record that ``arriving`` serve and ``leaving`` are being ended; False: one is already."""
        ids = ([one.id for one in arriving], [one.id for one in leaving])
        return hand_over(self.ledger, *ids, own_identity().encode())

    def mark(self, instances: Sequence[Instance], state: InstanceState) -> list[Instance]:
        """Record that ``instances`` are meant to be in ``state``; return them so."""
        set_instance_state(self.ledger, [one.id for one in instances], state)
        return [replace(one, state=state) for one in instances]

    def acknowledge(self) -> None:
        """Record that what serves was chosen with today's configuration before one's eyes.

        After a rollback: a launch would else take the version that was left for a change.
        """
        chosen_by = self.release_record()
        live = instances(self.ledger, self.project, self.environment, {InstanceState.RUNNING})
        self.describe(
            [
                replace(one, configuration={**one.configuration, "release": chosen_by})
                for one in live
            ]
        )

    def _start_in_trees(self, orders: Sequence[Order], state: InstanceState) -> list[Instance]:
        """Start what is ordered in copies of the releases that are of this environment alone."""
        trees: dict[str, Release] = {}
        for order in orders:
            if order.release.digest not in trees:
                trees[order.release.digest] = tree = self.as_served(order.release)
                begin(tree.path)
        there = [replace(order, release=trees[order.release.digest]) for order in orders]
        return self._starter().start(there, state)

    def _orders(self, release: Release, chosen_by: Record) -> dict[Replica, Order]:
        """Return how each replica of ``release`` is started with today's configuration."""
        services = self.services(release)
        records = {
            name: {**self.record(spec), "release": chosen_by} for name, spec in services.items()
        }
        return {
            replica: Order(
                replica,
                release,
                services[replica.service],
                self.variables,
                records[replica.service],
            )
            for replica in replicas(services)
        }

    def _former_order(self, lost: Instance) -> Order:
        """Return how ``lost`` was started; of one that nothing was recorded of, as of today."""
        release = find_release(self.ledger, self.project, lost.release)
        if release is None or not release.path.is_dir():
            remedy = "Launch or deploy the version you want."
            raise BadInputError("release", lost.release, "is no longer on disk", remedy)
        fields = lost.configuration.get("service")
        spec = (
            checked(ServiceSpec, fields, f"the recorded service {lost.service}")
            if fields
            else self._service(release, lost.service)
        )
        variables = lost.configuration.get("variables", self.variables)
        today = service_record(spec, variables, self.secrets, seal_key(self.home))
        record = {**lost.configuration, **today}
        return Order(Replica(lost.service, lost.replica), release, spec, variables, record)

    def _service(self, release: Release, name: str) -> ServiceSpec:
        services = self.services(release)
        if name not in services:
            raise NotFoundError("service", name, list(services), f"Launch {self.project} again.")
        return services[name]

    def _adoptable(self, orders: Mapping[Replica, Order]) -> list[Instance]:
        """Return what may stay: supervised or finished, and started with what is configured."""
        states = {InstanceState.STARTING, InstanceState.RUNNING}
        known = instances(self.ledger, self.project, self.environment, states)
        return [
            one
            for one in known
            if (order := orders.get(Replica(one.service, one.replica)))
            and not differences(one.configuration, order.record).needs_process
            and (is_supervised(one) or has_finished(one))
        ]

    def _take(self, kept: Sequence[Instance]) -> None:
        """Take over what another launch is starting: it stays, should that one die."""
        starting = [one.id for one in kept if one.state is InstanceState.STARTING]
        take_instances(self.ledger, starting, own_identity().encode())

    def _starter(self) -> Starter:
        return Starter(
            self.ledger,
            self.project,
            self.environment,
            self.variables,
            self.secrets,
            self.home / "instances",
            self.data_folder,
            self.ports,
            self.host,
            self.clock,
        )


def _as_ordered(kept: Instance, orders: Mapping[Replica, Order]) -> Instance:
    """Return ``kept`` with what applies to a process that runs; nothing is recorded yet."""
    order = orders[Replica(kept.service, kept.replica)]
    return replace(kept, health_path=order.spec.health_path, configuration=order.record)
