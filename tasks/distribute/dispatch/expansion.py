"""Expansion of a step with `foreach` into one step for each item, when its list is known; pure.

The same items always give the same steps under the same ids, whatever their order, so that a
resumed workload finds the steps that it had begun.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic import JsonValue

from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.expression import listed
from tasks.label import labels, written
from tasks.placeholder import fill_item
from tasks.workload import MAX_ITEMS, Step

_NAMED = 5


def expand(step: Step, variables: Mapping[str, object]) -> tuple[Step, ...]:
    """Return one step for each item of the list that ``step.foreach`` gives over ``variables``.

    Raises:
        BadInputError: It gives no list or one of more than ``MAX_ITEMS``, or an item lacks a key
            that the command names.
    """
    items = listed(f"steps.{step.id}.foreach", step.foreach, variables, MAX_ITEMS)
    return tuple(
        _of_item(step, item, f"{step.id}[{label}]")
        for item, label in zip(items, labels(items), strict=True)
    )


def _of_item(step: Step, item: JsonValue, own_id: str) -> Step:
    return replace(
        step,
        id=own_id,
        argv=fill_item(f"steps.{step.id}.run", step.argv, item),
        environment={**step.environment, "SLIPWAY_ITEM": written(item)},
        group=step.id,
        when="",
        foreach="",
    )


def joined(step_id: str, parts: Sequence[StepResult]) -> StepResult:
    """Return the result of a step whose items have all ended; without items it succeeds."""
    failed = [part.step for part in parts if not part.harmless]
    if not failed:
        return StepResult(step_id, StepState.SUCCEEDED, parts=len(parts))
    more = f" and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
    detail = f"failed: {len(failed)} of {len(parts)}: {', '.join(failed[:_NAMED])}{more}"
    return StepResult(step_id, StepState.FAILED, detail, parts=len(parts))
