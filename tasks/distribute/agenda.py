"""What of a workload has ended, what is ready, and since when; it starts nothing itself."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from blocks.providers.interface import Outcome
from tasks.distribute.readiness import Frontier, judge
from tasks.distribute.results import StepResult, StepState
from tasks.workload import Step, StepGraph


@dataclass(frozen=True, slots=True)
class FormerRun:
    """What a run that died left of the same workload.

    ``finished`` are outcomes of steps that succeeded and are not repeated; ``started`` are the
    providers of steps that were under way, whose outcome is unknown.
    """

    finished: Mapping[str, Outcome] = field(default_factory=dict)
    started: Mapping[str, str] = field(default_factory=dict)


class Agenda:
    """Keeps the ready steps in the order of ``order``, and the results of the ended ones.

    ``variables`` are what a `when` may use beside ``steps``.
    """

    def __init__(
        self,
        graph: StepGraph,
        order: Sequence[str],
        former: FormerRun,
        variables: Mapping[str, object],
        clock: Callable[[], float],
    ) -> None:
        self.steps: dict[str, Step] = {step.id: step for step in graph.steps}
        self.results: dict[str, StepResult] = {}
        self._rank = {step_id: index for index, step_id in enumerate(order)}
        self._former, self._variables, self._clock = former, variables, clock
        self._ready: list[tuple[int, str]] = []
        self._ready_at: dict[str, float] = {}
        self._frontier = Frontier(graph)
        self._arrive(self._frontier.initial())

    @property
    def complete(self) -> bool:
        """Whether every step has ended."""
        return len(self.results) == len(self.steps)

    @property
    def ready(self) -> Iterator[Step]:
        """The steps that could start now, most urgent first."""
        # Few are looked at, of what may be thousands.
        return (self.steps[step_id] for _, step_id in list(self._ready))

    @property
    def waiting(self) -> int:
        """How many are ready."""
        return len(self._ready)

    def ready_at(self, step_id: str) -> float | None:
        """Return since when a step has been ready (epoch seconds), if it ever was."""
        return self._ready_at.get(step_id)

    def take(self, step: Step) -> None:
        """Note that ``step`` is ready no longer: it starts, or never will."""
        self._ready.remove((self._urgency(step.id), step.id))

    def settle(self, result: StepResult) -> None:
        """Note the end of a step, and take up what it was the last need of."""
        self.results[result.step] = replace(result, ready_at=self.ready_at(result.step))
        self._arrive(self._frontier.settle(result.step))

    def _arrive(self, step_ids: Iterable[str]) -> None:
        arrived = deque(step_ids)
        while arrived:
            step_id = arrived.popleft()
            result = self._ended_at_once(step_id)
            if result is None:
                self._ready_at[step_id] = self._clock()
                insort(self._ready, (self._urgency(step_id), step_id))
            else:
                self.results[step_id] = result
                arrived.extend(self._frontier.settle(step_id))

    def _ended_at_once(self, step_id: str) -> StepResult | None:
        if outcome := self._former.finished.get(step_id):
            return StepResult(step_id, StepState.SUCCEEDED, outcome=outcome, resumed=True)
        if step_id in self._former.started:
            return None
        return judge(self.steps[step_id], self.results, self._variables)

    def _urgency(self, step_id: str) -> int:
        # What runs already takes its capacity in fact, so it is admitted before all others.
        return -1 if step_id in self._former.started else self._rank[step_id]
