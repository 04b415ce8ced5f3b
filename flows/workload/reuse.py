"""What a job takes over from former runs, and what it keeps for later ones."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from blocks.workload_spec import PytestWorkload, SplittableSpec
from flows.workload.execute import Executed
from flows.workload.job import Job
from tasks.distribute.planned import PlannedWorkload
from tasks.errors import BadInputError
from tasks.launch.programs import programs_digest
from tasks.launch.seal import seal_key
from tasks.launch.target import Target
from tasks.launch.workspace import workspaces
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.plans import StoredPlan
from tasks.ledger.workloads import WorkloadLease
from tasks.ledger.workloads import workloads as recorded_workloads
from tasks.observe.summary import WorkloadSummary
from tasks.reuse.cache import from_cache, record_outcomes, step_keys
from tasks.reuse.declaration import declarations
from tasks.reuse.ended_run import EndedRun, EndedStep, keep_ended, kept_ended
from tasks.reuse.failed import failed_only, source_of
from tasks.reuse.step_keys import Surroundings
from tasks.reuse.taken import Reuse
from tasks.settings import settings
from tasks.split.passed import passed_tests
from tasks.workload import StepGraph

# Older runs of the workload are not looked through.
_RUNS_LOOKED_AT = 200


def last_run(target: Target, workload: str, ledger: Ledger, root: Path) -> EndedRun:
    """Return the record of the newest run of that workload that has ended.

    Raises:
        BadInputError: There is none.
    """
    where = f"{target.project}/{workload}/{target.environment}"
    rows = [row for row in recorded_workloads(ledger, where, _RUNS_LOOKED_AT) if row.closed_at]
    for row in sorted(rows, key=lambda row: row.closed_at or 0.0, reverse=True):
        if run := kept_ended(root / "steps" / row.id):
            return run
    raise BadInputError(
        "only",
        "failed",
        f"no run of {workload} of {target.project} in {target.environment} is known that has ended",
        "Leave `only` at `all` for the first one",
    )


def passed_before(job: Job) -> Sequence[str]:
    """Return the tests that need not be repeated, of a suite that is run as it was then.

    Where none had failed in another release, none counts: else nothing of this one would be tested.
    """
    former = job.former
    if not former or former.suite != _suite(job.spec):
        return ()
    is_untested = former.release != job.release.digest and former.succeeded
    return () if is_untested else former.passed


def kept_workspace(job: Job) -> Path | None:
    """Return the workspace of the former run of the same release; None if it is gone."""
    former = job.former
    if not former or former.release != job.release.digest or isinstance(job.spec, PytestWorkload):
        return None
    folder = workspaces(settings().root) / former.workload
    return folder if folder.is_dir() else None


def reuse_of(job: Job, graph: StepGraph, environment: Mapping[str, str], ledger: Ledger) -> Reuse:
    """Return what ``job`` takes over; ``graph`` is as it was split for the ``environment``.

    Raises:
        BadInputError: A glob of inputs matches no file.
    """
    digests = declarations(graph, environment)
    reuse = Reuse()
    if job.former and isinstance(job.spec, PytestWorkload):
        reuse = Reuse(tests=graph.decision.left_out, source=source_of(job.former))
    elif job.former:
        files_kept = kept_workspace(job) is not None
        release = job.release.digest
        reuse = failed_only(graph, digests, job.former, release, files_kept=files_kept)
    if any(step.inputs for step in graph.steps):
        target = job.target
        surroundings = Surroundings(
            target.project,
            {**target.variables, **target.secrets},
            programs_digest(job.release),
            seal_key(settings().root),
        )
        # The release itself, as steps of an interrupted run may have changed the workspace.
        keys = step_keys(graph, job.release.source, environment, surroundings)
        if keys:
            reuse = reuse.before(from_cache(graph, keys, ledger, refresh=job.refresh))
    return replace(reuse, declarations=digests)


def planned_again(again: StoredPlan | None, reuse: Reuse) -> StoredPlan | None:
    """Return a stored plan without the steps that are taken over."""
    if again is None or not reuse.left_out:
        return again
    plan = again.plan
    order = tuple(step for step in plan.order if step not in reuse.left_out)
    placements = tuple(placed for placed in plan.placements if placed.step not in reuse.left_out)
    return replace(again, plan=replace(plan, order=order, placements=placements))


def keep_for_later(  # noqa: PLR0917 - a job, its plan and all that came of it
    job: Job,
    planned: PlannedWorkload,
    executed: Executed,
    done: Sequence[Execution],
    lease: WorkloadLease,
    summary: WorkloadSummary,
    *,
    ledger: Ledger,
    folder: Path,
) -> None:
    """Keep how the steps of ``job`` ended, for `only: failed`; and in the cache what succeeded.

    ``done`` are its attempts, ``folder`` is that of the run. Where it failed although each of its
    tests succeeded, as with too little coverage, none of them counts: the suite is run again.
    """
    reuse = planned.reuse
    steps = {
        name: EndedStep(
            result.state, reuse.declarations.get(name, ""), result.outcome, result.group
        )
        for name, result in executed.results.items()
    }
    passed = {*passed_tests(planned.graph, done), *passed_before(job)}
    if not summary.succeeded and all(result.succeeded for result in executed.results.values()):
        passed = set()
    suite, now = _suite(job.spec), time.time()
    release, tests = job.release.digest, tuple(sorted(passed))
    keep_ended(folder, EndedRun(lease.id, release, now, suite, steps, tests))
    if reuse.keys:
        record_outcomes(ledger, reuse.keys, job.target.project, lease.id, executed.succeeded)


def _suite(spec: SplittableSpec) -> str:
    """Return a digest of what decides how tests are run; empty without tests."""
    if not isinstance(spec, PytestWorkload):
        return ""
    settings_of_tests = spec.model_dump_json(include={"paths", "arguments", "variables"})
    return hashlib.sha256(settings_of_tests.encode()).hexdigest()[:32]
