"""Error messages for parameters that do not fit an operation, with the remedy.

Prefect says which field is wrong and why; the operation's own schema says what the field means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from jsonschema.exceptions import ValidationError as SchemaError
from prefect.utilities.schema_tools.validation import ValidationError, validate

from flows.configuration.project_selection import unclear
from tasks.errors import shortened

_FIELD = re.compile(r"for field '(\w+)")
_MAX_MESSAGE_LENGTH = 600


def unfit(schema: dict[str, Any], parameters: dict[str, Any], *, partial: bool = False) -> str:
    """Return why ``parameters`` do not fit ``schema``, or ``""`` if they do.

    Args:
        schema: The schema of the operation's parameters.
        parameters: The parameters of a run, or the defaults of all runs.
        partial: Whether required ones may be missing.
    """
    # Prefect checks the schema itself, which takes many times as long, only to raise an error.
    if validate(parameters, schema, ignore_required=partial):
        try:
            validate(parameters, schema, raise_on_error=True, ignore_required=partial)
        except ValidationError as error:
            return explained(error, schema)
    return "" if partial else unclear(schema, parameters)


def explained(error: ValidationError, schema: Mapping[str, Any]) -> str:
    """Return Prefect's complaint about parameters, and the meaning of the field that it names.

    Args:
        error: E.g. ``Validation failed for field 'project'. Failure reason: ...``; it quotes the
            whole value, however long that is. Of a value that may be one of several things, it
            says that it is none of them; the complaint returned says what is wrong with the one
            that was meant.
        schema: The schema of the operation's parameters.
    """
    complaint = str(error)
    if isinstance(error.__cause__, SchemaError) and (cause := _intended(error.__cause__)):
        field = cause.json_path.removeprefix("$.")
        complaint = f"Validation failed for field {field!r}. Failure reason: {cause.message}"
    properties: Mapping[str, Any] = schema.get("properties", {})
    match = _FIELD.search(complaint)
    meaning = properties.get(match[1], {}).get("description") if match else None
    remedy = f"It is: {meaning}" if meaning else f"Known are: {', '.join(properties)}."
    return f"{shortened(complaint, _MAX_MESSAGE_LENGTH).rstrip('.')}. {' '.join(remedy.split())}"


def _intended(error: SchemaError) -> SchemaError | None:
    """Return what is wrong with the alternative that was meant; None if there were none."""
    whole = error
    while isinstance(whole.parent, SchemaError):
        whole = whole.parent
    innermost = whole
    while innermost.context:
        alternatives = [
            list(errors)
            for _, errors in groupby(
                innermost.context, key=lambda each: each.relative_schema_path[0]
            )
        ]
        fitting = [errors for errors in alternatives if not any(map(_is_other, errors))]
        if len(fitting) != 1:
            return _unknown_kind(alternatives) or innermost
        innermost = fitting[0][0]
    return None if innermost is whole else innermost


def _is_other(error: SchemaError) -> bool:
    """Tell whether ``error`` says that its alternative was not meant: by its type or its kind."""
    path = list(error.relative_path)
    lacks_kind = error.validator == "required" and error.message.startswith("'kind' ")
    return path == ["kind"] or (not path and (error.validator == "type" or lacks_kind))


def _unknown_kind(alternatives: list[list[SchemaError]]) -> SchemaError | None:
    """Return an error that names every kind there is, if the value has none of them."""
    kinds = [each for errors in alternatives for each in errors if list(each.path) == ["kind"]]
    if not kinds:
        return None
    known = sorted({kind for each in kinds for kind in each.schema.get("enum", ())})
    unknown = SchemaError(f"{kinds[0].instance!r} is not one of {known}", path=kinds[0].path)
    unknown.parent = kinds[0].parent
    return unknown
