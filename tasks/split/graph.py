"""Orders the steps of a workload by their needs, and refuses what cannot be ordered.

Everything wrong with a graph is found here, before anything of it is started.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from tasks.errors import BadInputError, NotFoundError
from tasks.expression import check_expression, referenced_steps
from tasks.split.network import Ancestry, Network, cycle, network, topological
from tasks.workload import SplitDecision, Step, StepGraph

WHEN_VARIABLES = ("steps", "project", "environment", "version")
# Of a longer cycle, what stands in the middle is counted.
_NAMED = 50


def step_graph(
    project: str, workload: str, steps: Sequence[Step], decision: SplitDecision
) -> StepGraph:
    """Return the graph of ``steps`` in topological order, otherwise as they were given.

    Raises:
        BadInputError: an id is given twice, a need is unknown, the needs form a cycle (named step
            by step), or a `when` is no expression or names a step that it does not depend on.
    """
    field = f"workloads.{workload}.steps"
    by_id = _unique(field, steps)
    for step in steps:
        _refuse_unknown_needs(field, step, by_id)
    net = network(steps)
    ordered = topological(net)
    if len(ordered) < len(steps):
        _raise_cycle(field, steps, [steps[index].id for index in cycle(net, ordered)])
    _check_conditions(field, [step for step in steps if step.when], net, ordered)
    return StepGraph(project, workload, tuple(steps[index] for index in ordered), decision)


def _unique(field: str, steps: Sequence[Step]) -> dict[str, Step]:
    by_id: dict[str, Step] = {}
    for step in steps:
        if step.id in by_id:
            raise BadInputError(field, step.id, "this id is given twice", "Rename one of them")
        by_id[step.id] = step
    return by_id


def _refuse_unknown_needs(field: str, step: Step, by_id: Mapping[str, Step]) -> None:
    for need in step.needs:
        if need not in by_id:
            raise NotFoundError(
                f"{field}.{step.id}.needs", need, list(by_id), "Name a step of this workload"
            )


def _raise_cycle(field: str, steps: Sequence[Step], ids: Sequence[str]) -> None:
    links = [f"{step} needs {need}" for step, need in pairwise(ids)]
    if len(links) > _NAMED:
        half = _NAMED // 2
        links[half:-half] = [f"({len(links) - 2 * half} more)"]
    raise BadInputError(
        f"{field}.{ids[0]}.needs",
        next(list(step.needs) for step in steps if step.id == ids[0]),
        f"the needs form a cycle: {', '.join(links)}",
        "Remove one of these needs",
    )


def _check_conditions(
    field: str, steps: Sequence[Step], net: Network, ordered: Sequence[int]
) -> None:
    named: dict[int, list[int]] = {}
    for step in steps:
        check_expression(f"{field}.{step.id}.when", step.when, WHEN_VARIABLES)
        names = sorted(referenced_steps(step.when))
        for name in names:
            if name not in net.number:
                raise _not_settled(field, step, name, "names an unknown step")
        named[net.number[step.id]] = [net.number[name] for name in names]
    settled = Ancestry(net, ordered).depends(named)
    for step in steps:
        index = net.number[step.id]
        for other in named[index]:
            if other not in settled[index]:
                raise _not_settled(field, step, net.ids[other], "does not depend on that step")


def _not_settled(field: str, step: Step, name: str, problem: str) -> BadInputError:
    return BadInputError(
        f"{field}.{step.id}.when",
        step.when,
        f"{problem}: {name}",
        f"Name it in {field}.{step.id}.needs; an id with a dash is written steps['my-id']",
    )
