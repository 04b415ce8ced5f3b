"""Front ports: where users reach a service, whatever serves it at the moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from blocks.project_spec import ServiceSpec
from blocks.routers.interface import Router
from tasks.launch.desired import upstreams
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
from tasks.public_port_range import PublicPortRange, front_range
from tasks.release import LIVING, Instance, InstanceState
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class PublicPorts:
    """The front ports of one environment of a project; ``span`` is the router's range."""

    ledger: Ledger
    router: Router
    place: PortOwner
    span: PublicPortRange

    @contextmanager
    def taken(
        self,
        services: Mapping[str, ServiceSpec],
        clock: Callable[[], float],
        passed_on: Callable[[], bool] = lambda: False,
    ) -> Iterator[None]:
        """Hold a front port for each of ``services`` that takes traffic: all of them, or none.

        A block that fails leaves every service with the port it held before, unless they are
        ``passed_on``: then somebody else has what serves answer on these.

        Raises:
            BadInputError: A `port` of a service is no front port, or another service holds it.
            BusyError: No front port is free.
        """
        pins = {name: service.port for name, service in services.items() if service.web}
        taken = lease_public_ports(self.ledger, self.span, self.place, pins, clock())
        try:
            for service, port in taken.ports.items():
                former = taken.before[service]
                if former is None or former.port != port:
                    self.router.route(port, ())  # its last owner may have left a way to nowhere
            yield
        except BaseException:
            if not passed_on():
                undo_public_ports(self.ledger, self.span, self.place, taken)
            raise

    def publish(self, serving: Sequence[Instance], now: float) -> dict[str, str]:
        """Send the traffic of each service to those ``serving``; return service -> URL."""
        wanted = upstreams(serving)
        held = lease_public_ports(
            self.ledger, self.span, self.place, dict.fromkeys(wanted), now, move=False
        )
        for service, addresses in wanted.items():
            self.router.route(held.ports[service], addresses)
        self._leave_moved()
        return {name: f"http://{self.span.host}:{port}" for name, port in held.ports.items()}

    def urls(self, services: Collection[str]) -> dict[str, str]:
        """Return where those of ``services`` that have a front port are reached, by service."""
        held = {service: port_of(self.ledger, self.place.owner(service)) for service in services}
        return {name: f"http://{self.span.host}:{port}" for name, port in held.items() if port}

    def withdraw(self, services: Iterable[str], now: float) -> None:
        """Send the traffic of ``services`` nowhere; their ports stay theirs while others do."""
        services = list(services)
        for service in services:
            port = port_of(self.ledger, self.place.owner(service))
            if port is not None:
                self.router.route(port, ())
        retire_public_ports(self.ledger, self.place, services, now)

    def _leave_moved(self) -> None:
        """Send the traffic of ports that a service has moved away from nowhere."""
        for service, port in moved_public_ports(self.ledger, self.span, self.place).items():
            self.router.route(port, ())
            forget_moved(self.ledger, self.span, self.place, service)


def lead_away(ledger: Ledger, router: Router, leaving: Collection[Instance], now: float) -> None:
    """Send the traffic that goes to ``leaving`` to what serves there instead, or nowhere.

    The front port of a service of which nothing is left is given to whoever needs one.
    """
    ids = {one.id for one in leaving}
    for one in leaving:
        place = PortOwner(one.project, one.environment)
        port = port_of(ledger, place.owner(one.service))
        if port is None:
            continue
        if f"{one.host}:{one.port}" in router.upstreams(port):
            serving = instances(ledger, one.project, one.environment, {InstanceState.RUNNING})
            router.route(port, upstreams(serving).get(one.service, ()))
        there = instances(ledger, one.project, one.environment, LIVING)
        if not any(each.service == one.service and each.id not in ids for each in there):
            retire_public_ports(ledger, place, [one.service], now)


def fronts_of(
    project: str, environment: str, ledger: Ledger, router: Router, settings: Settings
) -> PublicPorts:
    """Return the front ports of that environment, as this machine's router has them."""
    return PublicPorts(ledger, router, PortOwner(project, environment), front_range(settings))
