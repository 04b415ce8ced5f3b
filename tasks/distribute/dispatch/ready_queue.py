"""The ready steps of a workload in order of urgency, and the results of the ended ones."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.expansion import expand, joined
from tasks.distribute.dispatch.expression_context import variables_of
from tasks.distribute.dispatch.readiness import Frontier, judge
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.errors import BadInputError
from tasks.reuse.taken import Take, take_nothing
from tasks.workload import Step, StepGraph

_Urgency = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class FormerRun:
    """The state that a run that died left of the same workload, and what other runs have done.

    ``finished`` are outcomes of steps that succeeded and are not repeated; ``started`` are the
    providers of steps that were running, whose outcome is unknown. ``take`` returns what is taken
    over from other runs, for a step that would run.
    """

    finished: Mapping[str, Outcome] = field(default_factory=dict)
    started: Mapping[str, str] = field(default_factory=dict)
    take: Take = take_nothing


@dataclass(slots=True)
class StepHistory:
    """The attempts of one step: their number, the last outcome, and failures by provider."""

    tries: int = 0
    provider: str = ""
    outcome: Outcome | None = None
    failures: Counter[str] = field(default_factory=Counter)

    def note(self, provider: str, outcome: Outcome) -> None:
        """Record one attempt."""
        self.tries, self.provider, self.outcome = self.tries + 1, provider, outcome
        self.failures[provider] += not outcome.succeeded


class ReadyQueue:
    """The ready steps, most urgent first by ``order``, and the results of the ended ones.

    ``variables`` are those of a `when` or `foreach` beside ``steps``. A step with `foreach` is
    expanded to one step for each item once its needs have ended, all of them at its own place in
    the order, and ends when they have. ``joined`` collects these steps; ``history`` are the
    attempts of each step.
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
        self._former = former
        self._variables = variables
        self._clock = clock
        self._ready: list[_Urgency] = []
        self._ready_at: dict[str, float] = {}
        self._frontier = Frontier(graph)
        self._members: defaultdict[str, list[str]] = defaultdict(list)
        # By step with `foreach`, the number of items that have not ended.
        self._items_left: dict[str, int] = {}
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
        # Lazily: there may be thousands, of which few are used.
        return (self.steps[step_id] for *_, step_id in list(self._ready))

    @property
    def waiting(self) -> int:
        """The number of ready steps."""
        return len(self._ready)

    def in_order(self) -> Iterator[str]:
        """Return all ids in the order of the graph, each before the steps of its items."""
        for step_id, step in self.steps.items():
            if step.group not in self._items_left:
                yield from self._family(step_id)

    def _family(self, step_id: str) -> Iterator[str]:
        yield step_id
        if step_id in self._items_left:
            yield from self._members[step_id]

    def remaining(self) -> tuple[Step, ...]:
        """Return the steps that have not ended, each after those it still needs.

        An expanded step needs the steps of its items.
        """
        steps = []
        for step_id, step in self.steps.items():
            if step.group not in self._items_left:
                parts = self._members[step_id] if step_id in self._items_left else []
                steps += [self._with_open_needs(self.steps[part]) for part in parts]
                steps.append(self._with_open_needs(step, parts))
        return tuple(step for step in steps if step.id not in self.results)

    def _with_open_needs(self, step: Step, parts: Iterable[str] = ()) -> Step:
        needs = (need for need in (*step.needs, *parts) if need not in self.results)
        return replace(step, needs=tuple(needs))

    def is_expanded(self, step_id: str) -> bool:
        """Tell whether that step was expanded to one for each item of a list."""
        return step_id in self._items_left

    def reorder(self, order: Iterable[str]) -> None:
        """Use another order for the remaining steps; steps that joined follow their origin."""
        ranks = {step_id: (index, 0) for index, step_id in enumerate(order)}
        self._rank |= ranks
        for origin in self._items_left:
            for number, part in enumerate(self._members[origin]):
                if part not in ranks:
                    self._rank[part] = (self._rank_of(origin)[0], number)
        self._ready = sorted(self._urgency(step_id) for *_, step_id in self._ready)

    def ready_at(self, step_id: str) -> float | None:
        """Return when a step became ready (epoch seconds); None if it never was."""
        return self._ready_at.get(step_id)

    def take(self, step: Step) -> None:
        """Remove ``step`` from the ready ones: it starts, or never will."""
        del self._ready[bisect_left(self._ready, self._urgency(step.id))]

    def settle(self, result: StepResult) -> None:
        """Note the end of a step, and take up the steps whose last need it was."""
        self._arrive(self._settled(result))

    def _settled(self, result: StepResult) -> list[str]:
        """Note the end of a step, and return the steps whose last need it was."""
        step = self.steps[result.step]
        ready_at = self.ready_at(step.id)
        self.results[step.id] = replace(result, ready_at=ready_at, group=step.group)
        if step.group not in self._items_left:
            return self._frontier.settle(step.id)
        self._items_left[step.group] -= 1
        return [] if self._items_left[step.group] else self._conclude(step.group)

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
        if step_id in self._former.started:
            return None
        # Whether the steps of a list run was decided for all of them together.
        if step.group not in self._items_left:
            judged = judge(step, self.results, self._members, self._variables)
            if judged is not None:
                return judged
        return self._taken(step)

    def _taken(self, step: Step) -> StepResult | None:
        if step.foreach or not (taken := self._former.take(step)):
            return None
        return StepResult(step.id, StepState.SUCCEEDED, outcome=taken.outcome, taken=taken.why)

    def _expanded(self, step: Step) -> Iterable[str]:
        """Add and return the steps of the items of ``step``; without items, those that need it."""
        variables = variables_of(step, step.foreach, self.results, self._members, self._variables)
        try:
            parts = expand(step, variables)
        except BadInputError as error:
            return self._settled(StepResult(step.id, StepState.FAILED, str(error)))
        rank, _ = self._rank_of(step.id)
        self._items_left[step.id] = len(parts)
        self._members[step.id] = [part.id for part in parts]
        self._rank |= {part.id: (rank, number) for number, part in enumerate(parts)}
        self.steps |= {part.id: part for part in parts}
        self.joined += parts
        return self._members[step.id] or self._conclude(step.id)

    def _urgency(self, step_id: str) -> _Urgency:
        rank, number = self._rank_of(step_id)
        # A step that runs already occupies its capacity, so it is admitted before all others.
        return (-1 if step_id in self._former.started else rank, number, step_id)

    def _rank_of(self, step_id: str) -> tuple[int, int]:
        """Return the place in the order; a step that no plan expected to run comes last."""
        return self._rank.get(step_id, (len(self.steps), 0))
