"""Tests of what the benchmark of dispatch makes of its executions."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.dispatch import MAX_PER_MATRIX, chains, lateness, rate, tiny
from blocks.providers.interface import End, Outcome, Resources
from blocks.workload_spec import StepsWorkload
from tasks.ledger.executions import Execution


def execution(step: str, began: float, ended: float) -> Execution:
    """Return one that was recorded as begun a little before its command."""
    return Execution(
        "w", step, 1, 1, "local", "shell", "k", Path("/"), began - 0.01, Resources(),
        Outcome(end=End.SUCCEEDED, started_at=began, ended_at=ended),
    )  # fmt: skip


def test_the_rate_counts_from_the_first_begin_to_the_last_end() -> None:
    """Broken: time in which nothing ran would be left out."""
    done = [execution("a", 10.01, 11.0), execution("b", 14.0, 15.0)]
    assert rate(done) == pytest.approx(2 / 5)


def test_lateness_is_the_gap_within_a_chain() -> None:
    """Broken: steps of other chains would count, or the durations of the steps."""
    done = [
        execution("c0-0", 0.0, 1.0),
        execution("c0-1", 1.25, 2.0),
        execution("c1-0", 0.0, 5.0),
        execution("c1-1", 5.1, 6.0),
    ]
    assert lateness(done) == pytest.approx(0.1)
    assert lateness([*done, execution("c1-2", 7.0, 8.0)]) == pytest.approx(0.25)


def test_workloads_are_accepted() -> None:
    """Broken: the benchmark would end with an error after it has started a stack."""
    many = StepsWorkload.model_validate(tiny(2 * MAX_PER_MATRIX + 1))
    assert [len(step.matrix["n"]) for step in many.steps] == [MAX_PER_MATRIX, MAX_PER_MATRIX, 1]
    assert len(StepsWorkload.model_validate(chains(3, 4)).steps) == 12
