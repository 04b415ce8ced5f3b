"""Tests of what a run takes over from former runs: what did not fail, and what did not change."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from prefect import flow

from blocks.providers.interface import Resources
from blocks.providers.shell_runner import ShellRunner
from blocks.workload_spec import PytestWorkload, SplittableSpec, StepsWorkload
from flows.workload.job import Job
from flows.workload.lifecycle import run_workload
from flows.workload.plan import plan_only
from flows.workload.reuse import last_run
from tasks.errors import BadInputError
from tasks.launch.target import Target
from tasks.launch.workspace import workspaces
from tasks.ledger.connection import Ledger
from tasks.observe.summary import WorkloadSummary
from tasks.release import Release
from tasks.settings import settings

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

ROOM = Resources(cpus=2, memory_mib=4096, slots=2)
NOTHING = StepsWorkload.model_validate({"steps": [{"id": "nothing", "run": "true"}]})


@dataclass
class Bench:
    """A project whose steps write their names into ``log``."""

    job: Job
    ledger: Ledger
    log: Path

    def spec(self, *steps: Mapping[str, object]) -> StepsWorkload:
        """Return a workload of steps, each of which writes its id before it runs its command."""
        noted = [
            {**step, "run": f"echo {step['id']} >> {self.log}; {step.get('run', 'true')}"}
            for step in steps
        ]
        return StepsWorkload.model_validate({"steps": noted})

    async def run(self, spec: SplittableSpec, *, failed: bool = False, **changes: object) -> Seen:
        """Run it, or what failed of the last run, and return what was executed and the summary."""
        job = replace(self.job, spec=spec, **changes)  # type: ignore[arg-type]
        if failed:
            former = last_run(job.target, job.workload, self.ledger, settings().root)
            job = replace(job, former=former)
        self.log.write_text("")

        @flow
        async def once() -> WorkloadSummary:
            """Run it."""
            return (await run_workload(job, self.ledger)).summary

        summary = await once()
        return Seen(sorted(self.log.read_text().split()), summary)


@dataclass(frozen=True)
class Seen:
    """The steps that were executed, in alphabetical order, and the summary."""

    executed: list[str]
    summary: WorkloadSummary

    def outcome(self, step: str) -> str:
        """Return what the report says of a step."""
        return next(line.outcome for line in self.summary.steps if line.step == step)


@pytest.fixture
def bench(home_ledger: Ledger, target: Target, release: Release, tmp_path: Path) -> Bench:
    """Give a project with one source file."""
    release.source.mkdir(parents=True)
    (release.source / "a.txt").write_text("one")
    (release.source / "b.txt").write_text("one")
    job = Job(target, release, "ci", NOTHING, {"local": ShellRunner("local", ROOM)})
    return Bench(job, home_ledger, tmp_path / "log")


async def test_only_what_failed_is_run_again(bench: Bench) -> None:
    """A failure after an hour costs the hour again, or what needs the failed step is not run."""
    fixed = bench.log.with_name("fixed")
    spec = bench.spec(
        {"id": "build", "run": "echo built > file"},
        {"id": "flaky", "run": f"cat file && test -e {fixed}", "needs": ["build"]},
        {"id": "after", "needs": ["flaky"]},
        {"id": "other"},
    )
    assert not (await bench.run(spec)).summary.succeeded
    fixed.touch()
    again = await bench.run(spec, failed=True)
    assert again.executed == ["after", "flaky"]
    assert again.summary.succeeded
    assert again.summary.extent == "2 steps, 2 taken over"
    assert again.outcome("build").startswith("succeeded, taken from the run of ")
    nothing = await bench.run(spec, failed=True)
    assert nothing.executed == []
    assert nothing.summary.extent.startswith("all of it had succeeded in the run of ")
    assert nothing.summary.warnings == ()


async def test_what_built_the_files_runs_again_where_they_are_gone(bench: Bench) -> None:
    """A step would be run again without what the step before it has built."""
    fixed = bench.log.with_name("fixed")
    spec = bench.spec(
        {"id": "build", "run": "echo built > file"},
        {"id": "flaky", "run": f"cat file && test -e {fixed}", "needs": ["build"]},
        {"id": "other"},
    )
    await bench.run(spec)
    fixed.touch()
    shutil.rmtree(workspaces(settings().root))
    assert (await bench.run(spec, failed=True)).executed == ["build", "flaky"]


async def test_what_is_new_or_of_another_release_is_run(bench: Bench) -> None:
    """A step that was never run, or of other code, would count as done."""
    first = bench.spec({"id": "a"}, {"id": "b"})
    await bench.run(first)
    wider = bench.spec({"id": "a"}, {"id": "b", "run": "echo changed"}, {"id": "c"})
    assert (await bench.run(wider, failed=True)).executed == ["b", "c"]
    other = replace(bench.job.release, digest="d2")
    assert (await bench.run(wider, failed=True, release=other)).executed == ["a", "b", "c"]


async def test_of_a_list_only_the_items_that_failed_are_run_again(bench: Bench) -> None:
    """One bad item of a thousand would repeat the other ones."""
    fixed = bench.log.with_name("fixed")
    listing = {"id": "list", "run": """echo '["x", "y"]' > "$SLIPWAY_OUTPUT" """}
    command = f"echo {{item}} >> {bench.log}; test {{item}} != y || test -e {fixed}"
    each = {"id": "each", "needs": ["list"], "foreach": "steps.list.output", "run": command}
    spec = bench.spec(listing, each)
    assert (await bench.run(spec)).executed == ["each", "each", "list", "x", "y"]
    fixed.touch()
    again = await bench.run(spec, failed=True)
    assert again.executed == ["each", "y"]
    assert again.summary.succeeded


async def test_of_a_suite_only_the_tests_that_failed_are_run_again(bench: Bench) -> None:
    """One flaky test of a thousand would repeat them all; or a fix could not be tried on it."""
    release = replace(bench.job.release, kind="python", digest="s1")
    python = release.path / "env" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    suite = release.source / "test_suite.py"
    note = f"import pathlib\nLOG = pathlib.Path({str(bench.log)!r}).open('a')\n"
    one = "def test_{0}():\n    print('{0}', file=LOG, flush=True)\n    assert {1}\n"
    suite.write_text(note + one.format("good", True) + one.format("bad", False))
    spec = PytestWorkload(kind="pytest", paths=["test_suite.py"])
    first = await bench.run(spec, release=release)
    assert (first.executed, first.summary.succeeded) == (["bad", "good"], False)
    # The fix is another release, with a test more.
    tests = [one.format(name, True) for name in ("good", "bad", "new")]
    suite.write_text(note + "".join(tests))
    again = await bench.run(spec, failed=True, release=replace(release, digest="s2"))
    assert (again.executed, again.summary.succeeded) == (["bad", "new"], True)
    assert again.summary.extent.endswith(" UTC not repeated")
    assert "1 test succeeded in the run of " in again.summary.split_reason
    nothing = await bench.run(spec, failed=True, release=replace(release, digest="s2"))
    assert nothing.executed == []
    assert nothing.summary.extent.startswith("all of it had succeeded in the run of ")
    # Nothing failed there, but of this release nothing was ever tested.
    untested = await bench.run(spec, failed=True, release=replace(release, digest="s3"))
    assert untested.executed == ["bad", "good", "new"]
    other = spec.model_copy(update={"variables": {"MODE": "2"}})
    assert len((await bench.run(other, failed=True, release=release)).executed) == 3


async def test_without_a_former_run_the_error_names_the_remedy(bench: Bench) -> None:
    """Who asks for what failed would get all steps run, or an error that helps nobody."""
    with pytest.raises(BadInputError, match=r"no run of ci of shop in dev .* Leave `only`"):
        await bench.run(bench.spec({"id": "a"}), failed=True)


@pytest.fixture
def cached(bench: Bench) -> Callable[..., StepsWorkload]:
    """Give a workload of a step with inputs, which writes an output, and one that needs it."""

    def spec(command: str = "true", **extra: object) -> StepsWorkload:
        """Return it with that command of the step."""
        written = f"""{command}; echo '["x"]' > "$SLIPWAY_OUTPUT" """
        return bench.spec(
            {"id": "lint", "run": written, "inputs": ["a.*"], **extra},
            {"id": "all", "needs": ["lint"], "foreach": "steps.lint.output", "inputs": ["a.txt"]},
            {"id": "last", "needs": ["lint"], "when": "steps.lint.output[0] == 'x'"},
        )

    return spec


async def test_a_step_whose_inputs_are_unchanged_is_not_executed(
    bench: Bench, cached: Callable[..., StepsWorkload]
) -> None:
    """Everything would be done again at each run, or what needs a cached step see no output."""
    assert (await bench.run(cached())).executed == ["all", "last", "lint"]
    # Another release and another file: the next commit.
    (bench.job.release.source / "b.txt").write_text("two")
    second = await bench.run(cached(), release=replace(bench.job.release, digest="d2"))
    assert second.executed == ["last"]
    assert second.outcome("lint").startswith("succeeded, cached: inputs unchanged since run ")
    assert second.outcome("all[x]").startswith("succeeded, cached: ")
    assert (await bench.run(cached(), refresh=True)).executed == ["all", "last", "lint"]


@pytest.mark.parametrize("change", ["file", "mode", "command", "variable", "secret"])
async def test_whatever_changes_executes_it(
    bench: Bench, cached: Callable[..., StepsWorkload], change: str
) -> None:
    """A change would go unseen: the step would count as done for inputs that it never had."""
    await bench.run(cached())
    source, target, spec = bench.job.release.source, bench.job.target, cached()
    if change == "file":
        (source / "a.txt").write_text("two")
    elif change == "mode":
        (source / "a.txt").chmod(0o755)
    elif change == "command":
        spec = cached("echo more")
    elif change == "variable":
        spec = cached(variables={"LEVEL": "2"})
    else:
        target = replace(target, secrets={"API_KEY": "other"})
    assert "lint" in (await bench.run(spec, target=target)).executed


async def test_a_failure_is_not_cached(bench: Bench) -> None:
    """A step that failed once would be taken as done, or fail for ever."""
    spec = bench.spec({"id": "lint", "run": "false", "inputs": ["a.txt"]})
    for _ in range(2):
        seen = await bench.run(spec)
        assert (seen.executed, seen.summary.succeeded) == (["lint"], False)


async def test_a_glob_that_matches_nothing_is_refused(bench: Bench) -> None:
    """A misspelt glob would never change, and the step be skipped for ever."""
    spec = bench.spec({"id": "lint", "inputs": ["scr/**"]})
    with pytest.raises(BadInputError, match=r"workloads.ci.steps.lint.inputs: matches no file"):
        await bench.run(spec)
    assert bench.log.read_text() == ""


async def test_a_dry_run_plans_only_what_would_be_executed(
    bench: Bench, cached: Callable[..., StepsWorkload]
) -> None:
    """The plan would forecast an hour for what takes a second."""
    await bench.run(cached())
    job = replace(bench.job, spec=cached())

    @flow
    async def dry() -> set[str]:
        """Plan it."""
        return set((await plan_only(job, bench.ledger)).plan.order)

    assert await dry() == {"all", "last"}
    (bench.job.release.source / "a.txt").write_text("two")
    assert await dry() == {"lint", "all", "last"}
    job = replace(bench.job, spec=bench.spec({"id": "lint", "inputs": ["b.txt"]}))
    await bench.run(job.spec)
    assert await dry() == set()


async def test_runs_side_by_side_record_the_same_outcome(bench: Bench) -> None:
    """Two runs that end at once would fail each other where they record it."""
    spec = bench.spec({"id": "lint", "inputs": ["a.txt"]})
    other = replace(bench.job.target, environment="staging")
    seen = await asyncio.gather(bench.run(spec), bench.run(spec, target=other))
    assert all(each.summary.succeeded for each in seen)
