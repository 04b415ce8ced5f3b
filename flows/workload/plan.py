"""Splits and plans a workload: the first half of `run`, and all of a dry run."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from pathlib import Path

from prefect.utilities.annotations import opaque

from blocks.workload_spec import PytestWorkload
from flows.workload.job import Job
from flows.workload.reuse import passed_before, planned_again, reuse_of
from flows.workload.workspace import trial_of
from tasks.cancellation import in_thread
from tasks.distribute.planned import PlannedWorkload
from tasks.distribute.task import distribute, explain, show_plan
from tasks.estimates import with_siblings
from tasks.launch.step_environment import (
    interpreter,
    programs_first,
    searching_first,
    with_environment,
)
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import read_estimates_by_kind
from tasks.ledger.plans import StoredPlan, plans_of, record_plan
from tasks.ledger.providers import fleet
from tasks.planning.autotune import with_history
from tasks.reuse.failed import source_of
from tasks.settings import settings
from tasks.split.task import split
from tasks.workload import StepGraph


async def plan_only(job: Job, ledger: Ledger) -> StoredPlan:
    """Split and plan, show the plan and its alternatives, and start nothing."""
    async with trial_of(job.release, job.spec) as trial:
        planned = await plan_workload(
            replace(job, workspace=trial), ledger, trial.path / "graph.json"
        )
    now = time.time()
    former = next(((str(each.id), each.plan) for each in plans_of(ledger, job.key, limit=1)), None)
    planned = replace(planned, plan=await show_plan(planned))
    if planned.plan.order:
        await explain(opaque(planned), opaque(former), wait_for=[opaque(planned.plan)])
    return StoredPlan(record_plan(ledger, job.key, planned.plan, now), job.key, planned.plan, now)


async def plan_workload(job: Job, ledger: Ledger, record: Path) -> PlannedWorkload:
    """Split ``job`` and plan its steps; the graph of steps is kept in the file ``record``.

    Raises:
        BadInputError: It cannot be split or planned.
    """
    providers = fleet(ledger, list(job.providers), time.time())
    kinds = [provider.kind for provider in job.providers.values()]
    read_estimates = partial(read_estimates_by_kind, ledger, provider_kinds=kinds)
    variables = step_variables(job)
    as_split = await split(
        job.target.project,
        job.workload,
        job.spec,
        cwd=job.tree.source,
        python=interpreter(job.tree) if isinstance(job.spec, PytestWorkload) else Path(),
        environment=variables,
        fleet=providers,
        estimates=read_estimates,
        record=record,
        passed=passed_before(job),
        source=source_of(job.former) if job.former else "",
        wait_for=[opaque(job.release)],
    )
    reuse = await in_thread(lambda: reuse_of(job, as_split, variables, ledger))
    graph = searching_first(as_split, job.tree, variables["PATH"])
    estimates = with_siblings(graph.steps, read_estimates(_history_keys(graph)))
    graph, tuned = with_history(graph, estimates, providers)
    autotuned = tuple(choice for choice in tuned if choice.step not in reuse.left_out)
    again = planned_again(job.again, reuse)
    plan = await distribute(
        opaque(graph.without(reuse.left_out)),
        opaque(estimates),
        opaque(providers),
        job.strategy,
        opaque((str(again.id), again.plan) if again else None),
        goal=job.goal or job.spec.goal,
        reuse=opaque(reuse),
        wait_for=[opaque(as_split)],
    )
    return PlannedWorkload(graph, estimates, providers, plan, autotuned, reuse)


def step_variables(job: Job) -> dict[str, str]:
    """Return the environment variables of the steps; tests never see those of live data."""
    if isinstance(job.spec, PytestWorkload):
        return programs_first(job.tree, os.environ, job.spec.variables)
    return with_environment(job.target, job.tree, settings(), os.environ)


def _history_keys(graph: StepGraph) -> Collection[str]:
    return {key for step in graph.steps for key in (step.history_key, step.wall_key, *step.items)}
