"""A population of orders and modes, bred with double justification, in compiled code.

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
from tasks.planning.multimode.generation import Workspace, justified, next_random, serial, whole
from tasks.planning.multimode.packing import Packed
from tasks.planning.multimode.problem import Ints

_SWAP = 50  # of 1024 places, how many are swapped with the next
_REDRAW = 25  # of 1024 jobs, how many draw another mode
_CHOOSE = 64  # of 1024 placements, how many take the best mode: more make all alike


class Population(NamedTuple):
    """``P`` individuals: their ``order``, ``mode`` and ``start`` (P, n) and ``value`` (P,)."""

    order: Ints
    mode: Ints
    start: Ints
    value: Ints


@njit(cache=True, nogil=True)
def draw_mode(packed: Packed, desk: Workspace, job: int) -> None:
    """Give ``job`` any of its modes."""
    first = packed.modes_at[job]
    desk.mode[job] = first + next_random(desk.random) % (packed.modes_at[job + 1] - first)


@njit(cache=True, nogil=True)
def sample(packed: Packed, tail: Ints, desk: Workspace) -> None:
    """Draw modes, and a topological order that prefers jobs with a long ``tail`` (n,).

    The best of a few eligible jobs drawn at random is next (a tournament).
    """
    jobs = len(desk.order)
    missing = packed.needs_at[1:] - packed.needs_at[:-1]
    eligible = np.empty(jobs, np.int64)
    count = 0
    for job in range(jobs):
        draw_mode(packed, desk, job)
        if missing[job] == 0:
            eligible[count] = job
            count += 1
    draws = 1 + next_random(desk.random) % 6
    for place in range(jobs):
        best = next_random(desk.random) % count
        for _ in range(draws):
            other = next_random(desk.random) % count
            if tail[eligible[other]] > tail[eligible[best]]:
                best = other
        job = eligible[best]
        desk.order[place] = job
        count -= 1
        eligible[best] = eligible[count]
        for at in range(packed.needed_at[job], packed.needed_at[job + 1]):
            after = packed.needed[at]
            missing[after] -= 1
            if missing[after] == 0:
                eligible[count] = after
                count += 1


@njit(cache=True, nogil=True)
def stretch(packed: Packed, people: Population, father: int, random: Ints) -> tuple[int, int]:
    """Return the places in a father's order that a child inherits in one piece.

    Three pieces of equal length compete by the work done in them per tick.
    """
    order, start, mode = people.order[father], people.start[father], people.mode[father]
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
def cross(packed: Packed, people: Population, mother: int, father: int, desk: Workspace) -> None:
    """Fill the desk with a child: a stretch of places from the father, the rest from the mother.

    Each place takes the parent's first job that the child does not have yet, with its mode, so
    that the order stays topological (Hartmann's two-point crossover).
    """
    jobs = len(desk.order)
    first, last = stretch(packed, people, father, desk.random)
    taken = np.zeros(jobs, np.bool_)
    count = 0
    for parent, until in ((mother, first), (father, last), (mother, jobs)):
        for job in people.order[parent]:
            if count == until:
                break
            if not taken[job]:
                taken[job] = True
                desk.order[count] = job
                desk.mode[job] = people.mode[parent, job]
                count += 1


@njit(cache=True, nogil=True)
def mutate(packed: Packed, desk: Workspace) -> None:
    """Swap neighbours of which the later does not need the earlier, and draw other modes."""
    jobs = len(desk.order)
    for place in range(jobs - 1):
        if next_random(desk.random) % 1024 >= _SWAP:
            continue
        job, after = desk.order[place], desk.order[place + 1]
        bound = False
        for at in range(packed.needs_at[after], packed.needs_at[after + 1]):
            bound = bound or packed.needs[at] == job
        if not bound:
            desk.order[place], desk.order[place + 1] = after, job
    for job in range(jobs):
        if next_random(desk.random) % 1024 < _REDRAW:
            draw_mode(packed, desk, job)


@njit(cache=True, nogil=True)
def value_of(packed: Packed, mode: Ints, makespan: int, lacking: int) -> int:
    """Return the objective with its penalties."""
    value = packed.time * makespan
    for job in range(len(mode)):
        value += packed.price[mode[job]]
    late = max(0, makespan - packed.deadline)
    return value + packed.penalty * (late + lacking)


@njit(cache=True, nogil=True)
def evaluate_child(packed: Packed, desk: Workspace, choose: int) -> int:
    """Repair and schedule what is on the desk; return its value."""
    repair(packed, desk)
    makespan = justified(packed, desk, choose, next_random(desk.random) & 1)
    return value_of(packed, desk.mode, makespan, update_slack(packed, desk))


@njit(cache=True, nogil=True)
def replace_individual(people: Population, one: int, desk: Workspace, value: int) -> None:
    """Put what is on the desk in the place of an individual."""
    for job in range(len(desk.order)):
        people.order[one, job] = desk.order[job]
        people.mode[one, job] = desk.mode[job]
        people.start[one, job] = desk.start[job]
    people.value[one] = value


@njit(cache=True, nogil=True)
def immigrate(packed: Packed, tail: Ints, people: Population, desk: Workspace, one: int) -> None:
    """Make a random individual; every third lets all its jobs take the mode they end first in."""
    sample(packed, tail, desk)
    replace_individual(
        people, one, desk, evaluate_child(packed, desk, _CHOOSE if one % 3 else 1024)
    )


@njit(cache=True, nogil=True)
def fitter_of_two(people: Population, random: Ints) -> int:
    """Draw two individuals and return the better."""
    one = next_random(random) % len(people.value)
    other = next_random(random) % len(people.value)
    return other if people.value[other] < people.value[one] else one


@njit(cache=True, nogil=True)
def breed(packed: Packed, people: Population, desk: Workspace, children: int) -> None:
    """Make ``children``; each takes the place of the nearer parent unless it is worse."""
    for _ in range(children):
        mother = fitter_of_two(people, desk.random)
        father = fitter_of_two(people, desk.random)
        cross(packed, people, mother, father, desk)
        mutate(packed, desk)
        value = evaluate_child(packed, desk, whole(_CHOOSE))
        nearer = 0
        for job in range(len(desk.start)):
            start = desk.start[job]
            nearer += abs(people.start[mother, job] - start)
            nearer -= abs(people.start[father, job] - start)
        parent = father if nearer > 0 else mother
        if value <= people.value[parent]:
            replace_individual(people, parent, desk, value)


@njit(cache=True, nogil=True)
def polish(packed: Packed, people: Population, desk: Workspace, one: int, trials: int) -> None:
    """Change single modes of an individual that make it better, ``trials`` at most."""
    jobs = len(desk.order)
    for place in range(jobs):
        desk.order[place], desk.mode[place] = people.order[one, place], people.mode[one, place]
    lacking = update_slack(packed, desk)
    at, none = next_random(desk.random) % jobs, whole(0)
    for _ in range(jobs):
        job = desk.order[at]
        at = (at + 1) % jobs
        for candidate in range(packed.modes_at[job], packed.modes_at[job + 1]):
            own = desk.mode[job]
            after = shortfall_after(packed, desk.slack, own, candidate)
            if candidate == own or after > lacking:
                continue
            if trials == 0:
                return
            trials -= 1
            desk.mode[job] = candidate
            value = value_of(packed, desk.mode, serial(packed, desk, none, none, none), after)
            if value < people.value[one]:
                replace_individual(people, one, desk, value)
                lacking = update_slack(packed, desk)
            else:
                desk.mode[job] = own
