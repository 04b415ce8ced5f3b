"""The range of public ports that the router serves, or that the settings name before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.routers.extent import reach, served
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class PublicPortRange:
    """The public ports that the router of ``host`` serves: ``first`` to ``last``, inclusive."""

    host: str
    first: int
    last: int

    def __contains__(self, port: int) -> bool:
        return self.first <= port <= self.last


def public_range(settings: Settings) -> PublicPortRange:
    """Return the public ports that can be leased now.

    The router may grow while flows run, whose environment still has the former number.
    """
    announced = served(settings.root / "router")
    last = reach(settings.router_port, settings.router_slots, announced)
    return PublicPortRange(settings.host, settings.router_port, last)
