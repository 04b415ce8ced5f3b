"""What of a workload has ended, what is ready, and since when; it starts nothing itself."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.expansion import expand, joined
from tasks.distribute.dispatch.expression_context import known_to
from tasks.distribute.dispatch.readiness import Frontier, judge
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.errors import BadInputError
from tasks.workload import Step, StepGraph

_Urgency = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class FormerRun:
    """What a run that died left of the same workload.

    ``finished`` are outcomes of steps that succeeded and are not repeated; ``started`` are the
    providers of steps that were under way, whose outcome is unknown.
    """

    finished: Mapping[str, Outcome] = field(default_factory=dict)
    started: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class StepHistory:
    """What the tries of one step came to: the last outcome, and how often it failed where."""

    tries: int = 0
    provider: str = ""
    outcome: Outcome | None = None
    failures: Counter[str] = field(default_factory=Counter)

    def note(self, provider: str, outcome: Outcome) -> None:
        """Remember one try."""
        self.tries, self.provider, self.outcome = self.tries + 1, provider, outcome
        self.failures[provider] += not outcome.succeeded


class ReadyQueue:
    """Keeps the ready steps in the order of ``order``, and the results of the ended ones.

    ``variables`` are what a `when` or `foreach` may use beside ``steps``. A step with `foreach`
    becomes one step for each item once its needs have ended, all of them at its own place in the
    order, and ends when they have. ``joined`` collects the steps that were added so; ``history``
    is what the tries of each step came to.
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
        self.history: defaultdict[str, StepHistory] = defaultdict(StepHistory)
        self.joined: list[Step] = []
        self._rank = {step_id: (index, 0) for index, step_id in enumerate(order)}
        self._former, self._variables, self._clock = former, variables, clock
        self._ready: list[_Urgency] = []
        self._ready_at: dict[str, float] = {}
        self._frontier = Frontier(graph)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        self._left: dict[str, int] = {}  # of a step with `foreach`, how many items have not ended
        for step in graph.steps:
            if step.group:
                self._members[step.group].append(step.id)
        self._arrive(self._frontier.initial())

    @property
    def complete(self) -> bool:
        """Whether every step has ended."""
        return len(self.results) == len(self.steps)

    @property
    def ready(self) -> Iterator[Step]:
        """The steps that could start now, most urgent first."""
        # Few are looked at, of what may be thousands.
        return (self.steps[step_id] for *_, step_id in list(self._ready))

    @property
    def waiting(self) -> int:
        """How many are ready."""
        return len(self._ready)

    def in_order(self) -> Iterator[str]:
        """Return all ids in the order of the graph, each before the steps that it became."""
        for step_id, step in self.steps.items():
            if step.group not in self._left:
                yield from self._family(step_id)

    def _family(self, step_id: str) -> Iterator[str]:
        yield step_id
        if step_id in self._left:
            yield from self._members[step_id]

    def remaining(self) -> tuple[Step, ...]:
        """Return what has not ended, each step after those it still needs.

        A step that became others needs these.
        """
        found = []
        for step_id, step in self.steps.items():
            if step.group not in self._left:
                parts = self._members[step_id] if step_id in self._left else []
                found += [self._still(self.steps[part]) for part in parts]
                found.append(self._still(step, parts))
        return tuple(each for each in found if each.id not in self.results)

    def _still(self, step: Step, parts: Iterable[str] = ()) -> Step:
        needs = (need for need in (*step.needs, *parts) if need not in self.results)
        return replace(step, needs=tuple(needs))

    def became(self, step_id: str) -> bool:
        """Tell whether that step became one for each item of a list."""
        return step_id in self._left

    def reorder(self, order: Iterable[str]) -> None:
        """Take another order of what remains; what joined meanwhile is where its origin is."""
        listed = {step_id: (index, 0) for index, step_id in enumerate(order)}
        self._rank |= listed
        for origin in self._left:
            for number, part in enumerate(self._members[origin]):
                if part not in listed:
                    self._rank[part] = (self._rank[origin][0], number)
        self._ready = sorted(self._urgency(step_id) for *_, step_id in self._ready)

    def ready_at(self, step_id: str) -> float | None:
        """Return since when a step has been ready (epoch seconds), if it ever was."""
        return self._ready_at.get(step_id)

    def take(self, step: Step) -> None:
        """Note that ``step`` is ready no longer: it starts, or never will."""
        del self._ready[bisect_left(self._ready, self._urgency(step.id))]

    def settle(self, result: StepResult) -> None:
        """Note the end of a step, and take up what it was the last need of."""
        self._arrive(self._settled(result))

    def _settled(self, result: StepResult) -> list[str]:
        """Note the end of a step, and return the steps whose last need it was."""
        step = self.steps[result.step]
        ready_at = self.ready_at(step.id)
        self.results[step.id] = replace(result, ready_at=ready_at, group=step.group)
        if step.group not in self._left:
            return self._frontier.settle(step.id)
        self._left[step.group] -= 1
        return [] if self._left[step.group] else self._conclude(step.group)

    def _conclude(self, step_id: str) -> list[str]:
        parts = [self.results[member] for member in self._members[step_id]]
        return self._settled(joined(step_id, parts))

    def _arrive(self, step_ids: Iterable[str]) -> None:
        arrived = deque(step_ids)
        while arrived:
            step_id = arrived.popleft()
            result = self._ended_at_once(step_id)
            if result is not None:
                arrived.extend(self._settled(result))
            elif self.steps[step_id].foreach:
                arrived.extend(self._expanded(self.steps[step_id]))
            else:
                self._ready_at[step_id] = self._clock()
                insort(self._ready, self._urgency(step_id))

    def _ended_at_once(self, step_id: str) -> StepResult | None:
        if outcome := self._former.finished.get(step_id):
            return StepResult(step_id, StepState.SUCCEEDED, outcome=outcome, resumed=True)
        step = self.steps[step_id]
        # Whether a step of a list runs was decided for all of them.
        if step_id in self._former.started or step.group in self._left:
            return None
        return judge(step, self.results, self._members, self._variables)

    def _expanded(self, step: Step) -> Iterable[str]:
        """Add the steps that ``step`` becomes and return them; without any, who needed it."""
        known = known_to(step, step.foreach, self.results, self._members, self._variables)
        try:
            parts = expand(step, known)
        except BadInputError as error:
            return self._settled(StepResult(step.id, StepState.FAILED, str(error)))
        rank, _ = self._rank[step.id]
        self._left[step.id] = len(parts)
        self._members[step.id] = [part.id for part in parts]
        self._rank |= {part.id: (rank, number) for number, part in enumerate(parts)}
        self.steps |= {part.id: part for part in parts}
        self.joined += parts
        return self._members[step.id] or self._conclude(step.id)

    def _urgency(self, step_id: str) -> _Urgency:
        rank, number = self._rank[step_id]
        # What runs already takes its capacity in fact, so it is admitted before all others.
        return (-1 if step_id in self._former.started else rank, number, step_id)
