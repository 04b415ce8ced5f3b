"""The multi-mode resource-constrained project scheduling problem (MRCPSP) as arrays; pure.

With one mode a job and no budget it is the RCPSP. All quantities are whole numbers: the caller
chooses the tick of time and the unit of each resource (``tasks.planning.multimode.fleet``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tasks.errors import BadInputError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Objective:
    """The objective to minimise: ``time`` x makespan + ``money`` x consumption.

    Attributes:
        time: The weight of a tick of the makespan.
        money: The weight of a unit of each budgeted resource; empty: nothing.
        deadline: In ticks; a schedule that ends later is worse than any that does not.
    """

    time: int = 1
    money: tuple[int, ...] = ()
    deadline: int | None = None

    @property
    def priced(self) -> bool:
        """Whether consumption counts."""
        return any(self.money)


@dataclass(frozen=True, slots=True, eq=False)
class ModeProblem:
    """``n`` jobs in topological order, ``k`` modes, ``R`` renewable and ``N`` other resources.

    Job ``j`` needs the jobs ``needs[needs_at[j]:needs_at[j + 1]]``, all smaller than ``j``, and
    runs in one of the modes ``modes_at[j]`` to ``modes_at[j + 1] - 1``.

    Attributes:
        needs_at: Shape (n + 1,).
        needs: The predecessors of the jobs, concatenated over all jobs.
        modes_at: Shape (n + 1,); ``modes_at[-1]`` is ``k``.
        duration: Shape (k,), in ticks, not negative.
        demand: Shape (k, R), what a mode holds while it runs.
        consumption: Shape (k, N), what a mode uses up, e.g. money.
        capacity: Shape (R,), what is available at any moment.
        budget: Shape (N,), what is available in total.
        objective: The objective to minimise.
    """

    needs_at: Ints
    needs: Ints
    modes_at: Ints
    duration: Ints
    demand: Ints
    consumption: Ints
    capacity: Ints
    budget: Ints
    objective: Objective = field(default=Objective())

    def __post_init__(self) -> None:
        """Refuse a problem that has no schedule.

        Raises:
            BadInputError: a job has no mode within the capacities, or needs a later job.
        """
        owners = np.repeat(np.arange(self.jobs), np.diff(self.needs_at))
        if bool((self.needs >= owners).any()):
            later = int(owners[self.needs >= owners][0])
            raise BadInputError(
                "needs", later, "a job needs a later one", "give the jobs in topological order"
            )
        fits = (self.demand <= self.capacity).all(axis=1)
        for job in np.flatnonzero(~np.logical_or.reduceat(fits, self.modes_at[:-1]))[:1]:
            raise BadInputError(
                "demand", int(job), "no mode of this job fits", "raise a capacity or add a mode"
            )

    @property
    def jobs(self) -> int:
        """The number of jobs."""
        return len(self.needs_at) - 1

    def needs_of(self, job: int) -> Ints:
        """Return the predecessors of ``job``."""
        return self.needs[self.needs_at[job] : self.needs_at[job + 1]]

    def modes_of(self, job: int) -> range:
        """Return the modes of ``job``."""
        return range(int(self.modes_at[job]), int(self.modes_at[job + 1]))

    def shortest(self) -> Ints:
        """Return the least duration of each job, shape (n,)."""
        return np.minimum.reduceat(self.duration, self.modes_at[:-1])

    def longest(self) -> Ints:
        """Return the greatest duration of each job, shape (n,)."""
        return np.maximum.reduceat(self.duration, self.modes_at[:-1])

    def price(self) -> Ints:
        """Return the contribution of each mode's consumption to the objective, shape (k,)."""
        if not self.objective.priced:
            return np.zeros(len(self.duration), np.int64)
        return self.consumption @ np.array(self.objective.money, np.int64)

    def value(self, schedule: ModeSchedule) -> int:
        """Return the objective of ``schedule``, without the deadline."""
        money = sum(
            int(weight) * int(used)
            for weight, used in zip(self.objective.money, schedule.consumed, strict=False)
        )
        return self.objective.time * schedule.makespan + money


@dataclass(frozen=True, slots=True, eq=False)
class ModeSchedule:
    """The start of each job, in ticks, and its mode.

    Attributes:
        start: Shape (n,).
        mode: Shape (n,), an index into the problem's modes.
        makespan: The end of the last job, in ticks.
        consumed: Shape (N,).
        bound: A lower bound of the objective.
        notes: Parts of the search that were skipped, e.g. because a program is not installed.
    """

    start: Ints
    mode: Ints
    makespan: int
    consumed: Ints
    bound: int = 0
    notes: tuple[str, ...] = field(default=())


def schedule_of(
    problem: ModeProblem, start: Ints, mode: Ints, bound: int = 0, notes: tuple[str, ...] = ()
) -> ModeSchedule:
    """Return the schedule with these starts and modes, and its figures."""
    ends = start + problem.duration[mode]
    return ModeSchedule(
        start=start,
        mode=mode,
        makespan=int(ends.max(initial=0)),
        consumed=problem.consumption[mode].sum(axis=0),
        bound=bound,
        notes=notes,
    )


def violations(problem: ModeProblem, schedule: ModeSchedule) -> list[str]:
    """Return what is wrong with ``schedule``, as text; the check is independent of the search."""
    start, mode = schedule.start, schedule.mode
    wrong = [
        f"job {job} runs in mode {mode[job]}, which is not its own"
        for job in range(problem.jobs)
        if mode[job] not in problem.modes_of(job)
    ]
    if wrong:
        return wrong
    ends = start + problem.duration[mode]
    wrong += [f"job {job} starts before 0" for job in np.flatnonzero(start < 0)]
    wrong += [
        f"job {job} starts before {need} has ended"
        for job in range(problem.jobs)
        for need in problem.needs_of(job)
        if start[job] < ends[need]
    ]
    for moment in np.unique(start):
        running = (start <= moment) & (moment < ends)
        used = problem.demand[mode[running]].sum(axis=0)
        wrong += [
            f"{used[resource]} of resource {resource} are used at {moment}"
            for resource in np.flatnonzero(used > problem.capacity)
        ]
    consumed = problem.consumption[mode].sum(axis=0)
    wrong += [
        f"{consumed[resource]} of budget {resource} are consumed"
        for resource in np.flatnonzero(consumed > problem.budget)
    ]
    if schedule.makespan != int(ends.max(initial=0)):
        wrong.append(f"it ends at {ends.max(initial=0)}, not {schedule.makespan}")
    return wrong
