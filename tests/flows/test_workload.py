"""Which workload is meant, whether it can be run at all, and what its steps find around them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from blocks.workload_spec import PytestWorkload, SplittableSpec, StepsWorkload
from flows.workload import (
    Job,
    WorkloadFailedError,
    _surroundings,
    chosen_workload,
    refuse_impossible_workload,
)
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import workloads
from tasks.observe.summary import WorkloadSummary
from tasks.release import Release


def _steps(*steps: dict[str, Any]) -> StepsWorkload:
    return StepsWorkload.model_validate({"steps": [{"run": "true", **step} for step in steps]})


def test_a_workload_is_named_or_written_out(target: Target) -> None:
    """Broken: what was asked for is not what runs."""
    assert chosen_workload(target, "build") == ("build", target.spec.workloads["build"])
    written = _steps({"id": "a"})
    assert chosen_workload(target, written) == ("inline", written)
    with pytest.raises(NotFoundError, match="did you mean 'tests'"):
        chosen_workload(target, "test")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (
            _steps({"id": "a", "needs": ["b"]}, {"id": "b", "needs": ["a"]}),
            r"workloads\.w\.steps\.a\.needs: the needs form a cycle: a needs b, b needs a",
        ),
        (_steps({"id": "a", "when": "1 +"}), r"workloads\.w\.steps\.a\.when: no CEL expression"),
        (
            _steps({"id": "a", "demand": {"cpus": 3}}),
            r"workloads\.w\.steps\.a\.demand: beyond every provider; the largest, local",
        ),
        (
            PytestWorkload.model_validate({"kind": "pytest", "demand": {"slots": 3}}),
            r"workloads\.w\.demand: beyond every provider",
        ),
    ],
    ids=["cycle", "when", "demand of a step", "demand of a shard"],
)
def test_what_can_never_run_is_refused_before_anything_is_built(
    spec: SplittableSpec, said: str, target: Target, book: Ledger
) -> None:
    """Broken: the user waits for an environment to be built, and then reads of a typo."""
    with pytest.raises(BadInputError, match=said):
        refuse_impossible_workload(target, "w", spec, ["local"], book)
    assert workloads(book) == []


def test_what_fits_is_not_refused(target: Target, book: Ledger) -> None:
    """Broken: nothing could be run any more."""
    for name in target.spec.workloads:
        _, spec = chosen_workload(target, name)
        refuse_impossible_workload(target, name, spec, ["local"], book)


def test_another_release_is_another_workload(target: Target, release: Release) -> None:
    """Broken: a new version resumes what the old one left, and its steps are never run."""
    job = Job(target, release, "tests", chosen_workload(target, "tests")[1], {})
    keys = {
        job.key,
        replace(job, release=replace(release, digest="d2")).key,
        replace(job, workload="build").key,
        replace(job, target=replace(target, environment="prod")).key,
        replace(job, spec=_steps({"id": "corrected"})).key,
    }
    assert len(keys) == 5
    assert job.key == replace(job, strategy="cheapest").key


def test_tests_never_see_the_environment_of_live_data(target: Target, release: Release) -> None:
    """Broken: a test suite empties the database of the environment that it is run for."""
    tests = PytestWorkload.model_validate({"kind": "pytest", "variables": {"MODE": "test"}})
    seen = _surroundings(Job(target, release, "tests", tests, {}))
    assert seen["MODE"] == "test"
    assert {"DATABASE", "API_KEY"}.isdisjoint(seen)
    declared = _surroundings(Job(target, release, "build", chosen_workload(target, "build")[1], {}))
    assert declared["API_KEY"] == "hunter2"
    assert declared["DATABASE"].endswith("/data/shop/dev/shop.db")


def test_a_failure_names_what_failed() -> None:
    """Broken: the state of the flow run says that it failed, and not by what."""
    failures = tuple((f"t::{number}", "assert 0") for number in range(7))
    summary = WorkloadSummary("tests", "", (), 0, 0, 0, "default", failures=failures)
    said = str(WorkloadFailedError(summary))
    assert said.startswith("tests failed: t::0: assert 0; t::1: assert 0; ")
    assert "t::5" not in said
