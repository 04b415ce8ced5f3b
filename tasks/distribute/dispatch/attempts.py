"""One try of a step: placed, admitted, executed, and its capacity given back whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeVar

from blocks.providers.interface import Outcome
from tasks.claim import Admittance, Claim, Granted, Queued, Refused
from tasks.distribute.dispatch.events import Hooks
from tasks.distribute.dispatch.ready_queue import StepHistory
from tasks.distribute.dispatch.results import RefusedError
from tasks.distribute.dispatch.wakeup import Wakeup, first_of
from tasks.plan import FleetSnapshot
from tasks.planning.core.placement import PlacementChoice, PlacementRequest, RunningStep, place
from tasks.workload import Step

T = TypeVar("T")

# How often those who wait ask again although nothing seems to have changed.
ASK_AGAIN_SECONDS = 5.0


class Admission(Protocol):
    """Who may hold what; the calls that block are made in a thread."""

    def admit(self, claim: Claim) -> Admittance:
        """Grant, queue or refuse; asking again keeps the place in the queue."""
        ...

    def release(self, allocation_id: int, fence: int) -> object:
        """Give back what was granted."""
        ...

    def withdraw(self, owner: str) -> object:
        """Let ``owner`` wait no longer, for any provider."""
        ...

    async def changed(self, timeout: float) -> object:  # noqa: ASYNC109 - it only bounds a wait
        """Return when an answer may have changed, or after ``timeout`` seconds."""
        ...


class Execute(Protocol):
    """Runs a step on a provider, to its recorded end."""

    async def __call__(self, step: Step, provider: str) -> Outcome:
        """Return what came of it; a step that fails is an outcome, not an exception."""
        ...


class Attempts:
    """The tries of all steps of one workload, and what they hold.

    ``request`` says what a step asks for at this moment, ``history`` what its tries came to.
    ``wakeup`` rings when capacity is given back.
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
        self._admission, self._execute, self._fleet = admission, execute, fleet
        self._request, self._clock, self._wakeup, self._hooks = request, clock, wakeup, hooks
        self._workload_id, self._fence, self._priority = workload_id, fence, priority
        self._grants: dict[str, Granted] = {}
        self._waiting: dict[str, str] = {}
        self.held: dict[str, RunningStep] = {}
        self._history = history

    async def snapshot(self) -> FleetSnapshot:
        """Return the fleet as it is now."""
        return await asyncio.to_thread(self._fleet)

    async def admit(
        self, step: Step, choice: PlacementChoice, asked: Collection[str] | None = None
    ) -> Admittance:
        """Ask for the capacity of ``choice``; what is granted is held for the next attempt.

        ``asked`` are the steps that are more urgent, of all that have not been tried yet.
        """
        if not choice.provider:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in choice.rejected)
            return Refused(f"no provider can take it ({reasons or 'there is none'})")
        if self._waiting.get(step.id, choice.provider) != choice.provider:
            await self.withdraw(step.id)
        # Noted before it is asked: who is cancelled meanwhile may be in the queue already.
        self._waiting[step.id] = choice.provider
        answer = await self._ask(step, choice, asked)
        if isinstance(answer, Queued):
            self._hooks.on_queued(step.id, answer)
            return answer
        del self._waiting[step.id]
        if isinstance(answer, Granted):
            self._hold(step, choice, answer)
        return answer

    async def _ask(
        self, step: Step, choice: PlacementChoice, asked: Collection[str] | None
    ) -> Admittance:
        before, after = self._around(step, choice.provider, asked)
        takes = choice.ends_at - choice.starts_at
        claim = Claim(
            owner=self._owner(step.id),
            provider=choice.provider,
            demand=step.demand,
            fence=self._fence,
            priority=self._priority,
            expected_seconds=takes,
            late_seconds=takes * self._request(step).late_factor,
            passes=after,
            yields=before,
        )
        asking = _in_thread(self._admission.admit, claim)
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            # The thread goes on: what it may still be granted must not stay held.
            answer = await asking
            if isinstance(answer, Granted):
                await self._release(answer)
            raise

    def _around(
        self, step: Step, provider: str, asked: Collection[str] | None
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the owners of more and of less urgent claims that wait for ``provider``.

        A retry is in its turn.
        """
        if asked is None:
            return frozenset(), frozenset()
        others = [
            other
            for other, where in self._waiting.items()
            if where == provider and other != step.id and not self._history[other].tries
        ]
        before = frozenset(self._owner(other) for other in others if other in asked)
        return before, frozenset(map(self._owner, others)) - before

    def _hold(self, step: Step, choice: PlacementChoice, grant: Granted) -> None:
        now = self._clock()
        self._grants[step.id] = grant
        takes = choice.ends_at - choice.starts_at
        self.held[step.id] = RunningStep(choice.provider, step.demand, now, now + takes)

    async def attempt(self, step: Step) -> Outcome:
        """Try ``step`` once, where the first admission or a new placement says.

        Raises:
            RefusedError: no provider can take it any more.
        """
        provider = (self._grants.get(step.id) or await self._admitted(step)).provider
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
            choices = place([self._request(step)], self.held.values(), fleet, self._clock())
            answer = await self.admit(step, choices[0])
            if isinstance(answer, Granted):
                return answer
            if isinstance(answer, Refused):
                raise RefusedError(f"{step.id} is refused: {answer.conflict}")
            await first_of(turn, self.changed())

    async def changed(self) -> None:
        """Return when asking again may help."""
        await self._admission.changed(ASK_AGAIN_SECONDS)

    async def give_back(self, step_id: str) -> None:
        """Release what the step holds, if anything; cancelling does not prevent it."""
        grant = self._grants.pop(step_id, None)
        if grant is not None:
            try:
                await self._release(grant)
            finally:
                self.held.pop(step_id, None)
                self._wakeup.ring()

    async def withdraw(self, step_id: str) -> None:
        """Let the step wait no longer."""
        if self._waiting.pop(step_id, None):
            await _finished(_in_thread(self._admission.withdraw, self._owner(step_id)))

    async def give_back_all(self) -> None:
        """Hold nothing and wait for nothing any longer."""
        for step_id in list(self._grants):
            await self.give_back(step_id)
        for step_id in list(self._waiting):
            await self.withdraw(step_id)

    async def _release(self, grant: Granted) -> None:
        await _finished(_in_thread(self._admission.release, grant.allocation_id, grant.fence))

    def _owner(self, step_id: str) -> str:
        return f"{self._workload_id}/{step_id}"


def _in_thread(work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
    """Return a future and not a task: at its end, asyncio.run cancels all tasks there are."""
    return asyncio.get_running_loop().run_in_executor(None, work, *arguments)


async def _finished(work: asyncio.Future[T]) -> None:
    """Wait for ``work`` to its end, even where this is cancelled meanwhile."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise
