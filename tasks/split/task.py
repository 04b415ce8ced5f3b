"""The Prefect task of split: split a workload into steps, and show the decision."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

from blocks.workload_spec import PytestWorkload, SplittableSpec
from tasks.artifact import artifact_key, one_line
from tasks.cancellation import in_thread
from tasks.estimates import Estimates
from tasks.narration import narrated
from tasks.plan import FleetSnapshot
from tasks.split.collect import collect
from tasks.split.declared import split_steps
from tasks.split.record import keep_graph, kept_graph
from tasks.split.report import split_report
from tasks.split.suite import item_key, split_pytest, startup_key
from tasks.workload import StepGraph


@task(
    name="split",
    task_run_name="split {workload}",
    description="Cuts a workload into steps, and explains the cut",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def split(
    project: str,
    workload: str,
    spec: SplittableSpec,
    *,
    cwd: Path,
    python: Path,
    environment: Mapping[str, str],
    fleet: FleetSnapshot,
    estimates: Callable[[Collection[str]], Estimates],
    record: Path,
    passed: Collection[str] = (),
    source: str = "",
) -> StepGraph:
    """Split the workload and show the decision as an artifact.

    ``python`` is the interpreter of the release, ``estimates`` reads the estimates of keys.
    ``record`` is the file of the split: a resumed workload gets the same steps again. ``passed``
    are the ids of tests that succeeded in the run ``source`` and are left out.

    Raises:
        BadInputError: the steps form no graph, or the suite cannot be collected.
    """

    def decide() -> StepGraph:
        """Return the recorded split, or make one and record it."""
        if recorded := kept_graph(record, environment):
            return recorded
        if isinstance(spec, PytestWorkload):
            collected = collect(workload, spec, cwd, python, environment)
            tests = [test for test in collected if test.id not in set(passed)]
            keys = [item_key(project, workload, test.id) for test in tests]
            graph = split_pytest(
                project,
                workload,
                spec,
                tests,
                estimates([startup_key(project, workload), *keys]),
                lanes=fleet.lane_speeds(spec.demand),
                cwd=cwd,
                python=python,
                environment=environment,
                left_out=len(collected) - len(tests),
                source=source,
            )
        else:
            graph = split_steps(project, workload, spec, cwd, environment)
        keep_graph(record, graph, environment)
        return graph

    def decided() -> tuple[StepGraph, str]:
        """Return the split and its report."""
        graph = decide()
        return graph, split_report(graph, estimates([step.history_key for step in graph.steps]))

    async with narrated(get_run_logger().info):
        graph, report = await in_thread(decided)
    get_run_logger().info("%s", graph.decision.reason)
    await acreate_markdown_artifact(
        key=artifact_key("split", project, workload),
        markdown=report,
        description=one_line(f"How {workload} of {project} is split, and why"),
    )
    return graph
