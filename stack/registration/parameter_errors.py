"""Why parameters do not fit to an operation, in a sentence with the remedy.

Prefect says which field is wrong and why. What the field is stands in the operation's own schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prefect.utilities.schema_tools.validation import ValidationError, validate

from tasks.errors import shortened

_FIELD = re.compile(r"for field '(\w+)")
_LONGEST = 600


def unfit(schema: dict[str, Any], parameters: dict[str, Any], *, partial: bool = False) -> str:
    """Return why ``parameters`` do not fit to ``schema``; empty where they do.

    Args:
        schema: That of the parameters of the operation.
        parameters: Those of a run, or what runs have where they are given nothing else.
        partial: Whether required ones may be missing.
    """
    try:
        validate(parameters, schema, raise_on_error=True, ignore_required=partial)
    except ValidationError as error:
        return explained(str(error), schema)
    return ""


def explained(complaint: str, schema: Mapping[str, Any]) -> str:
    """Return what Prefect says of parameters, and beside it what the field it names is.

    Args:
        complaint: E.g. ``Validation failed for field 'project'. Failure reason: ...``; it quotes
            the whole value, however long that is.
        schema: That of the parameters of the operation.
    """
    properties: Mapping[str, Any] = schema.get("properties", {})
    match = _FIELD.search(complaint)
    meaning = properties.get(match[1], {}).get("description") if match else None
    remedy = f"It is: {meaning}" if meaning else f"Known are: {', '.join(properties)}."
    return f"{shortened(complaint, _LONGEST).rstrip('.')}. {' '.join(remedy.split())}"
