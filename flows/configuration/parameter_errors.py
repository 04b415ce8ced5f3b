"""Error messages for parameters that do not fit an operation, with the remedy.

Prefect says which field is wrong and why; the operation's own schema says what the field means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prefect.utilities.schema_tools.validation import ValidationError, validate

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
    try:
        validate(parameters, schema, raise_on_error=True, ignore_required=partial)
    except ValidationError as error:
        return explained(str(error), schema)
    return ""


def explained(complaint: str, schema: Mapping[str, Any]) -> str:
    """Return Prefect's complaint about parameters, and the meaning of the field that it names.

    Args:
        complaint: E.g. ``Validation failed for field 'project'. Failure reason: ...``; it quotes
            the whole value, however long that is.
        schema: The schema of the operation's parameters.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    match = _FIELD.search(complaint)
    meaning = properties.get(match[1], {}).get("description") if match else None
    remedy = f"It is: {meaning}" if meaning else f"Known are: {', '.join(properties)}."
    return f"{shortened(complaint, _MAX_MESSAGE_LENGTH).rstrip('.')}. {' '.join(remedy.split())}"
