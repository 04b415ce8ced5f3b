"""The variables of expressions about steps and groups of steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks.distribute.dispatch.expression_context import expression_context, variables_of
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.expression import STEP_FIELDS
from tasks.workload import Step
from tests.tasks.planning.fakes import BAD, GOOD

RESULTS = {
    "a": StepResult("a", StepState.SUCCEEDED, outcome=GOOD.model_copy(update={"output": [1]})),
    "b": StepResult("b", StepState.FAILED, outcome=BAD.model_copy(update={"ended_at": 9.0})),
    "c": StepResult("c", StepState.SKIPPED),
}


def test_a_step_tells_how_it_ended_and_what_it_wrote() -> None:
    """A condition would be decided by what is not so."""
    assert expression_context("a", RESULTS, {}) == {
        "succeeded": True,
        "skipped": False,
        "exit_code": 0,
        "seconds": 1.0,
        "output": [1],
    }
    skipped = expression_context("c", RESULTS, {})
    assert (skipped["skipped"], skipped["exit_code"], skipped["output"]) == (True, -1, None)


def test_a_group_is_asked_about_as_a_whole() -> None:
    """One combination that failed would be overlooked."""
    assert expression_context("g", RESULTS, {"g": ["a", "b"]}) == {
        "succeeded": False,
        "skipped": False,
        "exit_code": 3,
        "seconds": 9.0,
        "output": [[1], None],
    }
    assert expression_context("g", RESULTS, {"g": ["h", "h"], "h": ["a"]})["output"] == [
        [[1]],
        [[1]],
    ]
    assert expression_context("g", RESULTS, {"g": ["c"]})["skipped"]


def test_an_empty_list_has_succeeded_and_was_not_skipped() -> None:
    """What follows a list without items would never run."""
    facts = expression_context("g", RESULTS, {"g": []})
    assert (facts["succeeded"], facts["skipped"], facts["output"]) == (True, False, [])


def test_an_expression_sees_the_steps_it_names_and_its_own_combination() -> None:
    """A step of a matrix would be judged by the values of none."""
    step = Step("s", ("true",), Path("/"), "s", matrix=(("os", "linux"),))
    variables = variables_of(step, "steps.a.succeeded", RESULTS, {}, {"project": "p"})
    assert variables["matrix"] == {"os": "linux"}
    assert variables["steps"] == {"a": expression_context("a", RESULTS, {})}
    assert "matrix" not in variables_of(replace(step, matrix=()), "true", RESULTS, {}, {})


def test_what_conditions_may_ask_is_what_is_known() -> None:
    """Broken: a field is refused before a run that there would be in it, or the other way round."""
    assert sorted(expression_context("a", RESULTS, {})) == sorted(STEP_FIELDS)
