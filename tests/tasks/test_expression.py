"""Tests of the expressions of steps."""

from __future__ import annotations

import pytest

from tasks.errors import BadInputError
from tasks.expression import (
    check_expression,
    check_list,
    depends_only_on,
    holds,
    listed,
    referenced_matrix,
    referenced_steps,
)

STEPS = {"steps": {"a": {"succeeded": True, "exit_code": 0, "seconds": 4.0}}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("", True),
        ("steps.a.succeeded", True),
        ("!steps['a'].succeeded", False),
        ("steps.a.seconds > 3 && steps.a.exit_code == 0", True),
    ],
)
def test_an_expression_holds_or_not(expression: str, value: bool) -> None:
    """A step would run, or be skipped, against its condition."""
    assert holds("when", expression, STEPS) is value


@pytest.mark.parametrize("expression", ["steps.b.succeeded", "1 / 0 > 1", "steps.a.exit_code"])
def test_what_cannot_be_decided_is_bad_input(expression: str) -> None:
    """An exception of the CEL library would stop the whole workload."""
    with pytest.raises(BadInputError):
        holds("when", expression, STEPS)


def test_names_in_strings_are_no_references() -> None:
    """A literal would be refused as an unknown step."""
    expression = "project == 'steps.x' || steps.b_1.succeeded || steps[\"c-d\"].exit_code == 0"
    assert referenced_steps(expression) == {"b_1", "c-d"}


def test_unknown_variables_are_named_before_anything_starts() -> None:
    """A typo would fail in the middle of a run."""
    check_expression("when", "project == 'x'", ["project"])
    with pytest.raises(BadInputError, match="names projct"):
        check_expression("when", "projct == 'x'", ["project"])


def test_names_that_a_comprehension_binds_are_known() -> None:
    """A list could not be filtered."""
    check_expression("foreach", "steps.a.output.filter(f, f != '').map(g, g + '!')", ["steps"])
    with pytest.raises(BadInputError, match="names h"):
        check_expression("foreach", "steps.a.output.filter(f, h != '')", ["steps"])


def test_a_matrix_is_told_from_steps() -> None:
    """A name of one would be looked for in the other."""
    expression = "matrix.os == 'x' && steps.a.succeeded && matrix['py'] == 'matrix.z'"
    assert referenced_matrix(expression) == {"os", "py"}
    assert referenced_steps(expression) == {"a"}
    assert depends_only_on("matrix", "[1].all(n, n < matrix.n)")
    assert not depends_only_on("matrix", expression)


OUTPUT = {
    "steps": {
        "a": {"output": [{"f": 1}, "b", None, 2.5, [True]]},
        "n": {"output": 3},
        "none": {"output": None},
    }
}


def test_a_list_is_one_of_json_values() -> None:
    """An item would be something that no command can be given."""
    assert listed("foreach", "steps.a.output", OUTPUT, 9) == [{"f": 1}, "b", None, 2.5, [True]]
    assert listed("foreach", "[]", OUTPUT, 9) == []


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("steps.n.output", "is 3, not a list"),
        ("steps.none.output", r"is null, as nothing was written there .*\$SLIPWAY_OUTPUT"),
        ("steps.b.output", "cannot be evaluated"),
        ("steps.a.output", "has 5 items, and may have 4"),
        ("[b'x']", "is not valid JSON"),
    ],
)
def test_what_is_no_such_list_is_bad_input(expression: str, problem: str) -> None:
    """The workload would fail without saying which expression was wrong."""
    with pytest.raises(BadInputError, match=problem):
        listed("foreach", expression, OUTPUT, 4)


def test_what_can_never_be_a_list_is_refused_at_once() -> None:
    """A user would read of it after the first steps have run for an hour."""
    check_list("foreach", "steps.a.output", ["a"], 9)
    check_list("foreach", "steps.a.succeeded ? ['x'] : []", ["a"], 9)
    check_list("foreach", "steps.a.seconds > 5.0 ? [1] : [1 / 0]", ["a"], 9)
    with pytest.raises(BadInputError, match="is True, not a list"):
        check_list("foreach", "steps.a.succeeded", ["a"], 9)
    with pytest.raises(BadInputError, match="has 3 items"):
        check_list("foreach", "[1, 2, 3]", [], 2)
