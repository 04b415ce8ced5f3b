"""One workload of a release, from spec to summary; `run` and `ship` are made of it."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from prefect import get_run_logger
from prefect.utilities.annotations import opaque

from blocks.goal import Goal
from blocks.providers.interface import Outcome, Provider
from blocks.providers.process import own_identity, owner_alive
from blocks.workload_spec import (
    PytestWorkload,
    SplittableSpec,
)
from flows.appraisal import appraised
from flows.closing import show_workload
from flows.lease import kept_alive
from flows.outcome import last_outcomes, workload_summary
from flows.progress import say_fault, say_queued, say_replanned, shown_progress
from flows.workspace import leave, trial_of, workspace_of
from tasks.allocate.admit import LedgerAdmission
from tasks.allocate.task import allocate
from tasks.distribute.decided import decided, settled
from tasks.distribute.dispatch import Dispatcher
from tasks.distribute.learnt import Learnt, with_history
from tasks.distribute.results import StepResult
from tasks.distribute.resume import former_run, unfinished
from tasks.distribute.runner import StepRunner
from tasks.distribute.task import distribute, explain, submit_by_prefect
from tasks.errors import SlipwayError
from tasks.estimates import Estimates
from tasks.launch.surroundings import (
    interpreter,
    programs_first,
    searching_first,
    with_environment,
)
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import record_decisions, settle_decisions
from tasks.ledger.estimates import read_estimates_by_kind
from tasks.ledger.executions import executions
from tasks.ledger.plans import StoredPlan, plans_of, record_plan
from tasks.ledger.providers import fleet
from tasks.ledger.workloads import WorkloadLease, close_workload, open_workload
from tasks.observe.summary import WorkloadSummary
from tasks.plan import FleetSnapshot, Plan
from tasks.release import Release
from tasks.settings import settings
from tasks.split.task import split
from tasks.split.verdicts import read_report
from tasks.workload import StepGraph, StepReport


@dataclass(frozen=True, slots=True)
class Job:
    """A workload of one release, what may execute it, and the plan to run again, if any.

    Without a ``goal``, that of the workload holds. ``workspace`` is its copy of the release.
    """

    target: Target
    release: Release
    workload: str
    spec: SplittableSpec
    providers: Mapping[str, Provider]
    strategy: str = "planned"
    again: StoredPlan | None = None
    goal: Goal | None = None
    workspace: Release | None = None

    @property
    def tree(self) -> Release:
        """Where it is split and run: never the release itself, which may serve."""
        return self.workspace or self.release

    @property
    def key(self) -> str:
        """What makes two runs the same workload: the later resumes what the earlier left."""
        target = self.target
        # Changed steps are another workload, also under the same name; another goal is not.
        steps = hashlib.sha256(self.spec.model_dump_json(exclude={"goal"}).encode()).hexdigest()[
            :12
        ]
        where = f"{target.project}/{self.workload}/{target.environment}"
        return f"{where}/{self.release.digest}/{steps}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A workload that is split and planned, and what its estimates were.

    ``learnt`` is what they decided of its steps.
    """

    graph: StepGraph
    estimates: Estimates
    fleet: FleetSnapshot
    plan: Plan
    learnt: tuple[Learnt, ...] = ()


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a workload; ``last`` are the outcomes that no other step of it waited for."""

    summary: WorkloadSummary
    last: tuple[Outcome, ...]


class WorkloadFailedError(SlipwayError):
    """A workload in which something failed; ``summary`` names it."""

    def __init__(self, summary: WorkloadSummary) -> None:
        self.summary = summary
        named = "; ".join(f"{name}: {why}" for name, why in summary.failures[:5])
        super().__init__(f"{summary.workload} failed: {named or 'see its steps'}")


async def plan_only(job: Job, book: Ledger) -> StoredPlan:
    """Split and plan, show both and what else there was to choose, and start nothing."""
    async with trial_of(job.release, job.spec) as trial:
        tried = replace(job, workspace=trial)
        planned = await _planned(tried, book, trial.path / "graph.json")
    plan, now = planned.plan, time.time()
    former = next(((str(each.id), each.plan) for each in plans_of(book, job.key, limit=1)), None)
    made_of = (planned.graph, planned.estimates, planned.fleet, plan, former)
    await explain(*(opaque(each) for each in made_of), wait_for=[opaque(plan)])
    return StoredPlan(record_plan(book, job.key, plan, now), job.key, plan, now)


async def run_workload(job: Job, book: Ledger) -> Ran:
    """Run ``job`` to its end, or resume what a run that died left of it.

    Raises:
        BadInputError: It cannot be split or planned; nothing was started.
        BusyError: A live run is at it.
    """
    chosen, owner = settings(), own_identity().encode()
    lease = open_workload(
        book, job.key, owner, time.time(), chosen.lease_seconds, owner_alive=owner_alive
    )
    admission = LedgerAdmission(book, chosen.lease_seconds, time.time)
    if lease.resumed:
        get_run_logger().info("Resuming workload %s (%s)", lease.id, job.key)
    try:
        warn = get_run_logger().warning
        async with kept_alive(book, lease, admission, chosen.lease_seconds, warn):
            workspace = await workspace_of(lease.id, job.release, job.spec, book)
            ran = await _carry_out(replace(job, workspace=workspace), book, lease, admission)
    except SlipwayError:
        close_workload(book, lease.id, lease.fence, "failed", time.time())
        await leave(lease.id, succeeded=False)
        raise
    end = "succeeded" if ran.summary.succeeded else "failed"
    close_workload(book, lease.id, lease.fence, end, time.time())
    await leave(lease.id, succeeded=ran.summary.succeeded)
    return ran


async def _carry_out(
    job: Job, book: Ledger, lease: WorkloadLease, admission: LedgerAdmission
) -> Ran:
    record = settings().root / "steps" / lease.id / "graph.json"
    planned = await _planned(job, book, record)
    graph, plan = planned.graph, planned.plan
    record_plan(book, lease.id, plan, time.time())
    made = decided(
        *(lease.id, graph, planned.estimates, planned.fleet), (plan, planned.learnt, time.time())
    )
    await asyncio.to_thread(record_decisions, book, lease.id, made)
    demands = {step.id: step.demand for step in graph.steps}
    allocated = await allocate(lease.id, opaque(plan), demands, wait_for=[opaque(plan)])
    began = time.time()
    results, reports = await _dispatched(job, book, lease, planned, allocated, admission)
    took = time.time() - began
    came = settled(plan, planned.fleet, results, took)
    await asyncio.to_thread(settle_decisions, book, lease.id, came)
    summary = workload_summary(graph, plan, results, reports, took)
    done = await asyncio.to_thread(executions, book, lease.id)
    summary = await appraised(summary, graph, done, record.parent)
    await show_workload(plan, results, summary)
    return Ran(summary, last_outcomes(graph, results))


async def _planned(job: Job, book: Ledger, record: Path) -> Planned:
    now_fleet = fleet(book, list(job.providers), time.time())
    kinds = [provider.kind for provider in job.providers.values()]
    known = partial(read_estimates_by_kind, book, provider_kinds=kinds)
    surroundings = _surroundings(job)
    as_split = await split(
        job.target.project,
        job.workload,
        job.spec,
        cwd=job.tree.source,
        python=interpreter(job.tree) if isinstance(job.spec, PytestWorkload) else Path(),
        environment=surroundings,
        fleet=now_fleet,
        estimates=known,
        record=record,
        wait_for=[opaque(job.release)],
    )
    graph = searching_first(as_split, job.tree, surroundings["PATH"])
    estimates = known(_keys(graph))
    graph, learnt = with_history(graph, estimates, now_fleet)
    plan = await distribute(
        *(opaque(graph), opaque(estimates), opaque(now_fleet)),
        job.strategy,
        opaque((str(job.again.id), job.again.plan) if job.again else None),
        goal=job.goal or job.spec.goal,
        wait_for=[opaque(as_split)],
    )
    return Planned(graph, estimates, now_fleet, plan, learnt)


def _surroundings(job: Job) -> dict[str, str]:
    """Return the environment variables of the steps; tests never see those of live data."""
    if isinstance(job.spec, PytestWorkload):
        return programs_first(job.tree, os.environ, job.spec.variables)
    return with_environment(job.target, job.tree, settings(), os.environ)


def _keys(graph: StepGraph) -> Collection[str]:
    return {key for step in graph.steps for key in (step.history_key, step.wall_key, *step.items)}


async def _dispatched(  # noqa: PLR0917 - what is run, under which right, and on what
    job: Job,
    book: Ledger,
    lease: WorkloadLease,
    planned: Planned,
    allocated: object,
    admission: LedgerAdmission,
) -> tuple[dict[str, StepResult], dict[str, StepReport]]:
    done = executions(book, lease.id)
    secrets = list(job.target.secrets.values())
    runner = StepRunner(
        book,
        job.providers,
        lease,
        settings().root,
        unfinished=unfinished(done),
        read_report=partial(read_report, job.target.project, job.workload, secrets=secrets),
        secrets=secrets,
    )

    def fleet_now() -> FleetSnapshot:
        return fleet(book, list(job.providers), time.time())

    tell = say_fault(get_run_logger())
    async with shown_progress(f"Steps of {job.workload}", tell) as told:
        dispatcher = Dispatcher(
            planned.graph,
            planned.plan,
            planned.estimates,
            fleet_now,
            admission,
            execute=runner,
            submit=submit_by_prefect(secrets, after=allocated),
            workload_id=lease.id,
            fence=lease.fence,
            former=former_run(done),
            variables={
                "project": job.target.project,
                "environment": job.target.environment,
                "version": job.release.version,
            },
            on_queued=say_queued(get_run_logger()),
            on_progress=lambda made: told.__setitem__(0, made),
            on_replanned=say_replanned(get_run_logger()),
            on_fault=tell,
        )
        return await dispatcher.run(), runner.reports
