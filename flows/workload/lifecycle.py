"""The lifecycle of a workload under its lease: it is planned, executed and settled."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from prefect import get_run_logger
from prefect.events import emit_event
from prefect.utilities.annotations import opaque

from blocks.providers.process.detached import own_identity, owner_alive
from flows.run_state.secret_redaction import redacted
from flows.workload.execute import execute
from flows.workload.job import Job, WorkloadEnd, WorkloadFailedError
from flows.workload.lease import kept_alive
from flows.workload.plan import plan_workload
from flows.workload.progress import log_fault, plan_shown
from flows.workload.reuse import kept_workspace
from flows.workload.settle import settle
from flows.workload.workspace import close_workspace, workspace_of
from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.allocate.task import allocate
from tasks.distribute.dispatch.decision_log import decisions_of
from tasks.errors import SlipwayError
from tasks.events import workload_failed
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import record_decisions
from tasks.ledger.group_commit import GroupCommit
from tasks.ledger.plans import record_plan
from tasks.ledger.workloads import WorkloadLease, close_workload, open_workload
from tasks.settings import settings


async def run_workload(job: Job, ledger: Ledger) -> WorkloadEnd:
    """Run ``job`` to its end, or resume what a dead run left of it.

    Raises:
        BadInputError: It cannot be split or planned; nothing was started.
        BusyError: A live run works on it.
    """
    config, owner = settings(), own_identity().encode()
    lease = open_workload(
        ledger, job.key, owner, time.time(), config.lease_seconds, owner_alive=owner_alive
    )
    group = GroupCommit(ledger)
    admission = LedgerAdmission(ledger, config.lease_seconds, time.time, group)
    if lease.resumed:
        get_run_logger().info("Resuming workload %s (%s)", lease.id, job.key)
    try:
        warn = get_run_logger().warning
        async with kept_alive(ledger, lease, admission, config.lease_seconds, warn):
            workspace = await workspace_of(
                lease.id, job.release, job.spec, ledger, base=lambda: kept_workspace(job)
            )
            leased = replace(job, workspace=workspace)
            end = await _run_leased(leased, ledger, lease, admission, group)
    except SlipwayError as error:
        close_workload(ledger, lease.id, lease.fence, "failed", time.time())
        emit_failure(job, str(error))
        await close_workspace(lease.id, succeeded=False)
        raise
    state = "succeeded" if end.summary.succeeded else "failed"
    close_workload(ledger, lease.id, lease.fence, state, time.time())
    if not end.summary.succeeded:
        emit_failure(job, str(WorkloadFailedError(end.summary)))
    await close_workspace(lease.id, succeeded=end.summary.succeeded)
    return end


def emit_failure(job: Job, reason: str) -> None:
    """Emit the event that the workload of ``job`` has failed."""
    target = job.target
    event = workload_failed(
        target.project, target.environment, job.workload, redacted(reason), job.providers
    )
    emit_event(**event.document())


async def _run_leased(
    job: Job,
    ledger: Ledger,
    lease: WorkloadLease,
    admission: LedgerAdmission,
    group: GroupCommit,
) -> WorkloadEnd:
    folder = settings().root / "steps" / lease.id
    planned = await plan_workload(job, ledger, folder / "graph.json")
    record_plan(ledger, lease.id, planned.plan, time.time())
    decisions = decisions_of(lease.id, planned, time.time())
    await asyncio.to_thread(record_decisions, ledger, lease.id, decisions)
    demands = {step.id: step.demand for step in planned.graph.steps}
    allocated = await allocate(
        lease.id, opaque(planned.plan), opaque(demands), wait_for=[opaque(planned.plan)]
    )
    async with plan_shown(planned, log_fault(get_run_logger())) as have_ended:
        executed = await execute(
            job,
            planned,
            ledger,
            lease,
            admission=admission,
            group=group,
            after=allocated,
            have_ended=have_ended,
        )
    return await settle(job, planned, executed, ledger, lease, folder)
