"""The split of a workload that its user declared step by step."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from blocks.workload_spec import StepSpec, StepsWorkload
from tasks.command_text import shell_text
from tasks.errors import BadInputError
from tasks.expression import depends_only_on, holds, referenced_matrix
from tasks.placeholder import fill_matrix, refuse_unsafe_item
from tasks.split.graph import step_graph
from tasks.split.matrix import Combination, combinations
from tasks.workload import SplitDecision, Step, StepGraph


def split_steps(
    project: str,
    workload: str,
    spec: StepsWorkload,
    cwd: Path,
    environment: Mapping[str, str],
) -> StepGraph:
    """Return the graph of the declared steps; a string command is executed by the shell.

    A step with a matrix becomes one step a combination; a need on it is a need on all of them.
    Combinations that a `when` over the matrix alone excludes do not exist.

    Raises:
        BadInputError: a command is empty, a matrix or a value filled in from it is wrong, or the
            steps form no graph (see ``step_graph``).
    """
    field = f"workloads.{workload}.steps"
    families = {
        spec_step.id: _combinations(f"{field}.{spec_step.id}", spec_step)
        for spec_step in spec.steps
    }
    members = {
        step_id: tuple(combination.member(step_id) for combination in family)
        for step_id, family in families.items()
    }
    steps = [
        _step(
            f"{project}/{workload}",
            f"{field}.{spec_step.id}",
            spec_step if spec_step.shell else spec_step.model_copy(update={"shell": spec.shell}),
            combination,
            members,
            cwd=cwd,
            environment=environment,
        )
        for spec_step in spec.steps
        for combination in families[spec_step.id]
    ]
    graph = step_graph(project, workload, steps, SplitDecision(len(steps), ""))
    decision = SplitDecision(len(steps), _reason(graph, len(spec.steps)))
    return StepGraph(project, workload, graph.steps, decision)


def _combinations(field: str, spec: StepSpec) -> list[Combination]:
    """Return the combinations of a step without those that a `when` over the matrix excludes."""
    every = combinations(f"{field}.matrix", spec.matrix)
    if not _by_matrix_alone(spec):
        return every
    selected = [
        combination
        for combination in every
        if holds(f"{field}.when", spec.when, {"matrix": combination.values})
    ]
    if not selected:
        problem = "leaves out every combination of the matrix"
        raise BadInputError(f"{field}.when", spec.when, problem, "Keep at least one")
    return selected


def _by_matrix_alone(spec: StepSpec) -> bool:
    names = referenced_matrix(spec.when)
    return names <= spec.matrix.keys() and depends_only_on("matrix", spec.when)


def _step(
    history: str,
    field: str,
    spec: StepSpec,
    combination: Combination,
    members: Mapping[str, Sequence[str]],
    *,
    cwd: Path,
    environment: Mapping[str, str],
) -> Step:
    values, own_id = combination.values, combination.member(spec.id)
    return Step(
        id=own_id,
        argv=_filled(field, _argv(field, spec), values),
        cwd=cwd,
        history_key=f"{history}/{own_id}",
        needs=tuple(_needs(field, spec, combination, members)),
        when="" if _by_matrix_alone(spec) else spec.when,
        demand=spec.demand,
        environment={
            **environment,
            **{
                name: fill_matrix(f"{field}.variables.{name}", value, values)
                for name, value in spec.variables.items()
            },
        },
        timeout_seconds=spec.timeout_seconds,
        retries=spec.retries,
        retry_delay_seconds=spec.retry_delay_seconds,
        auto=tuple(spec.auto),
        foreach=spec.foreach,
        expected_seconds=spec.expected_seconds,
        inputs=tuple(spec.inputs),
        group=spec.id if spec.matrix else "",
        matrix=tuple(values.items()),
    )


def _filled(
    field: str, argv: Sequence[str], values: Mapping[str, str | int | bool]
) -> tuple[str, ...]:
    """Return the command of one combination."""
    filled = tuple(fill_matrix(f"{field}.run", word, values) for word in argv)
    if not filled[0].strip():
        problem = "its first word is empty, and names the program"
        raise BadInputError(f"{field}.run", argv[0], problem, "Write what it should execute")
    return filled


def _argv(field: str, spec: StepSpec) -> tuple[str, ...]:
    run = spec.run
    if not run or (isinstance(run, str) and not run.strip()):
        raise BadInputError(f"{field}.run", run, "no command", "Write what it should execute")
    argv = (*_shell(field, spec), "-c", run) if isinstance(run, str) else tuple(run)
    if spec.foreach:
        refuse_unsafe_item(f"{field}.run", argv)
    return argv


def _shell(field: str, spec: StepSpec) -> list[str]:
    try:
        words = shlex.split(spec.shell)
    except ValueError:
        words = []
    if not words:
        raise BadInputError(f"{field}.shell", spec.shell, "is not a shell", "Write e.g. sh -e")
    if spec.foreach and "{item" in spec.run and shell_text([*words, "-c", ""]) is None:
        problem = "its quoting is unknown, so {item} cannot be filled in"
        raise BadInputError(f"{field}.shell", spec.shell, problem, "Use sh, bash or $SLIPWAY_ITEM")
    return words


def _needs(
    field: str, spec: StepSpec, combination: Combination, members: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    for need in spec.needs:
        name = fill_matrix(f"{field}.needs", need, combination.labels)
        yield from members.get(name, (name,))


def _reason(graph: StepGraph, declared: int) -> str:
    level: dict[str, int] = {}
    for step in graph.steps:
        level[step.id] = 1 + max((level[need] for need in step.needs), default=0)
    depth, width = max(level.values()), max(Counter(level.values()).values())
    count = "1 step" if len(level) == 1 else f"{len(level)} steps"
    how = "as declared" if len(level) == declared else f"of {declared} declared, by their matrix"
    later = sum(bool(step.foreach) for step in graph.steps)
    grows = f" {later} of them will be one step for each item of a list." if later else ""
    return f"{count} {how}: the longest chain has {depth}, up to {width} are side by side.{grows}"
