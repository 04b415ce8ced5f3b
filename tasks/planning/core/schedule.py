"""A schedule as arrays, and an independent check that it is feasible; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tasks.errors import SlipwayError
from tasks.planning.core.problem import Floats, Integers, Problem

_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The provider and the times of each of ``n`` steps, in seconds after the start of the plan.

    Attributes:
        provider: int32[n].
        start: float64[n].
        end: float64[n].
    """

    provider: Integers
    start: Floats
    end: Floats

    @property
    def makespan(self) -> float:
        """When the last step ends."""
        return float(self.end.max(initial=0.0))

    @property
    def order(self) -> Integers:
        """The steps by their start; no step comes before what it needs; int32[n]."""
        # Stable, and steps are in topological order: that decides between those of no duration.
        return np.lexsort((self.end, self.start)).astype(np.int32)


def faults(problem: Problem, schedule: Schedule) -> list[str]:
    """Return what is wrong with ``schedule``, as text; steps and providers by their numbers."""
    scale = _TOLERANCE * max(1.0, schedule.makespan)
    return [
        *_durations(problem, schedule, scale),
        *_needs(problem, schedule, scale),
        *_loads(problem, schedule),
    ]


def refuse_faulty(problem: Problem, schedule: Schedule) -> None:
    """Raise SlipwayError where ``schedule`` is not feasible."""
    if wrong := faults(problem, schedule):
        raise SlipwayError(f"the plan does not hold: {'; '.join(wrong[:5])}")


def _durations(problem: Problem, schedule: Schedule, scale: float) -> Iterator[str]:
    valid = (schedule.provider >= 0) & (schedule.provider < problem.providers)
    yield from (f"step {i} is nowhere" for i in np.flatnonzero(~valid))
    provider = np.where(valid, schedule.provider, 0)
    seconds = problem.seconds[np.arange(problem.steps), provider]
    wrong = ~(np.abs(schedule.end - schedule.start - seconds) <= scale) | ~(schedule.start >= 0)
    yield from (f"step {i} does not take {seconds[i]:g} s" for i in np.flatnonzero(wrong & valid))


def _needs(problem: Problem, schedule: Schedule, scale: float) -> Iterator[str]:
    owner = np.repeat(np.arange(problem.steps), np.diff(problem.needs_start))
    early = schedule.start[owner] < schedule.end[problem.needs] - scale
    for index in np.flatnonzero(early):
        yield f"step {owner[index]} starts before {problem.needs[index]} has ended"


def _loads(problem: Problem, schedule: Schedule) -> Iterator[str]:
    for provider in range(problem.providers):
        steps = np.flatnonzero((schedule.provider == provider) & (schedule.end > schedule.start))
        times = np.concatenate((schedule.end[steps], schedule.start[steps]))
        change = np.concatenate((-problem.demand[steps], problem.demand[steps]))
        # Stable: a step that ends at a moment makes room for one that starts then.
        by_time = np.argsort(times, kind="stable")
        load = np.cumsum(change[by_time], axis=0)
        for index in np.flatnonzero((load > problem.capacity[provider]).any(axis=1))[:1]:
            yield f"provider {provider} holds {load[index]} at {times[by_time[index]]:g} s"
