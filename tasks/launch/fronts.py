"""Front ports: where users reach a service, whatever serves it at the moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from blocks.routers.interface import Router
from tasks.launch.desired import upstreams
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import lease_port, port_of
from tasks.release import Instance, InstanceState
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class Fronts:
    """The front ports of one environment of a project; ``ports`` is the router's range."""

    ledger: Ledger
    router: Router
    project: str
    environment: str
    host: str
    ports: tuple[int, int]

    def publish(self, serving: Sequence[Instance], now: float) -> dict[str, str]:
        """Send the traffic of each service to those ``serving``; return service -> URL."""
        urls = {}
        for service, addresses in upstreams(serving).items():
            port = lease_port(
                self.ledger, self.host, *self.ports, owner=self._owner(service), now=now
            )
            self.router.route(port, addresses)
            urls[service] = f"http://{self.host}:{port}"
        return urls

    def withdraw(self, services: Iterable[str]) -> None:
        """Send the traffic of ``services`` nowhere; their ports stay theirs."""
        for service in services:
            port = port_of(self.ledger, self._owner(service))
            if port is not None:
                self.router.route(port, ())

    def _owner(self, service: str) -> str:
        return front_owner(self.project, self.environment, service)


def front_owner(project: str, environment: str, service: str) -> str:
    """Return the name under which a service holds its front port in the ledger."""
    return f"front/{project}/{environment}/{service}"


def lead_away(ledger: Ledger, router: Router, leaving: Iterable[Instance]) -> None:
    """Send the traffic that goes to ``leaving`` to what serves there instead, or nowhere."""
    for one in leaving:
        port = port_of(ledger, front_owner(one.project, one.environment, one.service))
        if port is None or f"{one.host}:{one.port}" not in router.upstreams(port):
            continue
        serving = instances(ledger, one.project, one.environment, {InstanceState.RUNNING})
        router.route(port, upstreams(serving).get(one.service, ()))


def fronts_of(
    project: str, environment: str, ledger: Ledger, router: Router, settings: Settings
) -> Fronts:
    """Return the front ports of that environment, as this machine's settings have them."""
    last = settings.router_port + settings.router_slots - 1
    return Fronts(ledger, router, project, environment, settings.host, (settings.router_port, last))
