"""What `make up` has written down of the operations that it registers, for the server to hold to.

The server cannot tell a request of `make up` from another one's. What a parameter of an operation
must be stands therefore in a file of the home, beside what is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from flows.stack.home import Home, write_private
from tasks.errors import BadInputError

_SCHEMA = "parameter_openapi_schema"
_ENFORCED = "enforce_parameter_schema"
_RUN_BY = (
    "path",
    "pull_steps",
    "job_variables",
    "storage_document_id",
    "infrastructure_document_id",
)
"""What operations have none of: with it, something else would be run in their place."""
_ENTRYPOINT = re.compile(r"(?:flows|analytics)\.[a-z_.]+_flow")
"""Where the flows of operations are; anything else is nobody's operation."""
_REMEDY = "Leave it out: `make up` sets it, and the API checks parameters by it."

Json = dict[str, Any]


def write_operations(home: Home, schemas: Mapping[str, Json]) -> None:
    """Write down the schema of each operation's parameters, by its name as ``flow/name``."""
    write_private(home.operations_file, json.dumps(schemas))


def read_operations(home: Home) -> dict[str, Json]:
    """Return the schema of each operation's parameters; nothing before the first `make up`."""
    try:
        operations: dict[str, Json] = json.loads(home.operations_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return operations


def strict_schema(schema: Mapping[str, Any]) -> Json:
    """Return ``schema`` so that the server refuses an unknown parameter, not a process that dies of it."""
    return {**schema, "additionalProperties": False}


def refuse_other_run(change: Mapping[str, Any]) -> None:
    """Refuse what would have an operation run something else, or elsewhere, than it does.

    Raises:
        BadInputError: It names the first such field.
    """
    entrypoint = change.get("entrypoint", "flows.any_flow")
    if entrypoint is None or not _ENTRYPOINT.fullmatch(entrypoint):
        problem = "is no flow of Slipway"
        raise BadInputError("entrypoint", entrypoint, problem, "Leave it out: `make up` sets it.")
    for field in _RUN_BY:
        if change.get(field):
            problem = "would have an operation of Slipway run otherwise than `make up` registers it"
            raise BadInputError(field, change[field], problem, "Leave it out.")


def kept_checks(change: Mapping[str, Any], schema: Json) -> Json:
    """Return what of ``change`` has to be replaced, so that an operation with ``schema`` keeps it.

    Prefect's own `prefect deploy` sends the schema without what makes it strict.

    Raises:
        BadInputError: The change would have the API check less, or something else.
    """
    if change.get(_ENFORCED, True) is not True:
        problem = "would have the API take any parameter of an operation of Slipway"
        raise BadInputError(_ENFORCED, change[_ENFORCED], problem, _REMEDY)
    if _SCHEMA not in change:
        return {}
    value = change[_SCHEMA]
    if not isinstance(value, dict) or strict_schema(value) != schema:
        problem = "is not the schema of this operation of Slipway"
        raise BadInputError(_SCHEMA, value, problem, _REMEDY)
    return {_SCHEMA: schema}
