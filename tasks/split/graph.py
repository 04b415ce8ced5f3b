"""The graph of a workload's steps in topological order, or the refusal of an invalid one.

Every error of a graph is found here, before any step of it is started.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from tasks.errors import BadInputError, NotFoundError
from tasks.expression import (
    check_expression,
    check_list,
    referenced_matrix,
    referenced_steps,
    refuse_unknown_fields,
)
from tasks.split.network import Ancestry, Network, cycle, network, topological
from tasks.workload import MAX_ITEMS, SplitDecision, Step, StepGraph

WHEN_VARIABLES = ("steps", "project", "environment", "version")
# Of a longer cycle, the steps in the middle are only counted.
_NAMED = 50


def step_graph(
    project: str, workload: str, steps: Sequence[Step], decision: SplitDecision
) -> StepGraph:
    """Return the graph of ``steps`` in topological order, else in the given order.

    Raises:
        BadInputError: an id is given twice, a need is unknown, the needs form a cycle (named step
            by step), or a `when` or `foreach` is not an expression, or names an unknown variable
            or a step that it does not depend on.
    """
    field = f"workloads.{workload}.steps"
    by_id = _unique(field, steps)
    groups = {step.group for step in steps if step.group}
    for step in steps:
        _refuse_unknown_needs(field, step, by_id, groups)
    net = network(steps)
    ordered = topological(net)
    if len(ordered) < len(steps):
        _raise_cycle(field, steps, [steps[index].id for index in cycle(net, ordered)])
    _check_expressions(field, steps, net, ordered)
    return StepGraph(project, workload, tuple(steps[index] for index in ordered), decision)


def _unique(field: str, steps: Sequence[Step]) -> dict[str, Step]:
    by_id: dict[str, Step] = {}
    for step in steps:
        if step.id in by_id:
            raise BadInputError(field, step.id, "this id is given twice", "Rename one of them")
        by_id[step.id] = step
    return by_id


def _refuse_unknown_needs(
    field: str, step: Step, by_id: Mapping[str, Step], groups: set[str]
) -> None:
    for need in step.needs:
        if need not in by_id:
            names = [*by_id, *groups]
            raise NotFoundError(
                f"{field}.{step.id}.needs", need, names, "Name a step of this workload"
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


def _expressions(step: Step) -> Iterator[tuple[str, str]]:
    if step.when:
        yield "when", step.when
    if step.foreach:
        yield "foreach", step.foreach


def _check_expressions(
    field: str, steps: Sequence[Step], net: Network, ordered: Sequence[int]
) -> None:
    numbers = defaultdict(list, {step_id: [number] for step_id, number in net.number.items()})
    for step in steps:
        if step.group:
            numbers[step.group].append(net.number[step.id])
    named_steps: dict[int, set[int]] = {}
    for step in steps:
        for key, expression in _expressions(step):
            place = f"{field}.{step.id}.{key}"
            for name in _check(place, key, expression, step):
                if name not in numbers:
                    raise _not_settled(place, expression, name, "names an unknown step")
                named_steps.setdefault(net.number[step.id], set()).update(numbers[name])
    settled = Ancestry(net, ordered).depends(named_steps)
    for index, targets in named_steps.items():
        for other in sorted(targets - settled[index]):
            _raise_unsettled(field, steps[index], net.ids[other], numbers, other)


def _check(place: str, key: str, expression: str, step: Step) -> list[str]:
    """Return the steps that an expression names, in alphabetical order."""
    variables = (*WHEN_VARIABLES, "matrix") if step.matrix else WHEN_VARIABLES
    check_expression(place, expression, variables)
    for name in sorted(referenced_matrix(expression) - dict(step.matrix).keys()):
        names_known = ", ".join(name for name, _ in step.matrix)
        problem = f"names matrix.{name}, which is not known"
        raise BadInputError(
            place, expression, problem, f"The matrix has {names_known or 'nothing'}"
        )
    refuse_unknown_fields(place, expression)
    names = sorted(referenced_steps(expression))
    if key == "foreach":
        check_list(place, expression, names, MAX_ITEMS)
    return names


def _raise_unsettled(
    field: str, step: Step, other: str, numbers: Mapping[str, Sequence[int]], number: int
) -> None:
    for key, expression in _expressions(step):
        for name in sorted(referenced_steps(expression)):
            if number in numbers[name]:
                shown_name = name if name == other else f"{other} of {name}"
                place = f"{field}.{step.id}.{key}"
                raise _not_settled(place, expression, shown_name, "does not depend on that step")


def _not_settled(place: str, expression: str, name: str, problem: str) -> BadInputError:
    needs = f"{place.rpartition('.')[0]}.needs"
    return BadInputError(
        place,
        expression,
        f"{problem}: {name}",
        f"Name it in {needs}; an id with a dash is written steps['my-id']",
    )
