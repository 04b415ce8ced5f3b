"""Orders the steps of a workload by their needs, and refuses what cannot be ordered.

Everything wrong with a graph is found here, before anything of it is started.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise

from tasks.errors import BadInputError, NotFoundError
from tasks.expression import check_expression, referenced_steps
from tasks.workload import SplitDecision, Step, StepGraph

WHEN_VARIABLES = ("steps", "project", "environment", "version")


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
    ordered = _topological(field, by_id)
    for step in ordered:
        _check_condition(field, step, by_id)
    return StepGraph(project, workload, tuple(ordered), decision)


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


def _topological(field: str, by_id: Mapping[str, Step]) -> list[Step]:
    open_needs = {step.id: len(set(step.needs)) for step in by_id.values()}
    needed_by: dict[str, list[str]] = {step_id: [] for step_id in by_id}
    for step in by_id.values():
        for need in dict.fromkeys(step.needs):
            needed_by[need].append(step.id)
    queue = deque(step_id for step_id, count in open_needs.items() if not count)
    ordered: list[Step] = []
    while queue:
        ordered.append(by_id[queue.popleft()])
        for follower in needed_by[ordered[-1].id]:
            open_needs[follower] -= 1
            if not open_needs[follower]:
                queue.append(follower)
    if len(ordered) < len(by_id):
        _raise_cycle(field, by_id, {step_id for step_id, count in open_needs.items() if count})
    return ordered


def _raise_cycle(field: str, by_id: Mapping[str, Step], stuck: set[str]) -> None:
    # What is stuck needs something that is stuck, so following such needs must close a cycle.
    path = [next(step_id for step_id in by_id if step_id in stuck)]
    while path[-1] not in path[:-1]:
        path.append(next(need for need in by_id[path[-1]].needs if need in stuck))
    cycle = path[path.index(path[-1]) :]
    links = [f"{step} needs {need}" for step, need in pairwise(cycle)]
    raise BadInputError(
        f"{field}.{cycle[0]}.needs",
        list(by_id[cycle[0]].needs),
        f"the needs form a cycle: {', '.join(links)}",
        "Remove one of these needs",
    )


def _check_condition(field: str, step: Step, by_id: Mapping[str, Step]) -> None:
    check_expression(f"{field}.{step.id}.when", step.when, WHEN_VARIABLES)
    settled = _ancestors(step, by_id) if step.when else set()
    for name in sorted(referenced_steps(step.when) - settled):
        problem = "does not depend on that step" if name in by_id else "names an unknown step"
        raise BadInputError(
            f"{field}.{step.id}.when",
            step.when,
            f"{problem}: {name}",
            f"Name it in {field}.{step.id}.needs; an id with a dash is written steps['my-id']",
        )


def _ancestors(step: Step, by_id: Mapping[str, Step]) -> set[str]:
    found: set[str] = set()
    stack = list(step.needs)
    while stack:
        need = stack.pop()
        if need not in found:
            found.add(need)
            stack.extend(by_id[need].needs)
    return found
