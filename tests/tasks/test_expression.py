"""`when:` is CEL: checked before anything starts, and only ever true or false."""

from __future__ import annotations

import pytest

from tasks.errors import BadInputError
from tasks.expression import check_expression, holds

VARIABLES = {"steps": {"build": {"succeeded": True, "seconds": 2.5}}, "version": "1.1"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", True),
        ("steps.build.succeeded", True),
        ("steps.build.seconds > 3.0", False),
        ("version.startsWith('1.') && !steps.build.succeeded", False),
    ],
)
def test_evaluates(expression: str, expected: bool) -> None:
    """A wrong answer runs or skips the wrong step."""
    assert holds("when", expression, VARIABLES) is expected


@pytest.mark.parametrize("expression", ["steps.", "a +", "import os", "1 =="])
def test_bad_syntax_is_refused_before_anything_starts(expression: str) -> None:
    """A typo found at run time would have cost the steps before it."""
    with pytest.raises(BadInputError, match=r"steps\.build\.when"):
        check_expression("steps.build.when", expression)


def test_an_empty_expression_is_fine() -> None:
    """Most steps have none."""
    check_expression("when", " ")


@pytest.mark.parametrize("expression", ["nothing.here", "'a' > 1", "version"])
def test_what_is_no_boolean_is_bad_input(expression: str) -> None:
    """Truthiness would hide a mistake."""
    with pytest.raises(BadInputError):
        holds("when", expression, VARIABLES)
