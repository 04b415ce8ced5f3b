"""Kernels: the same result whether they are interpreted or compiled."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given

from tasks.planning.core.compiled import Kernel, compiles, kernel
from tasks.planning.core.problem import Floats, Problem
from tasks.planning.kernels.bound import longest_after
from tests.tasks.planning.problems import problems


@pytest.mark.slow
@given(problems())
def test_a_kernel_gives_the_same_either_way(problem: Problem) -> None:
    """A plan would depend on whether something else has imported numba."""
    seconds = problem.seconds.min(axis=1)
    arguments = problem.followers_start, problem.followers, seconds
    assert longest_after.plain(*arguments).tolist() == longest_after.compiled(*arguments).tolist()


def test_what_is_small_is_interpreted_until_that_has_taken_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A flow that plans once would import numba, or one that plans often would never."""

    def total(values: Floats) -> float:
        return float(values.sum())

    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setattr(Kernel, "spent_seconds", 0.0)
    total_kernel: Kernel[[Floats], float] = kernel(total)
    assert total_kernel(np.ones(3)) == 3
    assert "compiled" not in vars(total_kernel)
    assert not compiles()
    monkeypatch.setattr(Kernel, "spent_seconds", 1.0)
    assert compiles()


def test_only_the_outermost_kernel_counts_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small plan would import numba, as nested loops counted their time several times."""
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    monkeypatch.setattr(Kernel, "spent_seconds", 0.0)
    counted: list[float] = []

    def inner(values: Floats) -> float:
        return float(values.sum())

    inner_kernel: Kernel[[Floats], float] = kernel(inner)

    def outer(values: Floats) -> float:
        total = sum(inner_kernel(values) for _ in range(200))
        counted.append(Kernel.spent_seconds)
        return total

    outer_kernel: Kernel[[Floats], float] = kernel(outer)
    assert outer_kernel(np.ones(3)) == 600
    assert counted == [0.0]
    assert Kernel.spent_seconds > 0
    assert Kernel.depth == 0
