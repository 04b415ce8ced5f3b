"""A multi-mode problem for the kernels: renewable demands packed into words of 62 bits; pure.

Comparing a demand with the free capacity is then one subtraction a word instead of one comparison
a resource: each resource has a field as wide as its capacity and a guard bit above it, which a
subtraction that goes below zero clears.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tasks.planning.multimode.problem import Ints, ModeProblem

_WORD_BITS = 62


class PackedProblem(NamedTuple):
    """The arrays that the kernels read; ``W`` words hold all renewable resources.

    ``needed_at`` and ``needed`` are the reversed graph (the jobs that need a job); ``free`` and
    ``guard`` have shape (W,), ``demand`` (k, W); ``price`` (k,) is the contribution of a mode to
    the objective and ``work`` (k,) its share of the renewables x its duration; ``horizon`` is an
    end that no schedule exceeds. ``penalty`` is more than any objective: the price of each tick
    past ``deadline`` and of each unit past a budget.
    """

    needs_at: Ints
    needs: Ints
    needed_at: Ints
    needed: Ints
    modes_at: Ints
    duration: Ints
    demand: Ints
    free: Ints
    guard: Ints
    consumption: Ints
    budget: Ints
    price: Ints
    work: Ints
    horizon: int
    time: int
    deadline: int
    penalty: int


def pack(problem: ModeProblem) -> PackedProblem:
    """Return ``problem`` for the kernels."""
    word, shift = _fields(problem.capacity)
    words = int(word.max(initial=0)) + 1
    free, guard = np.zeros(words, np.int64), np.zeros(words, np.int64)
    demand = np.zeros((len(problem.duration), words), np.int64)
    for resource, (word_index, shift_bits) in enumerate(zip(word, shift, strict=True)):
        bits = int(problem.capacity[resource]).bit_length()
        guard[word_index] |= 1 << int(shift_bits + bits)
        free[word_index] |= int(problem.capacity[resource]) << int(shift_bits)
        demand[:, word_index] += problem.demand[:, resource] << shift_bits
    needed_at, needed = _reversed(problem)
    horizon = int(problem.longest().sum()) + 1
    price, objective = problem.price(), problem.objective
    dearest = int(np.maximum.reduceat(price, problem.modes_at[:-1]).sum())
    shares = (problem.demand * 1000 / np.maximum(1, problem.capacity)).sum(axis=1)
    return PackedProblem(
        problem.needs_at,
        problem.needs,
        needed_at,
        needed,
        problem.modes_at,
        problem.duration,
        demand,
        free | guard,
        guard,
        problem.consumption,
        problem.budget,
        price,
        shares.astype(np.int64) * problem.duration,
        horizon,
        objective.time,
        horizon if objective.deadline is None else objective.deadline,
        objective.time * horizon + dearest + 1,
    )


def _fields(capacity: Ints) -> tuple[Ints, Ints]:
    """Return the word and the shift of each resource."""
    word, shift = np.zeros(len(capacity), np.int64), np.zeros(len(capacity), np.int64)
    word_index = bits_used = 0
    for resource, amount in enumerate(capacity):
        bits = int(amount).bit_length() + 1
        if bits_used + bits > _WORD_BITS:
            word_index, bits_used = word_index + 1, 0
        word[resource], shift[resource] = word_index, bits_used
        bits_used += bits
    return word, shift


def _reversed(problem: ModeProblem) -> tuple[Ints, Ints]:
    owners = np.repeat(np.arange(problem.jobs), np.diff(problem.needs_at))
    by_need = np.argsort(problem.needs, kind="stable")
    counts = np.bincount(problem.needs, minlength=problem.jobs)
    return np.concatenate(([0], np.cumsum(counts))), owners[by_need]
