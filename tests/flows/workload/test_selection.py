"""Tests of the selection of a workload, and of the refusal of impossible ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks.project_spec import ProjectSpec
from blocks.workload_spec import PytestWorkload, SplittableSpec, StepsWorkload
from flows.workload.selection import chosen_workload, refuse_impossible_workload
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import workloads


def _steps(*steps: dict[str, Any]) -> StepsWorkload:
    return StepsWorkload.model_validate({"steps": [{"run": "true", **step} for step in steps]})


def test_a_workload_is_named_or_written_out(target: Target) -> None:
    """Broken: what was asked for is not what runs."""
    assert chosen_workload(target, "build") == ("build", target.spec.workloads["build"])
    workload = _steps({"id": "a"})
    assert chosen_workload(target, workload) == ("inline", workload)
    with pytest.raises(NotFoundError, match="did you mean 'tests'"):
        chosen_workload(target, "test")


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            _steps({"id": "a", "needs": ["b"]}, {"id": "b", "needs": ["a"]}),
            r"workloads\.w\.steps\.a\.needs: the needs form a cycle: a needs b, b needs a",
        ),
        (
            _steps({"id": "a", "when": "1 +"}),
            r"workloads\.w\.steps\.a\.when: is not a CEL expression",
        ),
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
    spec: SplittableSpec, problem: str, target: Target, ledger: Ledger
) -> None:
    """Broken: the user waits for an environment to be built, and then reads of a typo."""
    with pytest.raises(BadInputError, match=problem):
        refuse_impossible_workload(target, "w", spec, ["local"], ledger)
    assert workloads(ledger) == []


def test_what_fits_is_not_refused(target: Target, ledger: Ledger) -> None:
    """Broken: nothing could be run any more."""
    for name in target.spec.workloads:
        _, spec = chosen_workload(target, name)
        refuse_impossible_workload(target, name, spec, ["local"], ledger)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (["pyproject.toml"], "`workloads: {tests: {kind: pytest}}`"),
        (["package.json", "requirements.txt"], "`workloads: {tests: {kind: pytest}}`"),
        (
            ["package.json"],
            "`workloads: {tests: {kind: steps, steps: [{id: test, run: npm test}]}}`",
        ),
    ],
)
def test_without_workloads_the_line_to_write_is_said(
    target: Target, tmp_path: Path, files: list[str], line: str
) -> None:
    """Who runs a project for the first time has to look up how a workload is written."""
    for name in files:
        (tmp_path / name).touch()
    bare = replace(target, spec=target.spec.model_copy(update={"workloads": {}}))
    with pytest.raises(NotFoundError) as caught:
        chosen_workload(bare, "tests")
    assert f"{line} under projects.shop" in str(caught.value)
    workload = yaml.safe_load(line.strip("`"))
    assert ProjectSpec.model_validate({"source": ".", **workload}).workloads
