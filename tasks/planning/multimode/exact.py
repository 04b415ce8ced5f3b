"""Exact search with OR-Tools' CP-SAT (extra ``exact``) over a schedule or a window of it; pure.

In a window some jobs are free; all others keep their mode and, among each other, their order in
time, so that everything can move up (a partial order schedule: Godard, Laborie and Nuijten,
"Randomized large neighborhood search for cumulative scheduling", ICAPS 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tasks.planning.multimode.bound import heads, tails
from tasks.planning.multimode.problem import Ints, ModeProblem, ModeSchedule, schedule_of

if TYPE_CHECKING:
    from ortools.sat.python import cp_model

Flags = npt.NDArray[np.bool_]


def available() -> bool:
    """Tell whether OR-Tools is installed."""
    return find_spec("ortools") is not None


@dataclass(frozen=True, slots=True)
class SolverAnswer:
    """A better ``schedule`` than the incumbent, or None; ``closed``: it is proven optimal.

    ``bound`` is a lower bound of the objective. Where the schedule is None, ``closed`` says that
    of the incumbent. Both hold for the window that was searched.
    """

    schedule: ModeSchedule | None
    bound: int
    closed: bool


class SolverModel:
    """The constraint model of a problem around an incumbent, which must be a feasible schedule."""

    def __init__(self, problem: ModeProblem, incumbent: ModeSchedule, free: Flags) -> None:
        """Build the model; jobs outside ``free``, shape (n,), keep their mode and their order."""
        from ortools.sat.python import cp_model  # noqa: PLC0415 - an extra

        self._problem = problem
        self._incumbent = incumbent
        self._free = free
        self._model = cp_model.CpModel()
        self._solver = cp_model.CpSolver()
        self._latest = _latest_end(problem, incumbent)
        self._makespan = self._model.new_int_var(0, self._latest, "")
        self._start: list[cp_model.IntVar] = []
        self._end: list[cp_model.LinearExprT] = []
        self._literals: list[dict[int, cp_model.IntVar | int]] = []
        self._intervals: list[tuple[cp_model.IntervalVar, int]] = []
        head, after = heads(problem), tails(problem) - problem.shortest()
        for job in range(problem.jobs):
            self._add_job(job, int(head[job]), self._latest - int(after[job]))
        self._add_order()
        self._add_resources()
        self._add_objective()

    def _add_job(self, job: int, earliest: int, latest: int) -> None:
        """Add a job that starts at ``earliest`` or later and ends at ``latest`` or earlier."""
        model, duration, own = self._model, self._problem.duration, int(self._incumbent.mode[job])
        modes = self._problem.modes_of(job) if self._free[job] else range(own, own + 1)
        start = model.new_int_var(earliest, latest - int(duration[modes].min()), "")
        model.add_hint(start, int(self._incumbent.start[job]))
        self._start.append(start)
        if len(modes) == 1:
            length = int(duration[own])
            self._literals.append({own: 1})
            self._end.append(start + length)
            self._intervals.append((model.new_fixed_size_interval_var(start, length, ""), own))
            return
        literals = {mode: model.new_bool_var("") for mode in modes}
        model.add_exactly_one(literals.values())
        for mode, literal in literals.items():
            model.add_hint(literal, mode == own)
            interval = model.new_optional_fixed_size_interval_var(
                start, int(duration[mode]), literal, ""
            )
            self._intervals.append((interval, mode))
        self._literals.append(dict(literals))
        self._end.append(start + sum(int(duration[m]) * lit for m, lit in literals.items()))

    def _add_order(self) -> None:
        for job in range(self._problem.jobs):
            for need in self._problem.needs_of(job):
                self._model.add(self._start[job] >= self._end[need])
            self._model.add(self._makespan >= self._end[job])
        for before, after in _fixed_order(self._problem, self._incumbent, self._free):
            self._model.add(self._start[after] >= self._end[before])

    def _add_resources(self) -> None:
        problem = self._problem
        for resource, capacity in enumerate(problem.capacity):
            demand = problem.demand[:, resource]
            used = [(interval, int(demand[m])) for interval, m in self._intervals if demand[m]]
            if used:
                intervals, demands = zip(*used, strict=True)
                self._model.add_cumulative(intervals, demands, int(capacity))
        for item, budget in enumerate(problem.budget):
            self._model.add(self._weighed(problem.consumption[:, item]) <= int(budget))

    def _weighed(self, weight: Ints) -> Any:
        """Return the sum over all jobs of the weight of their mode; ``weight`` has shape (k,)."""
        return sum(
            int(weight[mode]) * literal
            for literals in self._literals
            for mode, literal in literals.items()
            if weight[mode]
        )

    def _add_objective(self) -> None:
        objective = self._problem.objective
        value = objective.time * self._makespan + self._weighed(self._problem.price())
        if not self._free.all():
            self._model.add(value <= self._problem.value(self._incumbent) - 1)
        self._model.minimize(value)

    def solve(
        self, seconds: float, seed: int, workers: int = 1, work: float | None = None
    ) -> SolverAnswer:
        """Search for ``seconds`` at most; may be stopped from another thread.

        With ``work``, that many of CP-SAT's deterministic seconds limit it instead of the clock.
        """
        from ortools.sat.python import cp_model  # noqa: PLC0415 - an extra

        parameters = self._solver.parameters
        if work is None:
            parameters.max_time_in_seconds = max(0.01, seconds)
        else:
            parameters.max_deterministic_time = work
        parameters.num_workers, parameters.random_seed = workers, seed
        if not self._free.all():
            parameters.cp_model_presolve = False
            parameters.stop_after_first_solution = True
        status = self._solver.solve(self._model)
        before = self._problem.value(self._incumbent)
        closed = status in {cp_model.OPTIMAL, cp_model.INFEASIBLE}
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return SolverAnswer(None, before if closed else 0, closed)
        bound = int(np.ceil(self._solver.best_objective_bound - 1e-6))
        schedule = self._schedule()
        return SolverAnswer(
            schedule if self._problem.value(schedule) < before else None, bound, closed
        )

    def stop(self) -> None:
        """End a search that runs in another thread."""
        self._solver.stop_search()

    def _schedule(self) -> ModeSchedule:
        start = [self._solver.value(variable) for variable in self._start]
        mode = [
            next(m for m, literal in literals.items() if self._solver.value(literal))
            for literals in self._literals
        ]
        return schedule_of(self._problem, np.array(start, np.int64), np.array(mode, np.int64))


def modes_within(problem: ModeProblem, seconds: float) -> Ints | None:
    """Return a mode for each job, shape (n,), within the budgets and of the least total duration.

    None if there is no such choice or none was found in ``seconds``.
    """
    from ortools.sat.python import cp_model  # noqa: PLC0415 - an extra

    model, solver = cp_model.CpModel(), cp_model.CpSolver()
    literals = [model.new_bool_var("") for _ in problem.duration]
    for job in range(problem.jobs):
        model.add_exactly_one(literals[mode] for mode in problem.modes_of(job))
    for item, budget in enumerate(problem.budget):
        consumption = problem.consumption[:, item].tolist()
        model.add(cp_model.LinearExpr.weighted_sum(literals, consumption) <= int(budget))
    model.minimize(cp_model.LinearExpr.weighted_sum(literals, problem.duration.tolist()))
    solver.parameters.max_time_in_seconds, solver.parameters.num_workers = seconds, 1
    if solver.solve(model) not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
        return None
    return np.flatnonzero([solver.value(literal) for literal in literals])


def _latest_end(problem: ModeProblem, incumbent: ModeSchedule) -> int:
    """Return an end, in ticks, that no better schedule exceeds."""
    objective = problem.objective
    if not objective.priced:
        return incumbent.makespan
    serial = int(problem.longest().sum())
    return serial if objective.deadline is None else min(serial, objective.deadline)


def _fixed_order(
    problem: ModeProblem, incumbent: ModeSchedule, free: Flags
) -> list[tuple[int, int]]:
    """Return pairs (before, after) of jobs that keep their order; none follows from the others."""
    fixed = np.flatnonzero(~free)
    start = incumbent.start[fixed]
    end = start + problem.duration[incumbent.mode[fixed]]
    pairs: list[tuple[int, int]] = []
    for index, job in enumerate(fixed):
        follows = np.flatnonzero((start >= end[index]) & (end > start))
        if len(follows):
            # A job that starts after the end of one of the followers is implied by that one.
            first_end = end[follows].min()
            pairs += [(int(job), int(fixed[f])) for f in follows if start[f] < first_end]
    return pairs
