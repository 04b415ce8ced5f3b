"""The operations that `make up` registers, recorded in files for the server to check requests by.

The server cannot tell a request of `make up` from any other. The schema of an operation's
parameters is therefore written to a file of the home, besides being sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.errors import BadInputError
from tasks.home import Home, write_private
from tasks.settings import Settings, checked_settings

_SCHEMA = "parameter_openapi_schema"
_ENFORCED = "enforce_parameter_schema"
_FORBIDDEN_FIELDS = (
    "path",
    "pull_steps",
    "job_variables",
    "storage_document_id",
    "infrastructure_document_id",
)
"""Fields that operations never set: each would have something else run in their place."""
_VARIABLES = "job_variables.env"
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FREE_SETTINGS = {
    "SLIPWAY_BUILD_SECONDS",
    "SLIPWAY_KEEP_WORKSPACES",
    "SLIPWAY_SERVICE_PORT_HIGH",
    "SLIPWAY_SERVICE_PORT_LOW",
}
"""Settings that one run may have otherwise. With another it would launch what runs, use another
ledger, or read and write where the stack does not allow it."""
_CONNECTION_VARIABLES = {
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
}
"""Variables, in capitals, with which a run may not reach its server."""
_PROCESS_PREFIXES = ("PREFECT_", "PYTHON", "LD_", "DYLD_", "SLIPWAY_")
_MAX_VARIABLE_LENGTH = 32_768  # bytes
_MAX_VARIABLES = 100
_NEVER_NULL = {"parameters", "tags"}
_REMEDY = "Leave it out: `make up` sets it, and the API checks parameters by it."

Json = dict[str, Any]


def write_operations(
    home: Home,
    schemas: Mapping[str, Json],
    entrypoints: Mapping[str, str],
    run_names: Mapping[str, str],
    template: Json,
) -> None:
    """Write down each operation's parameters, flow and template of run names, by ``flow/name``.

    ``template`` is the job template of their work pool.
    """
    write_private(home.operations_file, json.dumps(schemas))
    write_private(home.entrypoints_file, json.dumps(entrypoints))
    write_private(home.run_names_file, json.dumps(run_names))
    write_private(home.job_template_file, json.dumps(template))


def read_run_names(home: Home) -> dict[str, str]:
    """Return the template of each operation's run names; nothing before the first `make up`."""
    return _read(home.run_names_file)


def read_operations(home: Home) -> dict[str, Json]:
    """Return the schema of each operation's parameters; nothing before the first `make up`."""
    return _read(home.operations_file)


def read_entrypoints(home: Home) -> dict[str, str]:
    """Return the flow of each operation; nothing before the first `make up`."""
    return _read(home.entrypoints_file)


def read_job_template(home: Home) -> Json:
    """Return the job template of the work pool; nothing before the first `make up`."""
    return _read(home.job_template_file)


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content


def strict_schema(schema: Mapping[str, Any]) -> Json:
    """Return ``schema`` with unknown parameters forbidden, so that the server refuses them."""
    return {**schema, "additionalProperties": False}


def refuse_other_run(change: Mapping[str, Any], registered: str) -> None:
    """Refuse a change that would have an operation run something else, or elsewhere.

    Args:
        change: The requested values, by field.
        registered: The registered entrypoint; empty if it is not known.

    Raises:
        BadInputError: It names the first such field.
    """
    entrypoint = change.get("entrypoint", registered)
    if registered and entrypoint != registered:
        problem = f"is not the flow of this operation of Slipway, {registered}"
        raise BadInputError("entrypoint", entrypoint, problem, "Leave it out: `make up` sets it.")
    for field in _FORBIDDEN_FIELDS:
        if change.get(field):
            problem = "would run an operation of Slipway otherwise than `make up` registers it"
            raise BadInputError(field, change[field], problem, "Leave it out.")


def refuse_other_variables(variables: object, stack: Settings) -> None:
    """Refuse environment variables with which a run would not begin, or not be one of this stack.

    Args:
        variables: The variables, by name.
        stack: The settings of the stack, which the run gets unless it may have others.

    Raises:
        BadInputError: It names the first such variable.
    """
    if not isinstance(variables, dict):
        problem, remedy = "must be a mapping of names to strings", "Write one, or leave it out."
        raise BadInputError(_VARIABLES, variables, problem, remedy)
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(str(name)):
            problem, remedy = (
                "is not a valid name of an environment variable",
                "Write letters, digits and _.",
            )
            raise BadInputError(_VARIABLES, name, problem, remedy)
        is_of_process = name.startswith(_PROCESS_PREFIXES) and name not in _FREE_SETTINGS
        if is_of_process or name.upper() in _CONNECTION_VARIABLES:
            problem = (
                "would move the run to another stack, run other code, or keep it from its server"
            )
            remedy = "Leave it out; settings belong to `make up`."
            raise BadInputError(f"{_VARIABLES}.{name}", value, problem, remedy)
        if not isinstance(value, str) or "\0" in value or "{{" in value:
            problem, remedy = "must be plain text", "Write a string without NUL and without {{."
            raise BadInputError(f"{_VARIABLES}.{name}", value, problem, remedy)
        if len(value.encode(errors="replace")) > _MAX_VARIABLE_LENGTH:
            problem = f"has more than {_MAX_VARIABLE_LENGTH} bytes"
            raise BadInputError(f"{_VARIABLES}.{name}", value, problem, "Put it into a file.")
    if len(variables) > _MAX_VARIABLES:
        problem = f"has more than {_MAX_VARIABLES} variables"
        raise BadInputError(_VARIABLES, len(variables), problem, "Put them into a file.")
    _refuse_unusable_settings(variables, stack)


def _refuse_unusable_settings(variables: Mapping[str, str], stack: Settings) -> None:
    """Refuse settings that no run can have beside those of its ``stack`` that it keeps."""
    own = {
        name.removeprefix("SLIPWAY_").lower(): value
        for name, value in variables.items()
        if name in _FREE_SETTINGS
    }
    if not own:
        return
    try:
        checked_settings({**dict(stack), **own})
    except BadInputError as error:
        raise error.below(_VARIABLES) from error


def kept_checks(change: Mapping[str, Any], schema: Json) -> Json:
    """Return the fields of ``change`` to replace, so that an operation keeps its strict ``schema``.

    Prefect's own `prefect deploy` sends the schema without what makes it strict.

    Raises:
        BadInputError: The change would have the API check less, or something else, or cannot be
            stored.
    """
    for field in _NEVER_NULL & change.keys():
        if change[field] is None:
            raise BadInputError(field, None, "must not be null", "Leave it out, or write it empty.")
    if change.get(_ENFORCED, True) is not True:
        problem = "would let the API accept any parameter of an operation of Slipway"
        raise BadInputError(_ENFORCED, change[_ENFORCED], problem, _REMEDY)
    if _SCHEMA not in change:
        return {}
    value = change[_SCHEMA]
    if not isinstance(value, dict) or strict_schema(value) != schema:
        problem = "is not the schema of this operation of Slipway"
        raise BadInputError(_SCHEMA, value, problem, _REMEDY)
    return {_SCHEMA: schema}
