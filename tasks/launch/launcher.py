"""The launcher: it builds and runs the services of one project in one environment; synchronous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from blocks.project_spec import ServiceSpec
from blocks.providers.process.detached import own_identity
from tasks.configuration import checked
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.applied import (
    StartRecord,
    differences,
    recorded_variables,
    service_record,
)
from tasks.launch.boundary import enclose
from tasks.launch.build import accept, build_release, prune
from tasks.launch.build_limit import Limit, limited
from tasks.launch.data.serving import digests_of_trees
from tasks.launch.data.written import begin
from tasks.launch.detection import before_of
from tasks.launch.holding import hold, let_go
from tasks.launch.instances.before import Before
from tasks.launch.instances.desired import Replica, missing, replicas
from tasks.launch.instances.ending import end_instances
from tasks.launch.instances.health import Health, await_health
from tasks.launch.instances.starter import LaunchError, Order, Starter
from tasks.launch.launch_context import LaunchContext
from tasks.launch.seal import seal_key
from tasks.ledger.instances import (
    instances,
    take_instances,
)
from tasks.ledger.releases import find_release, record_release
from tasks.presence import has_finished, is_supervised
from tasks.release import LIVING, Instance, InstanceState, Release

__all__ = ["LaunchError", "Launcher"]


@dataclass(frozen=True, slots=True)
class Launcher(LaunchContext):
    """Builds, prepares, starts and ends the releases and instances in one environment."""

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
        with limited(Limit(self.build_seconds)):
            release = build_release(
                self.project,
                self.spec,
                version,
                folder,
                self.clock(),
                judge=judge,
                bounds=self.archive_bounds,
            )
        record_release(self.ledger, release)
        used = {
            instance.release for instance in instances(self.ledger, self.project, states=LIVING)
        }
        used |= digests_of_trees(self.home / "serving" / self.project)
        prune(self.ledger, release, used, self.keep_releases)
        return release

    def _judge(self, release: Release) -> None:
        """Refuse services, and commands before them, that could not be started once it is built."""
        starter = self._starter()
        starter.check(list(self._orders(release, self.release_record()).values()))
        starter.before(release, before_of(self.project, self.spec, release.source))

    def prepare(self, release: Release) -> None:
        """Run the commands that have to succeed before ``release`` serves there, each once.

        Raises:
            BadInputError: A command or variable cannot be used; nothing was run then.
            BeforeError: A command failed.
            CarryError: Data of the live release cannot be carried over; nothing was run then.
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
        with self.locked():
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
        chosen_by: StartRecord | None = None,
    ) -> list[Instance]:
        """Return all replicas of all services of ``release``; those that run already are adopted.

        The others are started on leased ports, in a copy of the release for this environment
        alone, also where a replica runs with another configuration. When one cannot be started,
        those just started are stopped again. ``fresh``: adopt none, start them all beside what
        runs. ``chosen_by`` is the configuration by which the release was chosen, by default that
        of the project.

        Raises:
            BadInputError: A command, a variable or `data` cannot be used; nothing was started then.
            CarryError: Data of the live release cannot be carried over; nothing was started then.
            LaunchError: This machine could not start a process.
        """
        if not release.path.is_dir():
            raise NotFoundError("release", str(release.path), [], "Build it again.")
        orders = self._orders(release, chosen_by or self.release_record())
        self._starter().check(list(orders.values()))
        with self.locked():
            existing = [] if fresh else self._adoptable(orders)
            adopted, lacking = missing(list(orders), release.digest, existing)
            self._take(adopted)
            started = self._start_in_trees([orders[replica] for replica in lacking], state)
        return [*(_as_ordered(instance, orders) for instance in adopted), *started]

    def start_again(self, lost: Sequence[Instance]) -> list[Instance]:
        """Start processes in place of the ``lost`` ones, as they were, but with today's secrets.

        Raises:
            BadInputError: A release is no longer on disk; nothing was started then.
            LaunchError: This machine could not start a process.
        """
        orders = [self._former_order(instance) for instance in lost]
        self._starter().check(orders)
        with self.locked():
            return self._start_in_trees(orders, InstanceState.STARTING)

    def healthy(self, instances: Sequence[Instance], timeout_seconds: float) -> list[Health]:
        """Return the health of each, waiting up to ``timeout_seconds`` for it."""
        return await_health(instances, timeout_seconds, self.secrets.values())

    def stop(self, instances: Sequence[Instance], grace_seconds: float) -> None:
        """End the processes of ``instances`` with all they started, and release their ports.

        They are marked first, so that nobody starts again what is being ended.

        Raises:
            EndingError: Processes are left that cannot be ended; the others are stopped.
        """
        end_instances(self.ledger, instances, grace_seconds)

    def _start_in_trees(self, orders: Sequence[Order], state: InstanceState) -> list[Instance]:
        """Start the ordered replicas in copies of their releases for this environment alone."""
        trees: dict[str, Release] = {}
        for order in orders:
            if order.release.digest not in trees:
                trees[order.release.digest] = tree = self.as_served(order.release)
                begin(tree.path)
        orders_in_trees = [replace(order, release=trees[order.release.digest]) for order in orders]
        return self._starter().start(orders_in_trees, state)

    def _orders(self, release: Release, chosen_by: StartRecord) -> dict[Replica, Order]:
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
        """Return how ``lost`` was started; where nothing is recorded, how it would be today."""
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
        variables = recorded_variables(lost.configuration, self.variables)
        today = service_record(spec, variables, self.secrets, seal_key(self.home))
        record = {**lost.configuration, **today}
        return Order(Replica(lost.service, lost.replica), release, spec, variables, record)

    def _service(self, release: Release, name: str) -> ServiceSpec:
        services = self.services(release)
        if name not in services:
            raise NotFoundError("service", name, list(services), f"Launch {self.project} again.")
        return services[name]

    def _adoptable(self, orders: Mapping[Replica, Order]) -> list[Instance]:
        """Return the instances that may stay: alive or finished, and started as is configured now.

        An instance is alive where it is supervised, and may have finished where it has no port.
        """
        states = {InstanceState.STARTING, InstanceState.RUNNING}
        candidates = instances(self.ledger, self.project, self.environment, states)
        return [
            instance
            for instance in candidates
            if (order := orders.get(Replica(instance.service, instance.replica)))
            and not differences(instance.configuration, order.record).needs_process
            and (is_supervised(instance) or (has_finished(instance) and instance.port is None))
        ]

    def _take(self, adopted: Sequence[Instance]) -> None:
        """Take over instances that another launch is starting, so that they survive its death."""
        starting = [instance.id for instance in adopted if instance.state is InstanceState.STARTING]
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


def _as_ordered(instance: Instance, orders: Mapping[Replica, Order]) -> Instance:
    """Return ``instance`` with the settings that a running process can apply, not recorded yet."""
    order = orders[Replica(instance.service, instance.replica)]
    return replace(instance, health_path=order.spec.health_path, configuration=order.record)
