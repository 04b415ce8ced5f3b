"""The public ports of an environment: where users reach a service, whatever instance serves it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from blocks.project_spec import ServiceSpec
from blocks.routers.interface import Router
from tasks.launch.instances.desired import upstreams
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import port_of
from tasks.ledger.public_ports import (
    PortOwner,
    forget_moved,
    lease_public_ports,
    moved_public_ports,
    retire_public_ports,
    undo_public_ports,
)
from tasks.public_port_range import PublicPortRange, public_range
from tasks.release import LIVING, Instance, InstanceState
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class PublicPorts:
    """The public ports of one environment of a project; ``span`` is the router's range."""

    ledger: Ledger
    router: Router
    place: PortOwner
    span: PublicPortRange

    @contextmanager
    def leased(
        self,
        services: Mapping[str, ServiceSpec],
        clock: Callable[[], float],
        passed_on: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Lease a public port for each of ``services`` that takes traffic: all of them, or none.

        A block that fails leaves every service with the port it held before, unless they are
        ``passed_on``: then a later run has its instances answer on these ports.

        Raises:
            BadInputError: A `port` of a service is not a public port, or another service holds it.
            BusyError: No public port is free.
        """
        pins = {name: service.port for name, service in services.items() if service.web}
        lease = lease_public_ports(self.ledger, self.span, self.place, pins, clock())
        try:
            for service, port in lease.ports.items():
                former = lease.before[service]
                if former is None or former.port != port:
                    self.router.route(port, ())  # its last owner may have left dead upstreams
            yield
        except BaseException:
            if not passed_on():
                undo_public_ports(self.ledger, self.span, self.place, lease)
            raise

    def publish(self, serving: Sequence[Instance], now: float) -> dict[str, str]:
        """Send the traffic of each service to those ``serving``; return service -> URL."""
        addresses_of = upstreams(serving)
        lease = lease_public_ports(
            self.ledger, self.span, self.place, dict.fromkeys(addresses_of), now, move=False
        )
        for service, addresses in addresses_of.items():
            self.router.route(lease.ports[service], addresses)
        self._leave_moved()
        return {name: f"http://{self.span.host}:{port}" for name, port in lease.ports.items()}

    def urls(self, services: Collection[str]) -> dict[str, str]:
        """Return the URL of each of ``services`` that has a public port, by service."""
        ports = {service: port_of(self.ledger, self.place.owner(service)) for service in services}
        return {name: f"http://{self.span.host}:{port}" for name, port in ports.items() if port}

    def withdraw(self, services: Iterable[str], now: float) -> None:
        """Send the traffic of ``services`` nowhere; they keep their ports while others are free."""
        services = list(services)
        for service in services:
            port = port_of(self.ledger, self.place.owner(service))
            if port is not None:
                self.router.route(port, ())
        retire_public_ports(self.ledger, self.place, services, now)

    def _leave_moved(self) -> None:
        """Clear the routes of ports that a service has moved away from."""
        for service, port in moved_public_ports(self.ledger, self.span, self.place).items():
            self.router.route(port, ())
            forget_moved(self.ledger, self.span, self.place, service)


def route_away(ledger: Ledger, router: Router, leaving: Collection[Instance], now: float) -> None:
    """Send the traffic of ``leaving`` to the instances that are live there instead, or nowhere.

    The public port of a service of which nothing is left may be leased to another.
    """
    ids = {instance.id for instance in leaving}
    for instance in leaving:
        place = PortOwner(instance.project, instance.environment)
        port = port_of(ledger, place.owner(instance.service))
        if port is None:
            continue
        if f"{instance.host}:{instance.port}" in router.upstreams(port):
            serving = instances(
                ledger, instance.project, instance.environment, {InstanceState.RUNNING}
            )
            router.route(port, upstreams(serving).get(instance.service, ()))
        remaining = instances(ledger, instance.project, instance.environment, LIVING)
        if not any(
            other.service == instance.service and other.id not in ids for other in remaining
        ):
            retire_public_ports(ledger, place, [instance.service], now)


def public_ports_of(
    project: str, environment: str, ledger: Ledger, router: Router, settings: Settings
) -> PublicPorts:
    """Return the public ports of that environment, as this machine's router has them."""
    return PublicPorts(ledger, router, PortOwner(project, environment), public_range(settings))
