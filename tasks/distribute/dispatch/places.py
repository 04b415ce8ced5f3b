"""The places that the steps of one workload hold on providers, and pass on to each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf

from blocks.providers.interface import Resources
from tasks.claim import Granted
from tasks.distribute.dispatch.admission import Admission, finished, in_thread
from tasks.distribute.dispatch.events import Hooks
from tasks.distribute.dispatch.wakeup import Wakeup
from tasks.errors import StaleFenceError
from tasks.planning.core.placement import PlacementChoice, RunningStep
from tasks.workload import Step

# How often it is looked whether other workloads wait, which ends that capacity passes from step to
# step.
LOOK_SECONDS = 1.0
# A step asks for capacity only where its own workload does not free it sooner than that.
SOON_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Held:
    """A grant, and the demand that it covers."""

    grant: Granted
    demand: Resources


class Places:
    """The capacity that the steps of the workload ``workload_id`` hold.

    The place of a step that has ended is spare until `release_spare`: another step with the same
    demand may take it over, unless other workloads wait for that provider. ``running`` are the steps
    that hold one; ``wakeup`` rings when one is given back.
    """

    def __init__(
        self,
        admission: Admission,
        *,
        workload_id: str,
        clock: Callable[[], float],
        wakeup: Wakeup,
        hooks: Hooks,
    ) -> None:
        self._admission = admission
        self._workload_id = workload_id
        self._clock = clock
        self._wakeup = wakeup
        self._hooks = hooks
        self._held: dict[str, Held] = {}
        self._spare: list[Held] = []
        self._wanted: frozenset[str] = frozenset()
        self._looked_at = -inf
        self.running: dict[str, RunningStep] = {}

    async def look_for_others(self) -> None:
        """Look which providers other workloads wait for, where the last look is a while ago."""
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._clock()
            self._wanted = await in_thread(self._admission.wanted_by_others, self._workload_id)

    def in_use(self) -> Mapping[str, Resources]:
        """Return what running steps use, by provider."""
        sums: dict[str, Resources] = {}
        for step in self.running.values():
            _add(sums, step.provider, step.demand)
        return sums

    def in_ledger(self) -> Mapping[str, Resources]:
        """Return what the workload holds, with what is spare, by provider."""
        sums = dict(self.in_use())
        for held in self._spare:
            _add(sums, held.grant.provider, held.demand)
        return sums

    def frees_soon(self, choice: PlacementChoice, now: float) -> bool:
        """Tell whether the place of ``choice`` is likely to come from a running step, and soon.

        ``now`` is when it was chosen.
        """
        wait_seconds = choice.starts_at - now
        return 0 < wait_seconds <= SOON_SECONDS and any(
            step.provider == choice.provider for step in self.running.values()
        )

    def grant_of(self, step_id: str) -> Granted | None:
        """Return the grant that the step holds, if any."""
        held = self._held.get(step_id)
        return held.grant if held else None

    def hold(self, step: Step, choice: PlacementChoice, grant: Granted) -> None:
        """Note that ``step`` holds ``grant`` from now on, and is expected to last as in ``choice``."""
        now = self._clock()
        self._held[step.id] = Held(grant, step.demand)
        seconds = choice.ends_at - choice.starts_at
        self.running[step.id] = RunningStep(choice.provider, step.demand, now, now + seconds)

    def take_spare(self, demand: Resources, choice: PlacementChoice, now: float) -> Granted | None:
        """Return a spare place for ``demand`` as in ``choice``, which is spare no more.

        ``now`` is when it was chosen; None: there is no such place.
        """
        if choice.starts_at > now:
            return None
        for held in self._spare:
            if held.grant.provider == choice.provider and held.demand == demand:
                self._spare.remove(held)
                return held.grant
        return None

    async def give_back(self, step_id: str) -> None:
        """Free the place that the step holds, if any; cancelling does not prevent it."""
        held = self._held.pop(step_id, None)
        if held is None:
            return
        try:
            if held.grant.provider in self._wanted:
                await self.release(held.grant)
            else:
                self._spare.append(held)
        finally:
            self.running.pop(step_id, None)
            self._wakeup.ring()

    async def release_spare(self) -> None:
        """Give back the capacity that nobody has taken over.

        Raises:
            StaleFenceError: another run holds the workload now.
        """
        while self._spare:
            held = self._spare.pop()
            try:
                await self.release(held.grant)
            except StaleFenceError:
                raise
            except Exception as error:  # noqa: BLE001 - the work goes on; its end frees all
                self._hooks.on_fault(f"A place on {held.grant.provider} is still held", error)
            finally:
                self._wakeup.ring()

    async def release(self, grant: Granted) -> None:
        """Release ``grant``; cancelling does not prevent it."""
        await finished(in_thread(self._admission.release, grant.allocation_id, grant.fence))

    async def give_back_all(self) -> None:
        """Release all capacity."""
        for step_id in list(self._held):
            await self.give_back(step_id)
        await self.release_spare()


def _add(sums: dict[str, Resources], provider: str, demand: Resources) -> None:
    sums[provider] = sums[provider] + demand if provider in sums else demand
