"""The conditions of steps."""

from __future__ import annotations

import pytest

from tasks.errors import BadInputError
from tasks.expression import check_expression, holds, referenced_steps

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
