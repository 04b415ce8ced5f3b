"""The dispatcher's view of the fleet: as it was a moment ago, moved by what was done since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from blocks.providers.interface import Resources
from tasks.distribute.dispatch.admission import in_thread
from tasks.distribute.dispatch.places import Places
from tasks.plan import FleetSnapshot

# How old the state of the providers may be, without what this workload has done since.
FLEET_SECONDS = 0.25


class FleetView:
    """The providers as ``places`` leave them; ``fleet`` reads their state, in a thread."""

    def __init__(
        self, fleet: Callable[[], FleetSnapshot], places: Places, clock: Callable[[], float]
    ) -> None:
        self._fleet = fleet
        self._places = places
        self._clock = clock
        self._known: FleetSnapshot | None = None
        self._held_then: Mapping[str, Resources] = {}

    async def snapshot(self) -> FleetSnapshot:
        """Return the fleet as it is now."""
        known = self._known
        if known is None or self._clock() - known.at >= FLEET_SECONDS:
            held_then = self._places.in_ledger()
            known = await in_thread(self._fleet)
            self._known, self._held_then = known, held_then
        return moved(known, self._held_then, self._places.in_use())

    def outdate(self) -> None:
        """Read the state of the providers again at the next look."""
        self._known = None


def moved(
    fleet: FleetSnapshot, before: Mapping[str, Resources], after: Mapping[str, Resources]
) -> FleetSnapshot:
    """Return ``fleet`` as it is when what is used of each provider has moved to ``after``."""
    if before == after:
        return fleet
    nothing = Resources()
    return replace(
        fleet,
        providers=tuple(
            replace(
                each,
                free=(each.free + before.get(each.name, nothing)).minus(
                    after.get(each.name, nothing)
                ),
            )
            for each in fleet.providers
        ),
    )
