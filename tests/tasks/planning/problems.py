"""Random problems for the tests of planning on arrays."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from tasks.planning.core.problem import Problem, problem_from


@st.composite
def problems(draw: st.DrawFn, *, lanes: bool = False, most: int = 14) -> Problem:
    """Any small graph on any fleet that holds it; with ``lanes``, every step holds one slot."""
    steps = draw(st.integers(1, most))
    providers = draw(st.integers(1, 4))
    needs = [
        sorted(n for n in draw(st.sets(st.integers(0, most - 1), max_size=3)) if n < index)
        for index in range(steps)
    ]
    lengths = draw(st.lists(st.sampled_from([0.0, 0.1, 1, 2.5, 7]), min_size=steps, max_size=steps))
    speeds = draw(st.lists(st.sampled_from([0.5, 1, 3]), min_size=providers, max_size=providers))
    demand = np.ones((steps, 1)) if lanes else draw(_amounts(steps, 2))
    capacity = draw(_amounts(providers, demand.shape[1]))
    # The first provider holds everything, so that every step can run somewhere.
    capacity[0] = 2
    capacity[:, 0] = np.maximum(capacity[:, 0], 1) if lanes else capacity[:, 0]
    fits = (demand[:, None, :] <= capacity[None, :, :]).all(axis=2)
    seconds = np.where(fits, np.array(lengths)[:, None] / np.array(speeds), np.inf)
    return problem_from(needs, seconds, demand, capacity)


def _amounts(rows: int, columns: int) -> st.SearchStrategy[np.ndarray]:
    row = st.lists(st.sampled_from([0, 1, 2]), min_size=columns, max_size=columns)
    matrix = st.lists(row, min_size=rows, max_size=rows)
    return matrix.map(lambda items: np.array(items, np.float64).reshape(rows, columns))
