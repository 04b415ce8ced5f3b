"""Tests of the checks of `run` before a workload is split."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from blocks.project_spec import ProjectSpec
from blocks.workload_spec import PytestWorkload, SplittableSpec, StepsWorkload
from flows.run import run_flow
from tasks.launch.detection import kind_of
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger

STEPS = StepsWorkload.model_validate({"steps": [{"id": "a", "run": "true"}]})


class _BuiltError(Exception):
    """Ends the flow where its release would be built; says of which kind."""


@pytest.mark.parametrize(
    ("workload", "kind"), [(STEPS, "procfile"), (PytestWorkload(kind="pytest"), "python")]
)
def test_a_workload_that_is_written_out_needs_no_manifest(
    workload: SplittableSpec,
    kind: str,
    tmp_path: Path,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: steps in the form of `run` are refused for a kind that only services need."""
    bare = Target("fe", ProjectSpec(source=str(tmp_path)), "dev")

    async def load_target(_project: str, _environment: str) -> Target:
        """Return the project that has no workload."""
        return bare

    async def load_providers(_names: list[str]) -> dict[str, object]:
        """Return the one provider that the ledger knows."""
        return {"local": None}

    async def build(target: Target, _version: str, *, serves: bool) -> None:
        """Say as what the release would be built."""
        assert not serves
        raise _BuiltError(kind_of(target.project, target.spec, tmp_path).name)

    monkeypatch.setattr("flows.run.load_target", load_target)
    monkeypatch.setattr("flows.run.load_providers", load_providers)
    monkeypatch.setattr("flows.run.own_ledger", lambda: nullcontext(ledger))
    monkeypatch.setattr("flows.run.launching.build", build)
    with pytest.raises(_BuiltError, match=kind):
        asyncio.run(run_flow.fn("fe", workload))
    assert bare.spec.workloads == {}


def test_what_failed_cannot_be_repeated_where_nothing_ran(
    target: Target, ledger: Ledger, home: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release would be built, and everything be run, before the mistake is told."""
    del home

    async def load_target(_project: str, _environment: str) -> Target:
        """Return the project."""
        return target

    async def load_providers(_names: list[str]) -> dict[str, object]:
        """Return the one provider that the ledger knows."""
        return {"local": None}

    monkeypatch.setattr("flows.run.load_target", load_target)
    monkeypatch.setattr("flows.run.load_providers", load_providers)
    monkeypatch.setattr("flows.run.own_ledger", lambda: nullcontext(ledger))
    state: Any = asyncio.run(run_flow.fn("shop", "build", only="failed"))
    assert state.is_failed()
    assert "only: no run of build of shop in dev is known that has ended" in state.message
    assert "Leave `only` at `all`" in state.message
