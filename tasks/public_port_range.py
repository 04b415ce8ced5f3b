"""The range of public ports that the router serves, or that the settings name before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.routers.extent import reach, served
from tasks.errors import BadInputError
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class PublicPortRange:
    """The public ports that the router of ``host`` serves: ``first`` to ``last``, inclusive."""

    host: str
    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last

    def require(self, project: str, service: str, port: int) -> None:
        """Refuse ``port``, which a service asks for, if the router does not serve it.

        Raises:
            BadInputError: It names the field of the project.
        """
        if port not in self:
            raise BadInputError(
                f"projects.{project}.services.{service}.port",
                port,
                f"the public ports are {self.first} to {self.last}",
                "Write one of these, or set SLIPWAY_ROUTER_SLOTS higher and run `make up`.",
            )


def public_range(settings: Settings) -> PublicPortRange:
    """Return the public ports that can be leased now.

    The router may grow while flows run, whose environment still has the former number.
    """
    announced = served(settings.root / "router")
    last = reach(settings.router_port, settings.router_slots, announced)
    return PublicPortRange(settings.host, settings.router_port, last)
