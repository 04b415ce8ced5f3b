"""A graph, its estimates and a fleet as arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.plan import FleetSnapshot
from tasks.planning.core.problem import problem_from, problem_of
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step


def test_a_graph_becomes_arrays() -> None:
    """Everything that plans would compute on another problem than the user's."""
    graph = graph_of(step("a"), step("b"), step("c", "a", "b", "a"), step("d", "a", slots=3))
    dear = replace(provider("dear", 2.0, slots=4), price_per_hour=7200.0)
    fleet = FleetSnapshot(1, 0.0, (provider("one"), dear))
    problem = problem_of(graph, estimates_of({"a": 4, "b": 0, "c": 1, "d": 3}), fleet)
    assert problem.needs_start.tolist() == [0, 0, 0, 2, 3]
    assert problem.needs.tolist() == [0, 1, 0]
    assert problem.followers_start.tolist() == [0, 2, 3, 3, 3]
    assert problem.followers.tolist() == [2, 3, 2]
    assert problem.seconds.tolist() == [[4, 2], [0, 0], [1, 0.5], [np.inf, 1.5]]
    assert problem.demand[:, 2].tolist() == [1, 1, 1, 3]
    assert problem.capacity.tolist() == [[0, 0, 1], [0, 0, 4]]
    assert problem.price.tolist() == [0, 2]


def test_fractions_of_a_cpu_add_up() -> None:
    """Ten tenths of a CPU would not fit into one."""
    tenth = replace(step("a"), demand=Resources(cpus=0.1))
    whole = replace(provider("one"), capacity=Resources(cpus=1))
    problem = problem_of(graph_of(tenth), {}, FleetSnapshot(1, 0.0, (whole,)))
    assert problem.capacity[0, 0] - 10 * problem.demand[0, 0] == 0


def test_what_is_no_problem_is_refused() -> None:
    """A kernel would read beyond its arrays, or wait for ever."""
    ones = np.ones((2, 1))
    with pytest.raises(BadInputError, match=r"needs\.0: is not before it"):
        problem_from([[1], []], ones, ones, np.ones((1, 1)))
    with pytest.raises(BadInputError, match=r"seconds\.1: it can run nowhere"):
        problem_from([[], []], np.array([[1.0], [np.inf]]), ones, np.ones((1, 1)))
