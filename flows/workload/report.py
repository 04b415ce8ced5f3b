"""Shows a workload's result as artifacts: a report, and a chart of planned and actual times."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from prefect.artifacts import acreate_markdown_artifact

from tasks.artifact import artifact_key, one_line
from tasks.distribute.dispatch.results import StepResult
from tasks.distribute.explaining.gantt import bars_of_plan, bars_of_results, gantt
from tasks.observe.summary import WorkloadSummary, workload_markdown
from tasks.picture import picture
from tasks.plan import Plan


async def show_workload(
    plan: Plan, results: Mapping[str, StepResult], summary: WorkloadSummary
) -> None:
    """Show ``summary`` as an artifact, and as another the chart of what happened."""
    end = "succeeded" if summary.succeeded else "failed"
    await acreate_markdown_artifact(
        workload_markdown(summary),
        key=artifact_key("workload", plan.project, plan.workload),
        description=one_line(f"{summary.workload} {end}: steps by provider, planned and actual"),
    )
    charts = [
        (f"Plan of {plan.workload}", bars_of_plan(plan)),
        ("What happened", bars_of_results(results, plan.critical_path)),
    ]
    chart = await asyncio.to_thread(gantt, charts)
    await acreate_markdown_artifact(
        picture(chart, f"{plan.workload}, planned and actual"),
        key=artifact_key("actual-chart", plan.project, plan.workload),
        description=one_line(f"Steps of {plan.workload} by provider and time, planned and actual"),
    )
