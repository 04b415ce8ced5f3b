"""The attempts of steps: placed, admitted, executed, and their capacity always given back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol, TypeVar

from blocks.providers.interface import Outcome, Resources
from tasks.claim import AdmissionDecision, Claim, Granted, Queued, Refused
from tasks.distribute.dispatch.events import Hooks
from tasks.distribute.dispatch.ready_queue import StepHistory
from tasks.distribute.dispatch.results import RefusedError
from tasks.distribute.dispatch.wakeup import Wakeup, first_of
from tasks.errors import StaleFenceError
from tasks.plan import FleetSnapshot
from tasks.planning.core.placement import PlacementChoice, PlacementRequest, RunningStep, place
from tasks.workload import Step

T = TypeVar("T")

# The interval at which waiting steps ask again although nothing seems to have changed.
ASK_AGAIN_SECONDS = 5.0
# How often it is looked whether other workloads wait, which ends that capacity passes from step to
# step.
LOOK_SECONDS = 1.0
# A step asks for capacity only where its own workload does not free it sooner than that.
SOON_SECONDS = 1.0
# How old the state of the providers may be, without what this workload has done since.
FLEET_SECONDS = 0.25


class Admission(Protocol):
    """Admission of claims on capacity; the calls that block are made in a thread."""

    def admit(self, claim: Claim) -> AdmissionDecision:
        """Grant, queue or refuse ``claim``; asking again keeps its place in the queue."""
        ...

    def hand_over(self, granted: Granted, claim: Claim, *, waited: bool) -> None:
        """Give what ``granted`` holds to ``claim``; called in the loop, and never blocks.

        ``waited``: whether ``claim`` may stand in a queue.
        """
        ...

    def wanted_by_others(self, workload_id: str) -> frozenset[str]:
        """Return the names of the providers that claims of other workloads wait for."""
        ...

    def release(self, allocation_id: int, fence: int) -> object:
        """Give back the capacity of a grant."""
        ...

    def withdraw(self, owner: str) -> object:
        """Remove the claims of ``owner`` from all queues."""
        ...

    async def changed(self, timeout: float) -> object:  # noqa: ASYNC109 - it only bounds a wait
        """Return when an answer may have changed, or after ``timeout`` seconds."""
        ...


class Execute(Protocol):
    """Runs a step on a provider, to its recorded end."""

    async def __call__(self, step: Step, provider: str) -> Outcome:
        """Return the outcome; a step that fails is an outcome, not an exception."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A grant, and the demand that it covers."""

    grant: Granted
    demand: Resources


