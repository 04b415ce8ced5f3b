"""The `when:` of a step: Common Expression Language, never eval."""

from __future__ import annotations

from collections.abc import Mapping

import cel

from tasks.errors import BadInputError


def check_expression(field: str, expression: str) -> None:
    """Raise BadInputError where ``expression`` is not CEL; an empty one is always true."""
    if not expression.strip():
        return
    try:
        cel.compile(expression)
    except ValueError as error:
        raise BadInputError(
            field, expression, f"no CEL expression ({error})", "Write e.g. steps.build.succeeded"
        ) from error


def holds(field: str, expression: str, variables: Mapping[str, object]) -> bool:
    """Evaluate ``expression`` over ``variables``; anything but a boolean is bad input."""
    if not expression.strip():
        return True
    try:
        result = cel.evaluate(expression, dict(variables))
    except (ValueError, RuntimeError, TypeError) as error:
        known = ", ".join(sorted(variables))
        raise BadInputError(
            field, expression, f"cannot be evaluated ({error})", f"It may use: {known}"
        ) from error
    if not isinstance(result, bool):
        raise BadInputError(
            field, expression, f"is {result!r}, neither true nor false", "Compare it, e.g. with =="
        )
    return result
