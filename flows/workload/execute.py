"""Runs the steps of a planned workload as they become ready and are admitted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from prefect import get_run_logger

from blocks.providers.interface import Outcome
from flows.workload.job import Job
from flows.workload.progress import log_fault, log_queued, log_replanned, shown_progress
from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.distribute.dispatch.dispatcher import Dispatcher
from tasks.distribute.dispatch.events import Hooks
from tasks.distribute.dispatch.packing import is_packed
from tasks.distribute.dispatch.results import StepResult
from tasks.distribute.dispatch.resume import failed_tries, former_run
from tasks.distribute.dispatch.runner import StepRunner
from tasks.distribute.dispatch.task import SubmitByPrefect
from tasks.distribute.planned import PlannedWorkload
from tasks.estimates import estimate_of
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import executions
from tasks.ledger.group_commit import GroupCommit
from tasks.ledger.providers import fleet
from tasks.ledger.workloads import WorkloadLease
from tasks.plan import FleetSnapshot
from tasks.settings import settings
from tasks.split.verdicts import read_report
from tasks.workload import Step, StepReport


@dataclass(frozen=True, slots=True)
class Executed:
    """The result of each step, the steps' reports of their items, and the total time.

    ``succeeded`` are the steps that were executed and succeeded, those of lists too.
    """

    results: dict[str, StepResult]
    reports: dict[str, StepReport]
    seconds: float
    succeeded: Sequence[tuple[Step, Outcome]] = ()


async def execute(
    job: Job,
    planned: PlannedWorkload,
    ledger: Ledger,
    lease: WorkloadLease,
    *,
    admission: LedgerAdmission,
    group: GroupCommit,
    after: object,
    have_ended: Callable[[], None],
) -> Executed:
    """Run every step of ``planned`` to its end.

    ``after`` is the result of the task before; ``have_ended`` is called once all have ended.
    """
    done = executions(ledger, lease.id)
    secrets = list(job.target.secrets.values())
    runner = StepRunner(
        group,
        job.providers,
        lease,
        settings().root,
        former=done,
        read_report=partial(read_report, job.target.project, job.workload, secrets=secrets),
        secrets=secrets,
    )

    def fleet_now() -> FleetSnapshot:
        return fleet(ledger, list(job.providers), time.time())

    def packed(step: Step) -> bool:
        return is_packed(dispatcher.count, estimate_of(step, planned.estimates))

    submit = SubmitByPrefect(packed, secrets, after, runner.where_logs_are, failed_tries(done))
    logger = get_run_logger()
    began = time.time()
    async with shown_progress(f"Steps of {job.workload}", log_fault(logger)) as show_progress:
        dispatcher = Dispatcher(
            planned.graph,
            planned.plan,
            planned.estimates,
            fleet_now,
            admission,
            execute=runner,
            submit=submit,
            workload_id=lease.id,
            fence=lease.fence,
            former=replace(former_run(done), take=planned.reuse.take),
            variables={
                "project": job.target.project,
                "environment": job.target.environment,
                "version": job.release.version,
            },
            hooks=Hooks(
                on_queued=log_queued(logger),
                on_progress=show_progress,
                on_replanned=log_replanned(logger),
                on_fault=log_fault(logger),
            ),
        )
        try:
            results = await dispatcher.run()
            have_ended()
        finally:
            await submit.close()
            for provider in job.providers.values():
                provider.close()
    return Executed(results, runner.reports, time.time() - began, runner.succeeded)