class Attempts:
    """The attempts of all steps of one workload, and the capacity that they hold.

    The capacity of a step that has ended is spare until `release_spare`: another step with the same
    demand may take it over, unless other workloads wait for that provider. ``request`` returns the
    placement request of a step at this moment, ``history`` are the attempts of each step. ``wakeup``
    rings when capacity is given back.
    """

    def __init__(
        self,
        admission: Admission,
        execute: Execute,
        fleet: Callable[[], FleetSnapshot],
        request: Callable[[Step], PlacementRequest],
        *,
        workload_id: str,
        fence: int,
        priority: int,
        clock: Callable[[], float],
        wakeup: Wakeup,
        history: Mapping[str, StepHistory],
        hooks: Hooks,
    ) -> None:
        self._admission = admission
        self._execute = execute
        self._fleet = fleet
        self._request = request
        self._workload_id = workload_id
        self._fence = fence
        self._priority = priority
        self._clock = clock
        self._wakeup = wakeup
        self._history = history
        self._hooks = hooks
        self._grants: dict[str, Held] = {}
        self._spare: list[Held] = []
        self._fleet_now: FleetSnapshot | None = None
        self._held_then: dict[str, Resources] = {}
        self._wanted: frozenset[str] = frozenset()
        self._looked_at = -inf
        self._waiting: dict[str, str] = {}
        self.running: dict[str, RunningStep] = {}

    async def snapshot(self) -> FleetSnapshot:
        """Return the fleet as it is now."""
        if self._clock() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._clock()
            self._wanted = await _in_thread(self._admission.wanted_by_others, self._workload_id)
        known = self._fleet_now
        if known is None or self._clock() - known.at >= FLEET_SECONDS:
            spare = [(held.grant.provider, held.demand) for held in self._spare]
            held_in_ledger = _summed([*self._in_use_now(), *spare])
            known = await asyncio.to_thread(self._fleet)
            self._fleet_now, self._held_then = known, held_in_ledger
        return moved(known, self._held_then, _summed(self._in_use_now()))

    def _in_use_now(self) -> list[tuple[str, Resources]]:
        return [(step.provider, step.demand) for step in self.running.values()]

    def frees_soon(self, choice: PlacementChoice, now: float) -> bool:
        """Tell whether the place of ``choice`` is likely to come from a running step, and soon.

        ``now`` is when it was chosen.
        """
        wait_seconds = choice.starts_at - now
        return 0 < wait_seconds <= SOON_SECONDS and any(
            step.provider == choice.provider for step in self.running.values()
        )

    def take_over(self, step: Step, choice: PlacementChoice, now: float) -> bool:
        """Let ``step`` take spare capacity as in ``choice``; tell whether there was any.

        ``now`` is when it was chosen.
        """
        spare = [
            held
            for held in self._spare
            if held.grant.provider == choice.provider and held.demand == step.demand
        ]
        if not spare or choice.starts_at > now:
            return False
        self._spare.remove(spare[0])
        waited = self._waiting.pop(step.id, None) is not None
        claim = self._claim(step, choice)
        self._admission.hand_over(spare[0].grant, claim, waited=waited)
        self._hold(step, choice, spare[0].grant)
        return True

    async def release_spare(self) -> None:
        """Give back the capacity that nobody has taken over.

        Raises:
            StaleFenceError: another run holds the workload now.
        """
        while self._spare:
            held = self._spare.pop()
            try:
                await self._release(held.grant)
            except StaleFenceError:
                raise
            except Exception as error:  # noqa: BLE001 - the work goes on; its end frees all
                self._hooks.on_fault(f"A place on {held.grant.provider} is still held", error)
            finally:
                self._wakeup.ring()

    async def admit(
        self, step: Step, choice: PlacementChoice, more_urgent: Collection[str] | None = None
    ) -> AdmissionDecision:
        """Claim the capacity of ``choice``; a grant is held for the next attempt.

        ``more_urgent`` are the more urgent of the steps that have not been tried yet.
        """
        if not choice.provider:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in choice.rejected)
            return Refused(f"no provider can take it ({reasons or 'there is none'})")
        if self._waiting.get(step.id, choice.provider) != choice.provider:
            await self.withdraw(step.id)
        # Noted before asking: a step that is cancelled meanwhile may be in the queue already.
        self._waiting[step.id] = choice.provider
        answer = await self._ask(step, choice, more_urgent)
        if isinstance(answer, Queued):
            self._hooks.on_queued(step.id, answer)
            self._fleet_now = None  # it had promised room
            return answer
        del self._waiting[step.id]
        if isinstance(answer, Granted):
            self._hold(step, choice, answer)
        return answer

    async def _ask(
        self, step: Step, choice: PlacementChoice, more_urgent: Collection[str] | None
    ) -> AdmissionDecision:
        before, after = self._waiting_owners(step, choice.provider, more_urgent)
        claim = replace(self._claim(step, choice), passes=after, yields=before)
        request = _in_thread(self._admission.admit, claim)
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            # The thread goes on: a grant that it may still get must not stay held.
            answer = await request
            if isinstance(answer, Granted):
                await self._release(answer)
            raise

    def _claim(self, step: Step, choice: PlacementChoice) -> Claim:
        seconds = choice.ends_at - choice.starts_at
        return Claim(
            owner=self._owner(step.id),
            provider=choice.provider,
            demand=step.demand,
            fence=self._fence,
            priority=self._priority,
            expected_seconds=seconds,
            late_seconds=seconds * self._request(step).late_factor,
        )

    def _waiting_owners(
        self, step: Step, provider: str, more_urgent: Collection[str] | None
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the owners of more and of less urgent claims that wait for ``provider``.

        Retries keep their turn.
        """
        if more_urgent is None:
            return frozenset(), frozenset()
        others = [
            other
            for other, queued_at in self._waiting.items()
            if queued_at == provider and other != step.id and not self._history[other].tries
        ]
        before = frozenset(self._owner(other) for other in others if other in more_urgent)
        return before, frozenset(map(self._owner, others)) - before

    def _hold(self, step: Step, choice: PlacementChoice, grant: Granted) -> None:
        now = self._clock()
        self._grants[step.id] = Held(grant, step.demand)
        seconds = choice.ends_at - choice.starts_at
        self.running[step.id] = RunningStep(choice.provider, step.demand, now, now + seconds)

    async def attempt(self, step: Step) -> Outcome:
        """Try ``step`` once, on the provider of its first admission or of a new placement.

        Raises:
            RefusedError: no provider can take it any more.
        """
        held = self._grants.get(step.id)
        provider = (held.grant if held else await self._admitted(step)).provider
        try:
            outcome = await self._execute(step, provider)
            self._history[step.id].note(provider, outcome)
            return outcome
        finally:
            await self.give_back(step.id)

    async def _admitted(self, step: Step) -> Granted:
        while True:
            turn = self._wakeup.turn()
            fleet = await self.snapshot()
            choices = place([self._request(step)], self.running.values(), fleet, self._clock())
            answer = await self.admit(step, choices[0])
            if isinstance(answer, Granted):
                return answer
            if isinstance(answer, Refused):
                raise RefusedError(f"{step.id} is refused: {answer.conflict}")
            await first_of(turn, self.changed())

    async def changed(self) -> None:
        """Wait until asking again may help."""
        await self._admission.changed(ASK_AGAIN_SECONDS)
        self._fleet_now = None

    async def give_back(self, step_id: str) -> None:
        """Free the capacity that the step holds, if any; cancelling does not prevent it."""
        held = self._grants.pop(step_id, None)
        if held is None:
            return
        try:
            if held.grant.provider in self._wanted:
                await self._release(held.grant)
            else:
                self._spare.append(held)
        finally:
            self.running.pop(step_id, None)
            self._wakeup.ring()

    async def withdraw(self, step_id: str) -> None:
        """Remove the step from the queue that it waits in."""
        if self._waiting.pop(step_id, None):
            await _finished(_in_thread(self._admission.withdraw, self._owner(step_id)))

    async def give_back_all(self) -> None:
        """Release all capacity and leave all queues."""
        for step_id in list(self._grants):
            await self.give_back(step_id)
        await self.release_spare()
        for step_id in list(self._waiting):
            await self.withdraw(step_id)

    async def _release(self, grant: Granted) -> None:
        await _finished(_in_thread(self._admission.release, grant.allocation_id, grant.fence))

    def _owner(self, step_id: str) -> str:
        return f"{self._workload_id}/{step_id}"


def _summed(parts: Iterable[tuple[str, Resources]]) -> dict[str, Resources]:
    """Return the sums by provider."""
    sums: dict[str, Resources] = {}
    for provider, demand in parts:
        sums[provider] = sums.get(provider, Resources()) + demand
    return sums


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


def _in_thread(work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Run ``work`` in a thread; return a future and not a task, as asyncio.run cancels tasks."""
    return asyncio.get_running_loop().run_in_executor(None, work, *arguments)


async def _finished(work: asyncio.Future[T]) -> None:
    """Wait until ``work`` is done, even where this is cancelled meanwhile."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
