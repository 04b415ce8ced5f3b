"""The variables of an expression: the results of steps and of groups of steps; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.expression import referenced_steps
from tasks.workload import Step

Facts = dict[str, object]
Members = Mapping[str, Sequence[str]]
"""The ids of the steps of each group, in order: of a matrix, or of the items of a list."""


def variables_of(
    step: Step,
    expression: str,
    results: Mapping[str, StepResult],
    members: Members,
    variables: Mapping[str, object],
) -> dict[str, object]:
    """Return the variables of an ``expression`` of ``step``, all of whose needs have ended."""
    named = [name for name in referenced_steps(expression) if name in results or name in members]
    matrix: dict[str, object] = {"matrix": dict(step.matrix)} if step.matrix else {}
    return {
        **variables,
        **matrix,
        "steps": {name: expression_context(name, results, members) for name in named},
    }


def expression_context(name: str, results: Mapping[str, StepResult], members: Members) -> Facts:
    """Return the facts about a step, or those about a group as a whole."""
    if name in members:
        return _together([expression_context(member, results, members) for member in members[name]])
    result = results[name]
    outcome = result.outcome
    code = outcome.exit_code if outcome else None
    return {
        "succeeded": result.succeeded,
        "skipped": result.state is StepState.SKIPPED,
        "exit_code": -1 if code is None else code,
        "seconds": outcome.seconds if outcome else 0.0,
        "output": outcome.output if outcome else None,
    }


def _together(parts: Sequence[Facts]) -> Facts:
    """Join facts: the first bad exit code, the longest time, the outputs as a list."""
    return {
        "succeeded": all(part["succeeded"] for part in parts),
        "skipped": bool(parts) and all(part["skipped"] for part in parts),
        "exit_code": next((part["exit_code"] for part in parts if part["exit_code"]), 0),
        "seconds": max((float(str(part["seconds"])) for part in parts), default=0.0),
        "output": [part["output"] for part in parts],
    }
