"""The Prefect tasks of distribute: plan a workload, show its plan and explain it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prefect import get_run_logger, task
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.cache_policies import NO_CACHE

from blocks.goal import Goal
from tasks.artifact import artifact_key, one_line
from tasks.distribute.explaining.report import (
    eta_sentence,
    plan_headline,
    plan_sentence,
    plan_summary,
    reuse_sentences,
)
from tasks.distribute.explaining.shown_plan import explained, front_title, rows_and_chart
from tasks.distribute.planned import PlannedWorkload
from tasks.estimates import Estimates
from tasks.picture import picture
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.outlook import with_eta
from tasks.planning.pareto import NOTHING_TO_TRADE
from tasks.planning.planner import plan
from tasks.planning.replay import replay
from tasks.planning.strategy import PLANNED
from tasks.reuse.taken import NOTHING_REUSED, Reuse
from tasks.workload import StepGraph


@task(
    name="distribute",
    task_run_name="distribute {graph.workload}",
    description="Plans which step runs where and in what order",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def distribute(
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    strategy: str = PLANNED,
    again: tuple[str, Plan] | None = None,
    *,
    goal: Goal | None = None,
    reuse: Reuse = NOTHING_REUSED,
) -> Plan:
    """Plan ``graph`` for ``goal``.

    ``again`` is a stored plan and its id: then its order and its providers are used. ``reuse`` is
    what is taken over from former runs, and so is not in ``graph``.

    Raises:
        BadInputError: the strategy is unknown, there is no provider, or a step fits none; the
            goal cannot be kept; or the stored plan is of another graph or fleet.
    """
    if again:
        name, stored = again
        new_plan = await asyncio.to_thread(replay, graph, estimates, fleet, stored, name)
    else:
        new_plan = await asyncio.to_thread(plan, graph, estimates, fleet, strategy, goal=goal)
    for sentence in (plan_sentence(new_plan), *reuse_sentences(reuse)):
        get_run_logger().info("%s", sentence)
    return new_plan


async def show_plan(planned: PlannedWorkload, is_over: Callable[[], bool] = lambda: False) -> Plan:
    """Show the plan as a table and as a chart; return it with the forecast of its end.

    Steps may run meanwhile. Once all have ended, ``is_over`` is true and the forecast is not logged.
    """
    graph, fleet, reuse = planned.to_run, planned.fleet, planned.reuse
    # Side by side, as most of the one is compiled code, which lets other threads run.
    with_end, (rows, chart) = await asyncio.gather(
        asyncio.to_thread(with_eta, graph, planned.estimates, fleet, planned.plan),
        asyncio.to_thread(rows_and_chart, graph, fleet, planned.plan, reuse),
    )
    if with_end.eta and not is_over():
        get_run_logger().info("%s", eta_sentence(with_end.eta))
    headline = one_line(plan_headline(with_end))
    await acreate_table_artifact(
        key=artifact_key("plan", graph.project, graph.workload), table=rows, description=headline
    )
    await acreate_markdown_artifact(
        f"{picture(chart, f'Plan of {graph.workload}')}\n\n{plan_summary(with_end, reuse)}",
        key=artifact_key("plan-chart", graph.project, graph.workload),
        description=headline,
    )
    return with_end


@task(
    name="explain",
    task_run_name="explain {planned.graph.workload}",
    description="Shows what every strategy would make of it, and what would change the plan",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def explain(planned: PlannedWorkload, former: tuple[str, Plan] | None = None) -> None:
    """Show the plans of all strategies as a table, and what would change the plan as Markdown.

    Where providers have unequal prices, the Pareto front of cost and makespan is shown too.
    ``former`` is an earlier plan of the same workload and its id.
    """
    graph = planned.to_run
    explanation = await asyncio.to_thread(
        explained, graph, planned.estimates, planned.fleet, planned.plan, former
    )
    await acreate_table_artifact(
        key=artifact_key("strategies", graph.project, graph.workload),
        table=explanation.strategies,
        description=one_line(f"Plans of {graph.workload} by each strategy"),
    )
    await acreate_markdown_artifact(
        explanation.what_if,
        key=artifact_key("what-if", graph.project, graph.workload),
        description=one_line(f"What would change the plan of {graph.workload}"),
    )
    if not explanation.front:
        get_run_logger().info(NOTHING_TO_TRADE)
        return
    title = front_title(graph)
    await acreate_table_artifact(
        key=artifact_key("pareto", graph.project, graph.workload),
        table=explanation.front,
        description=one_line(title),
    )
    await acreate_markdown_artifact(
        picture(explanation.front_chart, title),
        key=artifact_key("pareto-chart", graph.project, graph.workload),
        description=one_line(title),
    )
