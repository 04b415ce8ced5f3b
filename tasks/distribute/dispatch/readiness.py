"""Readiness: which steps can start, and which never will. Pure but for the frontier's counts.

A step runs when all that it needs has succeeded and its `when` holds. A need that its `when`
names is left to that expression, so that a step can run *because* another one failed:
`needs: [test], when: "!steps.test.succeeded"`. Of the other needs, one that failed means that the
step is not run, and one that was skipped that it is skipped as well.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasks.distribute.dispatch.expression_context import Members, variables_of
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.errors import BadInputError
from tasks.expression import holds, referenced_steps
from tasks.workload import Step, StepGraph


class Frontier:
    """The number of needs that each step still waits for."""

    def __init__(self, graph: StepGraph) -> None:
        self._open = {step.id: len(set(step.needs)) for step in graph.steps}
        self._followers: dict[str, list[str]] = {step.id: [] for step in graph.steps}
        for step in graph.steps:
            for need in dict.fromkeys(step.needs):
                self._followers[need].append(step.id)

    def initial(self) -> list[str]:
        """Return the steps without needs."""
        return [step_id for step_id, count in self._open.items() if not count]

    def settle(self, step_id: str) -> list[str]:
        """Note that ``step_id`` has ended, and return the steps whose last need it was."""
        ready = []
        for follower in self._followers[step_id]:
            self._open[follower] -= 1
            if not self._open[follower]:
                ready.append(follower)
        return ready


def judge(
    step: Step,
    results: Mapping[str, StepResult],
    members: Members,
    variables: Mapping[str, object],
) -> StepResult | None:
    """Return why ``step``, all of whose needs have ended, does not run; None when it does.

    ``members`` are the steps of each group, ``variables`` those of its `when` beside ``steps``.
    """
    named = set(referenced_steps(step.when))
    named.update(member for name in tuple(named) for member in members.get(name, ()))
    for need in step.needs:
        if need not in named and not results[need].succeeded:
            return _without(step, results[need])
    field = f"steps.{step.id}.when"
    try:
        runs = holds(field, step.when, variables_of(step, step.when, results, members, variables))
    except BadInputError as error:
        # What it asks of a need that did not succeed, e.g. its output, may not be there.
        if unmet := next((each for each in step.needs if not results[each].succeeded), None):
            return _without(step, results[unmet])
        return StepResult(step.id, StepState.FAILED, str(error))
    return None if runs else StepResult(step.id, StepState.SKIPPED, f"{step.when} is false")


def _without(step: Step, need: StepResult) -> StepResult:
    skipped = need.state is StepState.SKIPPED
    state = StepState.SKIPPED if skipped else StepState.NOT_RUN
    became = {StepState.NOT_RUN: "was not run", StepState.FAILED: "failed"}
    how = became.get(need.state, f"was {need.state.value}")
    return StepResult(step.id, state, f"needs {need.step}, which {how}")
