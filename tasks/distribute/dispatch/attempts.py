"""The attempts of steps: placed, admitted, executed, and their capacity always given back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from typing import Protocol

from blocks.providers.interface import Outcome
from tasks.claim import AdmissionDecision, Claim, Granted, Queued, Refused
from tasks.distribute.dispatch.admission import Admission, finished, in_thread
from tasks.distribute.dispatch.events import Hooks
from tasks.distribute.dispatch.fleet_view import FleetView
from tasks.distribute.dispatch.places import Places
from tasks.distribute.dispatch.ready_queue import StepHistory
from tasks.distribute.dispatch.results import RefusedError
from tasks.distribute.dispatch.wakeup import Wakeup, first_of
from tasks.plan import FleetSnapshot
from tasks.planning.core.placement import PlacementChoice, PlacementRequest, place
from tasks.workload import Step

# The interval at which waiting steps ask again although nothing seems to have changed.
ASK_AGAIN_SECONDS = 5.0


class Execute(Protocol):
    """Runs a step on a provider, to its recorded end."""

    async def __call__(self, step: Step, provider: str) -> Outcome:
        """Return the outcome; a step that fails is an outcome, not an exception."""
        ...


class Submit(Protocol):
    """Wraps a step that was admitted, e.g. into a Prefect task run with its retries."""

    async def __call__(self, step: Step, attempt: Callable[[], Awaitable[Outcome]]) -> object:
        """Await ``attempt`` for each try; raise StepFailedError where the last one failed."""
        ...


class Attempts:
    """The attempts of all steps of one workload; ``places`` are what they hold.

    ``request`` returns the placement request of a step at this moment, ``history`` are the attempts
    of each step. ``wakeup`` rings when capacity is given back.
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
        self._request = request
        self._workload_id = workload_id
        self._fence = fence
        self._priority = priority
        self._clock = clock
        self._wakeup = wakeup
        self._history = history
        self._hooks = hooks
        self.places = Places(
            admission, workload_id=workload_id, clock=clock, wakeup=wakeup, hooks=hooks
        )
        self._fleet = FleetView(fleet, self.places, clock)
        self._waiting: dict[str, str] = {}

    async def snapshot(self) -> FleetSnapshot:
        """Return the fleet as it is now."""
        await self.places.look_for_others()
        return await self._fleet.snapshot()

    def take_over(self, step: Step, choice: PlacementChoice, now: float) -> bool:
        """Let ``step`` take spare capacity as in ``choice``; tell whether there was any.

        ``now`` is when it was chosen.
        """
        spare = self.places.take_spare(step.demand, choice, now)
        if spare is None:
            return False
        waited = self._waiting.pop(step.id, None) is not None
        self._admission.hand_over(spare, self._claim(step, choice), waited=waited)
        self.places.hold(step, choice, spare)
        return True

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
            self._fleet.outdate()  # it had promised room
            return answer
        del self._waiting[step.id]
        if isinstance(answer, Granted):
            self.places.hold(step, choice, answer)
        return answer

    async def _ask(
        self, step: Step, choice: PlacementChoice, more_urgent: Collection[str] | None
    ) -> AdmissionDecision:
        before, after = self._waiting_owners(step, choice.provider, more_urgent)
        claim = replace(self._claim(step, choice), passes=after, yields=before)
        request = in_thread(self._admission.admit, claim)
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            # The thread goes on: a grant that it may still get must not stay held.
            answer = await request
            if isinstance(answer, Granted):
                await self.places.release(answer)
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

    async def attempt(self, step: Step) -> Outcome:
        """Try ``step`` once, on the provider of its first admission or of a new placement.

        Raises:
            RefusedError: no provider can take it any more.
        """
        grant = self.places.grant_of(step.id) or await self._admitted(step)
        provider = grant.provider
        try:
            outcome = await self._execute(step, provider)
            self._history[step.id].note(provider, outcome)
            return outcome
        finally:
            await self.places.give_back(step.id)

    async def _admitted(self, step: Step) -> Granted:
        while True:
            turn = self._wakeup.turn()
            fleet = await self.snapshot()
            choices = place(
                [self._request(step)], self.places.running.values(), fleet, self._clock()
            )
            answer = await self.admit(step, choices[0])
            if isinstance(answer, Granted):
                return answer
            if isinstance(answer, Refused):
                raise RefusedError(f"{step.id} is refused: {answer.conflict}")
            await first_of(turn, self.changed())

    async def changed(self) -> None:
        """Wait until asking again may help."""
        await self._admission.changed(ASK_AGAIN_SECONDS)
        self._fleet.outdate()

    async def withdraw(self, step_id: str) -> None:
        """Remove the step from the queue that it waits in."""
        if self._waiting.pop(step_id, None):
            await finished(in_thread(self._admission.withdraw, self._owner(step_id)))

    async def give_back_all(self) -> None:
        """Release all capacity and leave all queues."""
        await self.places.give_back_all()
        for step_id in list(self._waiting):
            await self.withdraw(step_id)

    def _owner(self, step_id: str) -> str:
        return f"{self._workload_id}/{step_id}"
