"""Tests of the key of a job, and of the variables of its steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from blocks.workload_spec import PytestWorkload, StepsWorkload
from flows.workload.job import Job, WorkloadFailedError
from flows.workload.plan import step_variables
from flows.workload.selection import chosen_workload
from tasks.launch.target import Target
from tasks.observe.summary import WorkloadSummary
from tasks.release import Release


def _steps(*steps: dict[str, Any]) -> StepsWorkload:
    return StepsWorkload.model_validate({"steps": [{"run": "true", **step} for step in steps]})


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
    variables = step_variables(Job(target, release, "tests", tests, {}))
    assert variables["MODE"] == "test"
    assert {"DATABASE", "API_KEY"}.isdisjoint(variables)
    declared = step_variables(
        Job(target, release, "build", chosen_workload(target, "build")[1], {})
    )
    assert declared["API_KEY"] == "hunter2"
    assert declared["DATABASE"].endswith("/data/shop/dev/shop.db")


def test_a_failure_names_what_failed() -> None:
    """Broken: the state of the flow run says that it failed, and not by what."""
    failures = tuple((f"t::{number}", "assert 0") for number in range(7))
    summary = WorkloadSummary("tests", "", (), 0, 0, 0, "default", failures=failures)
    message = str(WorkloadFailedError(summary))
    assert message.startswith("tests failed: t::0: assert 0; t::1: assert 0; ")
    assert "t::5" not in message
