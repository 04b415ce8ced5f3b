"""Tests of what the benchmark of dispatch makes of its executions."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.dispatch import CHAIN_STEPS, MAX_PER_MATRIX, lateness, lone, rate, tiny
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


def test_lateness_is_the_gap_within_the_chain() -> None:
    """Broken: the steps beside it would count, or the durations of the steps."""
    done = [
        execution("lone-0", 0.0, 1.0),
        execution("lone-1", 1.25, 2.0),
        execution("lasting[3]", 0.0, 5.0),
        execution("lone-2", 2.5, 3.0),
    ]
    assert lateness(done) == pytest.approx(0.25)


def test_workloads_are_accepted() -> None:
    """Broken: the benchmark would end with an error after it has started a stack."""
    many = StepsWorkload.model_validate(tiny(2 * MAX_PER_MATRIX + 1))
    assert [len(step.matrix["n"]) for step in many.steps] == [MAX_PER_MATRIX, MAX_PER_MATRIX, 1]
    assert len(StepsWorkload.model_validate(lone(50)).steps) == 1 + CHAIN_STEPS
