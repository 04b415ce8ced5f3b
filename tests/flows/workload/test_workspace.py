"""Tests of the workspaces of workloads, which leave their release as it was built."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prefect import flow

from blocks.providers.interface import Resources
from blocks.providers.process.identity import own_identity
from blocks.providers.shell_runner import ShellRunner
from blocks.workload_spec import PytestWorkload, SplittableSpec, StepsWorkload
from flows.workload.job import Job
from flows.workload.lifecycle import run_workload
from flows.workload.plan import plan_only
from flows.workload.workspace import living
from tasks.launch.target import Target
from tasks.launch.workspace import DAYS_KEPT
from tasks.ledger.connection import Ledger
from tasks.ledger.workloads import close_workload, open_workload
from tasks.release import Release
from tasks.settings import settings

ROOM = Resources(cpus=2, memory_mib=4096, slots=2)
BUILD: dict[str, object] = {"id": "build", "run": "echo built >page.txt"}
PACK: dict[str, object] = {"id": "pack", "run": "grep built page.txt", "needs": ["build"]}
WRITES = """
import pathlib
pathlib.Path("collected.txt").write_text("by collecting")
def test_writes():
    pathlib.Path("page.txt").write_text("by a test")
"""
_DAY = 86_400.0

of_prefect = pytest.mark.prefect
on_a_server = pytest.mark.usefixtures("prefect_server")


@pytest.fixture
def served(tmp_path: Path) -> Release:
    """Give a release that serves page.txt, and whose suite writes to it."""
    release = Release("shop", "1", "d1", tmp_path / "home" / "releases" / "d1", "python", 0.0)
    (release.source / "tests").mkdir(parents=True)
    (release.source / "page.txt").write_text("as built")
    (release.source / "tests" / "test_writes.py").write_text(WRITES)
    python = release.path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return release


def _steps(*steps: dict[str, object]) -> StepsWorkload:
    return StepsWorkload.model_validate({"steps": steps})


def _job(target: Target, release: Release, spec: SplittableSpec) -> Job:
    return Job(target, release, "ci", spec, {"local": ShellRunner("local", ROOM)})


async def _in_a_flow(work: Callable[[], Awaitable[object]]) -> None:
    @flow
    async def once() -> None:
        """Do it where tasks and artifacts find a flow run."""
        await work()

    await once()


def _left(release: Release) -> dict[str, str]:
    return {path.name: path.read_text() for path in release.source.glob("*.txt")}


def _workspaces() -> list[Path]:
    return sorted(path for path in settings().root.glob("workspaces/*") if path.is_dir())


@of_prefect
@on_a_server
@pytest.mark.parametrize(
    "spec", [_steps(BUILD, PACK), PytestWorkload(kind="pytest")], ids=["steps", "pytest"]
)
async def test_what_serves_stays_as_it_was_built(
    home_ledger: Ledger, target: Target, served: Release, spec: SplittableSpec
) -> None:
    """Broken: a test that writes page.txt changes what dev and prod serve."""
    job = _job(target, served, spec)

    async def work() -> None:
        """Plan it, which collects the tests, and run it."""
        await plan_only(job, home_ledger)
        assert (await run_workload(job, home_ledger)).summary.succeeded

    await _in_a_flow(work)
    assert _left(served) == {"page.txt": "as built"}
    assert _workspaces() == []


@of_prefect
@on_a_server
async def test_what_failed_can_be_looked_at(
    home_ledger: Ledger, target: Target, served: Release
) -> None:
    """Broken: what a failed step has left is gone before anybody could see it."""
    job = _job(target, served, _steps(BUILD, {"id": "bad", "run": "exit 1", "needs": ["build"]}))

    async def work() -> None:
        """Run it."""
        assert not (await run_workload(job, home_ledger)).summary.succeeded

    await _in_a_flow(work)
    (workspace,) = _workspaces()
    assert (workspace / "source" / "page.txt").read_text() == "built\n"
    assert _left(served) == {"page.txt": "as built"}


@pytest.mark.integration
def test_a_workload_lives_while_it_can_be_resumed(home_ledger: Ledger) -> None:
    """Broken: the workspace of a run that died is removed before it is resumed, or never."""
    died = open_workload(home_ledger, "a", "o", 100.0, 15.0, owner_alive=lambda _: True)
    done = open_workload(home_ledger, "b", "o", 100.0, 15.0, owner_alive=lambda _: True)
    close_workload(home_ledger, done.id, done.fence, "failed", 101.0)
    assert living(home_ledger, 200.0) == {died.id}
    assert living(home_ledger, 200.0 + DAYS_KEPT * _DAY) == set()


def test_the_workspace_of_a_living_run_is_kept_whatever_the_clock_says(ledger: Ledger) -> None:
    """Broken: a clock that jumps ahead takes the files from under the steps that run."""
    owner = own_identity().encode()
    runs = open_workload(ledger, "a", owner, 100.0, 15.0, owner_alive=lambda _: True)
    assert living(ledger, 100.0 + 2 * DAYS_KEPT * _DAY) == {runs.id}
