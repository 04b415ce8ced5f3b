"""The `when:` of a step: Common Expression Language, never eval."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

import cel

from tasks.errors import BadInputError

_STEP = re.compile(
    r"""\bsteps \s* (?: \. \s* (?P<name>[A-Za-z_]\w*)
                     | \[ \s* (?P<quote>['"]) (?P<key>.*?) (?P=quote) \s* \] )
      | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )""",
    re.VERBOSE,
)


_SYNTAX = re.compile(
    r"<input>:\d+:(?P<column>\d+): .*?(?:input|at:) (?P<what>.*?)(?: expecting |\n|$)"
)


def referenced_steps(expression: str) -> frozenset[str]:
    """Return the ids that ``expression`` names as ``steps.<id>`` or ``steps['<id>']``."""
    found = (match["name"] or match["key"] for match in _STEP.finditer(expression))
    return frozenset(step for step in found if step)


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


def check_expression(field: str, expression: str, variables: Collection[str] | None = None) -> None:
    """Raise BadInputError where ``expression`` is not CEL; an empty one is always true.

    Where ``variables`` are given, it may name no others.
    """
    if not expression.strip():
        return
    try:
        program = _compiled(expression)
    except ValueError as error:
        raise BadInputError(
            field,
            expression,
            f"no CEL expression, {_complaint(str(error))}",
            "Write e.g. steps.build.succeeded",
        ) from error
    _refuse_unknown(field, expression, program, variables)


def _complaint(said: str) -> str:
    """Return what the parser met and where; without all that it would have taken instead."""
    met = _SYNTAX.search(said)
    if not met:
        return said.partition("\n")[0]
    what = met["what"].replace("'<EOF>'", "its end")
    return f"unexpected at character {met['column']}: {what}"


def _refuse_unknown(
    field: str, expression: str, program: cel.Program, variables: Collection[str] | None
) -> None:
    # A comprehension binds names of its own, which CEL lists among the variables.
    if variables is None or "@not_strictly_false" in program.functions():
        return
    unknown = sorted(set(program.variables()) - set(variables))
    if unknown:
        known = ", ".join(sorted(variables))
        raise BadInputError(
            field,
            expression,
            f"names {', '.join(unknown)}, which is not known",
            f"It may use {known}; a step id with a dash is written steps['my-id']",
        )


def holds(field: str, expression: str, variables: Mapping[str, object]) -> bool:
    """Evaluate ``expression`` over ``variables``; anything but a boolean is bad input."""
    if not expression.strip():
        return True
    try:
        result = cel.evaluate(expression, dict(variables))
    except (ValueError, RuntimeError, TypeError, LookupError, ArithmeticError) as error:
        known = ", ".join(sorted(variables))
        raise BadInputError(
            field, expression, f"cannot be evaluated ({error})", f"It may use: {known}"
        ) from error
    if not isinstance(result, bool):
        raise BadInputError(
            field, expression, f"is {result!r}, neither true nor false", "Compare it, e.g. with =="
        )
    return result
