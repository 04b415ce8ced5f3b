"""Splits a workload that its user declared step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from blocks.workload_spec import StepSpec, StepsWorkload
from tasks.errors import BadInputError
from tasks.split.graph import step_graph
from tasks.workload import SplitDecision, Step, StepGraph


def split_steps(
    project: str,
    workload: str,
    spec: StepsWorkload,
    cwd: Path,
    environment: Mapping[str, str],
) -> StepGraph:
    """Return the graph of the declared steps; a string command is executed by ``sh -c``.

    Raises:
        BadInputError: a command is empty, or the steps form no graph (see ``step_graph``).
    """
    steps = [_step(project, workload, item, cwd, environment) for item in spec.steps]
    graph = step_graph(project, workload, steps, SplitDecision(len(steps), ""))
    decision = SplitDecision(len(steps), _reason(graph))
    return StepGraph(project, workload, graph.steps, decision)


def _step(
    project: str, workload: str, spec: StepSpec, cwd: Path, environment: Mapping[str, str]
) -> Step:
    return Step(
        id=spec.id,
        argv=_argv(f"workloads.{workload}.steps.{spec.id}.run", spec.run),
        cwd=cwd,
        history_key=f"{project}/{workload}/{spec.id}",
        needs=tuple(spec.needs),
        when=spec.when,
        demand=spec.demand,
        environment={**environment, **spec.variables},
        timeout_seconds=spec.timeout_seconds,
        retries=spec.retries,
        retry_delay_seconds=spec.retry_delay_seconds,
    )


def _argv(field: str, run: str | list[str]) -> tuple[str, ...]:
    if not run or (isinstance(run, str) and not run.strip()):
        raise BadInputError(field, run, "no command", "Write what it should execute")
    return ("sh", "-c", run) if isinstance(run, str) else tuple(run)


def _reason(graph: StepGraph) -> str:
    level: dict[str, int] = {}
    for step in graph.steps:
        level[step.id] = 1 + max((level[need] for need in step.needs), default=0)
    depth, width = max(level.values()), max(Counter(level.values()).values())
    count = "1 step" if len(level) == 1 else f"{len(level)} steps"
    return f"{count} as declared: the longest chain has {depth}, up to {width} are side by side."
