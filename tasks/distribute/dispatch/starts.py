"""The starts of ready steps: each takes the place of an ended one, or asks for one of its own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from tasks.claim import Granted, Refused
from tasks.distribute.dispatch.active_plan import ActivePlan
from tasks.distribute.dispatch.attempts import Attempts
from tasks.distribute.dispatch.ready_queue import ReadyQueue
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.planning.core.placement import LOOKAHEAD, PlacementChoice, PlacementRequest, place
from tasks.workload import Step


class Starts:
    """Starts the most urgent steps of ``queue`` that get a place.

    Args:
        queue: The ready steps.
        active_plan: The plan that is followed.
        attempts: What admits steps, and knows their places.
        adopted: The steps that run already; one may hold capacity under its own name.
        request: Returns the placement request of a step at this moment.
        goes_on: Tells whether steps may still start.
        start: Starts a step that has a place.
        end: Takes the result of a step that no provider can take.
        clock: Epoch seconds.
    """

    def __init__(
        self,
        queue: ReadyQueue,
        active_plan: ActivePlan,
        attempts: Attempts,
        *,
        adopted: Collection[str],
        request: Callable[[Step], PlacementRequest],
        goes_on: Callable[[], bool],
        start: Callable[[Step], None],
        end: Callable[[StepResult], None],
        clock: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._active_plan = active_plan
        self._attempts = attempts
        self._places = attempts.places
        self._adopted = adopted
        self._request = request
        self._goes_on = goes_on
        self._start = start
        self._end = end
        self._clock = clock

    async def start_ready(self) -> None:
        """Start what is ready and gets a place; then give back the places that nobody has taken."""
        if self._queue.waiting:
            choices, now = await self._choices()
            taken = self._take_over(choices, now)
            await self._places.release_spare()
            others = [choice for choice in choices if choice.step not in taken]
            await self._ask_for(others, taken, now)
        else:
            await self._places.release_spare()

    async def _choices(self) -> tuple[list[PlacementChoice], float]:
        """Return where the most urgent steps should run, and the moment that this was decided for."""
        fleet = await self._attempts.snapshot()
        joined, self._queue.joined = self._queue.joined, []
        await self._active_plan.join(joined, fleet)
        requests = (self._request(step) for step in self._queue.ready)
        running, now = list(self._places.running.values()), self._clock()
        return place(requests, running, fleet, now, LOOKAHEAD), now

    def _take_over(self, choices: Iterable[PlacementChoice], now: float) -> set[str]:
        """Start the steps that fit the place of an ended one; return which."""
        taken = set()
        for choice in choices:
            step = self._queue.steps[choice.step]
            adopted = step.id in self._adopted
            if self._goes_on() and not adopted and self._attempts.take_over(step, choice, now):
                taken.add(step.id)
                self._start(step)
        return taken

    async def _ask_for(
        self, choices: Iterable[PlacementChoice], taken: Iterable[str], now: float
    ) -> None:
        more_urgent = set(taken)
        for choice in choices:
            if not self._goes_on():
                return
            if not self._places.frees_soon(choice, now):
                await self._ask(self._queue.steps[choice.step], choice, more_urgent)
            more_urgent.add(choice.step)

    async def _ask(self, step: Step, choice: PlacementChoice, more_urgent: Collection[str]) -> None:
        answer = await self._attempts.admit(step, choice, more_urgent)
        if isinstance(answer, Granted):
            self._start(step)
        if isinstance(answer, Refused):
            self._queue.take(step)
            self._end(StepResult(step.id, StepState.FAILED, answer.conflict))
