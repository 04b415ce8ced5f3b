"""Comparison of plans: those of all strategies, and the differences of two plans; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tasks.plan import Plan
from tasks.planning.strategy import STRATEGIES


def by_strategy(chosen_plan: Plan, plan_by: Callable[[str], Plan]) -> tuple[Plan, ...]:
    """Return the plan of every strategy, the shortest first; ``chosen_plan`` is not made again."""
    others = [plan_by(name) for name in STRATEGIES if name != chosen_plan.strategy]
    return tuple(sorted([chosen_plan, *others], key=lambda plan: plan.makespan_seconds))


@dataclass(frozen=True, slots=True)
class Move:
    """A step that two plans place on different providers."""

    step: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of a plan to the one before it.

    ``seconds`` and ``cost`` are the increases of makespan and cost. ``reordered`` are the steps
    of both that come before a step which they followed; ``added`` and ``removed`` are steps of
    one plan only.
    """

    seconds: float
    cost: float
    moved: tuple[Move, ...]
    reordered: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]

    @property
    def same_choices(self) -> bool:
        """Whether both place the same steps on the same providers in the same order."""
        return not (self.moved or self.reordered or self.added or self.removed)


def compare(before: Plan, after: Plan) -> Difference:
    """Return how ``after`` differs from ``before``."""
    old = {placement.step: placement.provider for placement in before.placements}
    new = {placement.step: placement.provider for placement in after.placements}
    return Difference(
        seconds=after.makespan_seconds - before.makespan_seconds,
        cost=after.cost - before.cost,
        moved=tuple(
            Move(step, old[step], new[step])
            for step in after.order
            if step in old and old[step] != new[step]
        ),
        reordered=_reordered(
            [step for step in before.order if step in new],
            [step for step in after.order if step in old],
        ),
        added=tuple(step for step in after.order if step not in old),
        removed=tuple(step for step in before.order if step not in new),
    )


def _reordered(before: list[str], after: list[str]) -> tuple[str, ...]:
    """Return the steps that ``after`` has before a step which they followed."""
    position = {step: index for index, step in enumerate(before)}
    reordered: list[str] = []
    earliest = len(before)
    for step in reversed(after):
        if position[step] > earliest:
            reordered.append(step)
        earliest = min(earliest, position[step])
    return tuple(reversed(reordered))
