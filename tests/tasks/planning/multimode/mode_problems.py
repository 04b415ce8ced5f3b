"""Random multi-mode problems for the tests of their schedulers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tasks.planning.multimode.problem import ModeProblem, Objective


def problem_from(
    needs: list[list[int]],
    modes: list[list[tuple[int, list[int], list[int]]]],
    capacity: list[int],
    budget: list[int],
    objective: Objective | None = None,
) -> ModeProblem:
    """Return a problem; a mode is its duration, its demand and its consumption."""
    flat = [mode for options in modes for mode in options]
    return ModeProblem(
        needs_at=np.cumsum([0, *map(len, needs)], dtype=np.int64),
        needs=np.array([need for row in needs for need in row], np.int64),
        modes_at=np.cumsum([0, *map(len, modes)], dtype=np.int64),
        duration=np.array([mode[0] for mode in flat], np.int64),
        demand=np.array([mode[1] for mode in flat], np.int64).reshape(len(flat), len(capacity)),
        consumption=np.array([mode[2] for mode in flat], np.int64).reshape(len(flat), len(budget)),
        capacity=np.array(capacity, np.int64),
        budget=np.array(budget, np.int64),
        objective=objective or Objective(),
    )


@st.composite
def mode_problems(draw: st.DrawFn, *, most: int = 9, priced: bool = False) -> ModeProblem:
    """Any small problem that has a schedule: the first mode of every job fits all budgets."""
    jobs = draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    capacity = random.integers(1, 9, draw(st.integers(1, 6))).tolist()
    items = draw(st.integers(0, 2))
    needs = [[n for n in range(job) if random.random() < 0.25] for job in range(jobs)]
    modes = [
        [
            (
                int(random.integers(0, 8)),
                [int(random.integers(0, amount + 1)) for amount in capacity],
                random.integers(0, 6, items).tolist(),
            )
            for _ in range(random.integers(1, 4))
        ]
        for _ in range(jobs)
    ]
    budget = [sum(options[0][2][item] for options in modes) for item in range(items)]
    money = tuple(random.integers(0, 4, items).tolist()) if priced else ()
    objective = Objective(int(random.integers(0, 3)) if priced else 1, money)
    return problem_from(needs, modes, capacity, budget, objective)
