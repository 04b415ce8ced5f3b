"""A genetic algorithm over orders and modes with double justification, in compiled code.

An individual is an activity list and a mode a job. A child takes a stretch of one parent's list,
most often where that parent uses its resources best, and the rest from the other; its modes are
repaired until the budgets hold; then it is scheduled forward, justified to the right and to the
left, taking better modes on the way. It competes with the parent whose schedule is nearer
(deterministic crowding), which keeps the population diverse far longer than replacing the worst.

Sources: Hartmann, "A self-adapting genetic algorithm for project scheduling under resource
constraints" (NRL 49, 2002); Valls, Ballestin and Quintanilla, "A hybrid genetic algorithm for
the RCPSP" (EJOR 185, 2008); Van Peteghem and Vanhoucke, "A genetic algorithm for the preemptive
and non-preemptive multi-mode RCPSP" (EJOR 201, 2010); Mahfoud, "Crowding and preselection
revisited" (PPSN 2, 1992).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from tasks.planning.multimode.budgets import repair, shortfall_after, update_slack
from tasks.planning.multimode.generation import (
    Workspace,
    as_variable,
    justified,
    next_random,
    serial,
)
from tasks.planning.multimode.packing import PackedProblem
from tasks.planning.multimode.problem import Ints

_SWAP = 50  # of 1024 places, the number that are swapped with the next
_REDRAW = 25  # of 1024 jobs, the number that draw another mode
_CHOOSE = 64  # of 1024 placements, the number that take the best mode: more make all alike


class Population(NamedTuple):
    """``P`` individuals: their ``order``, ``mode`` and ``start`` (P, n) and ``value`` (P,)."""

    order: Ints
    mode: Ints
    start: Ints
    value: Ints


@njit(cache=True, nogil=True)
def draw_mode(packed: PackedProblem, workspace: Workspace, job: int) -> None:
    """Give ``job`` one of its modes at random."""
    first = packed.modes_at[job]
    workspace.mode[job] = first + next_random(workspace.random) % (packed.modes_at[job + 1] - first)


@njit(cache=True, nogil=True)
def sample(packed: PackedProblem, tail: Ints, workspace: Workspace) -> None:
    """Draw modes, and a topological order that prefers jobs with a long ``tail`` (n,).

    The best of a few eligible jobs drawn at random is next (a tournament).
    """
    jobs = len(workspace.order)
    missing = packed.needs_at[1:] - packed.needs_at[:-1]
    eligible = np.empty(jobs, np.int64)
    count = 0
    for job in range(jobs):
        draw_mode(packed, workspace, job)
        if missing[job] == 0:
            eligible[count] = job
            count += 1
    draws = 1 + next_random(workspace.random) % 6
    for place in range(jobs):
        best = next_random(workspace.random) % count
        for _ in range(draws):
            rival = next_random(workspace.random) % count
            if tail[eligible[rival]] > tail[eligible[best]]:
                best = rival
        job = eligible[best]
        workspace.order[place] = job
        count -= 1
        eligible[best] = eligible[count]
        for index in range(packed.needed_at[job], packed.needed_at[job + 1]):
            after = packed.needed[index]
            missing[after] -= 1
            if missing[after] == 0:
                eligible[count] = after
                count += 1


@njit(cache=True, nogil=True)
def stretch(
    packed: PackedProblem, population: Population, father: int, random: Ints
) -> tuple[int, int]:
    """Return the places in a father's order that a child inherits in one piece.

    Three pieces of equal length compete by the work done in them per tick.
    """
    order, start, mode = population.order[father], population.start[father], population.mode[father]
    jobs = len(order)
    best_first, best_last, best = 0, jobs, -1.0
    length = max(1, jobs // 4 + next_random(random) % max(1, jobs // 2))
    for _ in range(3):
        first = next_random(random) % (jobs - length + 1)
        last = first + length
        work = 0
        for place in range(first, last):
            work += packed.work[mode[order[place]]]
        value = work / (start[order[last - 1]] + 1 - start[order[first]])
        if value > best:
            best_first, best_last, best = first, last, value
    return best_first, best_last


@njit(cache=True, nogil=True)
def cross(
    packed: PackedProblem, population: Population, mother: int, father: int, workspace: Workspace
) -> None:
    """Fill the workspace with a child: a stretch of the father's order, the rest the mother's.

    Each place takes the parent's first job that the child does not have yet, with its mode, so
    that the order stays topological (Hartmann's two-point crossover).
    """
    jobs = len(workspace.order)
    first, last = stretch(packed, population, father, workspace.random)
    taken = np.zeros(jobs, np.bool_)
    count = 0
    for parent, until in ((mother, first), (father, last), (mother, jobs)):
        for job in population.order[parent]:
            if count == until:
                break
            if not taken[job]:
                taken[job] = True
                workspace.order[count] = job
                workspace.mode[job] = population.mode[parent, job]
                count += 1


@njit(cache=True, nogil=True)
def mutate(packed: PackedProblem, workspace: Workspace) -> None:
    """Swap neighbours where the later does not need the earlier, and draw other modes."""
    jobs = len(workspace.order)
    for place in range(jobs - 1):
        if next_random(workspace.random) % 1024 >= _SWAP:
            continue
        job, after = workspace.order[place], workspace.order[place + 1]
        depends = False
        for index in range(packed.needs_at[after], packed.needs_at[after + 1]):
            depends = depends or packed.needs[index] == job
        if not depends:
            workspace.order[place], workspace.order[place + 1] = after, job
    for job in range(jobs):
        if next_random(workspace.random) % 1024 < _REDRAW:
            draw_mode(packed, workspace, job)


@njit(cache=True, nogil=True)
def value_of(packed: PackedProblem, mode: Ints, makespan: int, shortfall: int) -> int:
    """Return the objective with its penalties."""
    value = packed.time * makespan
    for job in range(len(mode)):
        value += packed.price[mode[job]]
    late = max(0, makespan - packed.deadline)
    return value + packed.penalty * (late + shortfall)


@njit(cache=True, nogil=True)
def evaluate_child(packed: PackedProblem, workspace: Workspace, choose: int) -> int:
    """Repair and schedule the child in the workspace; return its value."""
    repair(packed, workspace)
    makespan = justified(packed, workspace, choose, next_random(workspace.random) & 1)
    return value_of(packed, workspace.mode, makespan, update_slack(packed, workspace))


@njit(cache=True, nogil=True)
def replace_individual(
    population: Population, index: int, workspace: Workspace, value: int
) -> None:
    """Replace an individual by the one in the workspace."""
    for job in range(len(workspace.order)):
        population.order[index, job] = workspace.order[job]
        population.mode[index, job] = workspace.mode[job]
        population.start[index, job] = workspace.start[job]
    population.value[index] = value


@njit(cache=True, nogil=True)
def immigrate(
    packed: PackedProblem, tail: Ints, population: Population, workspace: Workspace, index: int
) -> None:
    """Make a random individual; every third lets all its jobs take the mode they end first in."""
    sample(packed, tail, workspace)
    replace_individual(
        population,
        index,
        workspace,
        evaluate_child(packed, workspace, _CHOOSE if index % 3 else 1024),
    )


@njit(cache=True, nogil=True)
def fitter_of_two(population: Population, random: Ints) -> int:
    """Draw two individuals and return the better."""
    first = next_random(random) % len(population.value)
    second = next_random(random) % len(population.value)
    return second if population.value[second] < population.value[first] else first


@njit(cache=True, nogil=True)
def breed(
    packed: PackedProblem, population: Population, workspace: Workspace, children: int
) -> None:
    """Make ``children``; each takes the place of the nearer parent unless it is worse."""
    for _ in range(children):
        mother = fitter_of_two(population, workspace.random)
        father = fitter_of_two(population, workspace.random)
        cross(packed, population, mother, father, workspace)
        mutate(packed, workspace)
        value = evaluate_child(packed, workspace, as_variable(_CHOOSE))
        nearer = 0
        for job in range(len(workspace.start)):
            start = workspace.start[job]
            nearer += abs(population.start[mother, job] - start)
            nearer -= abs(population.start[father, job] - start)
        parent = father if nearer > 0 else mother
        if value <= population.value[parent]:
            replace_individual(population, parent, workspace, value)


@njit(cache=True, nogil=True)
def polish(
    packed: PackedProblem, population: Population, workspace: Workspace, index: int, trials: int
) -> None:
    """Change single modes of an individual that make it better, ``trials`` at most."""
    jobs = len(workspace.order)
    for place in range(jobs):
        workspace.order[place], workspace.mode[place] = (
            population.order[index, place],
            population.mode[index, place],
        )
    shortfall = update_slack(packed, workspace)
    position, never = next_random(workspace.random) % jobs, as_variable(0)
    for _ in range(jobs):
        job = workspace.order[position]
        position = (position + 1) % jobs
        for candidate in range(packed.modes_at[job], packed.modes_at[job + 1]):
            own = workspace.mode[job]
            new_shortfall = shortfall_after(packed, workspace.slack, own, candidate)
            if candidate == own or new_shortfall > shortfall:
                continue
            if trials == 0:
                return
            trials -= 1
            workspace.mode[job] = candidate
            value = value_of(
                packed,
                workspace.mode,
                serial(packed, workspace, never, never, never),
                new_shortfall,
            )
            if value < population.value[index]:
                replace_individual(population, index, workspace, value)
                shortfall = update_slack(packed, workspace)
            else:
                workspace.mode[job] = own
