"""The flow `run`: splits a workload, plans it over the providers, and runs its steps."""

from __future__ import annotations

from typing import Literal

from prefect import flow, get_run_logger

from blocks.goal import Goal
from blocks.parameter import Name, Names, PlanId, Version
from blocks.workload_spec import WorkloadChoice
from flows.configuration.block_loading import load_providers, load_target, own_ledger
from flows.configuration.run_names import named
from flows.run_state.completion import remarked
from flows.run_state.failure import fails_plainly
from flows.workload.job import Job, WorkloadFailedError
from flows.workload.lifecycle import run_workload
from flows.workload.plan import plan_only
from flows.workload.reuse import last_run
from flows.workload.selection import chosen_workload, refuse_impossible_workload, with_workload
from flows.workload.stored_plan import stored_plan, told
from tasks.launch import task as launching
from tasks.observe.summary import estimate_sentence
from tasks.planning.planner import refuse_other_strategy
from tasks.settings import settings


@flow(
    name="run",
    flow_run_name=named("run {workload} of {project}"),
    description="Split a workload, plan it over the providers, run each step when it is ready.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def run_flow(  # noqa: PLR0917 - they are its form in the UI
    project: Name,
    workload: WorkloadChoice = "tests",
    providers: Names | None = None,
    strategy: Literal[
        "planned", "least_loaded", "capability", "fastest", "round_robin", "cheapest"
    ] = "planned",
    dry_run: bool = False,  # noqa: FBT001, FBT002 - a switch in the form of the UI
    only: Literal["all", "failed"] = "all",
    refresh: bool = False,  # noqa: FBT001, FBT002 - a switch in the form of the UI
    environment: Name = "dev",
    version: Version = "",
    plan: PlanId = "",
    goal: Goal | None = None,
) -> str:
    """Run a workload of a project; a run that died is resumed, repeating no finished step.

    Args:
        project: Name of the Project block.
        workload: Name of one of the project's workloads, or a complete workload written here.
        providers: Names of the providers that may be used; none: all.
        strategy: How steps are placed. `planned`: so that the workload ends first, by what history
            expects. `least_loaded`: on the one with least so far. `capability`: on the smallest
            provider that has room. `fastest`, `cheapest`: only on the one that is. `round_robin`: in
            turn.
        dry_run: Show the plan, the plans by other strategies and what would
            change it, and stop there.
        only: Which steps are executed. `all`: every one. `failed`: those that did not succeed in
            the last run of this workload that has ended, those that are new or changed, and those
            that need one of these; of the others, the outcomes of that run are taken.
        refresh: Execute steps that declare `inputs` even where nothing has changed since they
            succeeded, and keep the new outcomes for later runs.
        environment: Name of the Environment block whose variables the steps get.
        version: The version of the project; empty: the one that is live, else its own.
        plan: Id of a stored plan, as a dry run reports it: its order and providers are taken
            again, whatever the strategy; empty: a new plan.
        goal: What a plan minimises, and what it may cost or take; none: what the workload
            says, else the shortest time. Only for `planned`.

    Returns:
        How far off the estimates were; for a dry run, the expected time and the plan's id.
    """
    target = await load_target(project, environment)
    name, spec = chosen_workload(target, workload)
    machines = await load_providers(providers or [])
    with own_ledger() as ledger:
        refuse_impossible_workload(target, name, spec, machines, ledger)
        refuse_other_strategy(goal or spec.goal, strategy)
        again = stored_plan(target, name, plan, ledger)
        former = last_run(target, name, ledger, settings().root) if only == "failed" else None
        target = with_workload(target, name, spec)
        release = await launching.build(target, version, serves=False)
        job = Job(
            target,
            release,
            name,
            spec,
            machines,
            strategy,
            again,
            goal,
            former=former,
            refresh=refresh,
        )
        if dry_run:
            message = told(await plan_only(job, ledger))
            get_run_logger().info("%s", message)
            return remarked(message, message.removesuffix("."), [])
        summary = (await run_workload(job, ledger)).summary
    if not summary.succeeded:
        raise WorkloadFailedError(summary)
    accuracy = estimate_sentence(summary)
    get_run_logger().info(accuracy)
    sentence = f"{name} of {project} {release.version} succeeded: {summary.extent}"
    return remarked(accuracy, sentence, summary.remarks)
