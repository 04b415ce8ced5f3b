"""Checks and evaluates `when:` and `foreach:` of steps: Common Expression Language, never eval."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import lru_cache
from reprlib import Repr

from pydantic import JsonValue

from tasks.errors import BadInputError
from tasks.expression_language import cel

_NAMED = re.compile(
    r"""\b(?P<root>steps|matrix) \s* (?: \. \s* (?P<name>[A-Za-z_]\w*)
                     | \[ \s* (?P<quote>['"]) (?P<key>.*?) (?P=quote) \s* \] )
      | (?P<string> "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' )""",
    re.VERBOSE,
)
_FIELD = re.compile(
    r"""\s* (?: \. \s* (?P<name>[A-Za-z_]\w*) (?! \w | \s*\( )
             | \[ \s* (?P<quote>['"]) (?P<key>.*?) (?P=quote) \s* \] )""",
    re.VERBOSE,
)
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,")
_FAULTS = (ValueError, RuntimeError, TypeError, LookupError, ArithmeticError)
_SHOWN = Repr()
_SHOWN.maxstring = _SHOWN.maxother = 80

_SYNTAX = re.compile(
    r"<input>:\d+:(?P<column>\d+): .*?(?:input|at:) (?P<what>.*?)(?: expecting |\n|$)"
)

STEP_FIELDS = ("exit_code", "output", "seconds", "skipped", "succeeded")
"""The fields of a step that an expression may use."""


def refuse_unknown_fields(field: str, expression: str) -> None:
    """Raise BadInputError if ``expression`` uses a field of a step that is not in STEP_FIELDS."""
    for match in _NAMED.finditer(expression):
        access = _FIELD.match(expression, match.end()) if match["root"] == "steps" else None
        name = (access["name"] or access["key"]) if access else STEP_FIELDS[0]
        if name not in STEP_FIELDS:
            close = get_close_matches(name, STEP_FIELDS, n=1)
            suggestion = f"Did you mean {close[0]!r}? " if close else ""
            step = match["name"] or match["key"]
            problem = f"asks {step} for {name!r}, which no step has"
            remedy = f"{suggestion}A step has {', '.join(STEP_FIELDS)}"
            raise BadInputError(field, expression, problem, remedy)


def referenced_steps(expression: str) -> frozenset[str]:
    """Return the ids that ``expression`` names as ``steps.<id>`` or ``steps['<id>']``."""
    return _referenced("steps", expression)


def referenced_matrix(expression: str) -> frozenset[str]:
    """Return the names that ``expression`` uses as ``matrix.<name>`` or ``matrix['<name>']``."""
    return _referenced("matrix", expression)


def _referenced(root: str, expression: str) -> frozenset[str]:
    names = (m["name"] or m["key"] for m in _NAMED.finditer(expression) if m["root"] == root)
    return frozenset(name for name in names if name)


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> cel.Program:
    return cel.compile(expression)


def depends_only_on(variable: str, expression: str) -> bool:
    """Tell whether ``expression`` is valid and uses only that variable."""
    try:
        used = set(_compiled(expression).variables())
    except ValueError:
        return False
    return used - set(_BOUND.findall(expression)) == {variable}


def check_expression(field: str, expression: str, variables: Collection[str] | None = None) -> None:
    """Raise BadInputError if ``expression`` is not CEL; an empty one is always true.

    If ``variables`` are given, it may use no others.
    """
    if not expression.strip():
        return
    try:
        program = _compiled(expression)
    except ValueError as error:
        raise BadInputError(
            field,
            expression,
            f"is not a CEL expression: {_complaint(str(error))}",
            "Write e.g. steps.build.succeeded",
        ) from error
    _refuse_unknown(field, expression, program, variables)


def _complaint(message: str) -> str:
    """Return what the parser met and where, without the list of what it expected."""
    match = _SYNTAX.search(message)
    if not match:
        return message.partition("\n")[0]
    what = match["what"].replace("'<EOF>'", "its end")
    return f"unexpected at character {match['column']}: {what}"


def _refuse_unknown(
    field: str, expression: str, program: cel.Program, variables: Collection[str] | None
) -> None:
    if variables is None:
        return
    # A comprehension binds names of its own, which CEL lists among the variables.
    used = {name for name in program.variables() if not name.startswith("@")}
    unknown = sorted(used - set(_BOUND.findall(expression)) - set(variables))
    if unknown:
        allowed = ", ".join(sorted(variables))
        raise BadInputError(
            field,
            expression,
            f"names {', '.join(unknown)}, which is not known",
            f"It may use {allowed}; a step id with a dash is written steps['my-id']",
        )


def holds(field: str, expression: str, variables: Mapping[str, object]) -> bool:
    """Evaluate ``expression`` over ``variables``; anything but a boolean is bad input."""
    if not expression.strip():
        return True
    result = _evaluated(field, expression, variables)
    if not isinstance(result, bool):
        raise BadInputError(
            field, expression, f"is {result!r}, neither true nor false", "Compare it, e.g. with =="
        )
    return result


def listed(
    field: str, expression: str, variables: Mapping[str, object], most: int
) -> list[JsonValue]:
    """Evaluate ``expression`` to a list of at most ``most`` JSON values, or raise BadInputError."""
    result = _evaluated(field, expression, variables)
    if result is None:
        remedy = "Have the step that it names write a list to $SLIPWAY_OUTPUT, `[]` for none"
        raise BadInputError(field, expression, "is null, as nothing was written there", remedy)
    if not isinstance(result, list):
        raise BadInputError(
            field,
            expression,
            f"is {_SHOWN.repr(result)}, not a list",
            "Write e.g. steps.list.output",
        )
    if len(result) > most:
        problem = f"has {len(result)} items, and may have {most}"
        raise BadInputError(field, expression, problem, "Put several into one item")
    try:
        items: list[JsonValue] = json.loads(json.dumps(result, allow_nan=False))
    except (TypeError, ValueError) as error:
        remedy = "Its items must be text, numbers, booleans, lists or maps"
        raise BadInputError(field, expression, f"is not valid JSON ({error})", remedy) from error
    return items


def check_list(field: str, expression: str, named: Collection[str], most: int) -> None:
    """Raise BadInputError if ``expression`` cannot be a list, whatever the steps will do.

    ``named`` are the steps it names. An expression over an output can only be checked when the
    output exists.
    """
    if "output" in expression or "matrix" in expression:
        return
    step_fields = {"succeeded": True, "skipped": False, "exit_code": 0, "seconds": 1.0}
    texts = dict.fromkeys(("project", "environment", "version"), "x")
    try:
        cel.evaluate(expression, {**texts, "steps": dict.fromkeys(named, step_fields)})
    except _FAULTS:
        return  # it may still be valid for other values
    listed(field, expression, {**texts, "steps": dict.fromkeys(named, step_fields)}, most)


def _evaluated(field: str, expression: str, variables: Mapping[str, object]) -> object:
    try:
        result: object = cel.evaluate(expression, dict(variables))
    except _FAULTS as error:
        known = ", ".join(sorted(variables))
        raise BadInputError(
            field, expression, f"cannot be evaluated ({error})", f"It may use: {known}"
        ) from error
    return result
