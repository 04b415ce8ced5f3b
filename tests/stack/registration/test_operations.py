"""Tests of the recorded operations, and of the changes of one that are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stack.registration.deployments import body_of, read_deployments
from stack.registration.operations import (
    kept_checks,
    read_entrypoints,
    read_job_template,
    read_operations,
    read_run_names,
    refuse_other_run,
    refuse_other_variables,
    strict_schema,
    write_operations,
)
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.settings import Settings

PLAIN = {"type": "object", "properties": {"project": {"type": "string", "maxLength": 100}}}
SCHEMA = strict_schema(PLAIN)


def test_what_was_written_down_is_read(tmp_path: Path) -> None:
    """Broken: the server holds to nothing, or to another operation's schema."""
    home = Home(tmp_path)
    home.create()
    assert (read_operations(home), read_entrypoints(home)) == ({}, {})
    assert read_job_template(home) == {}
    flows = {"launch/launch": "flows.launch.launch_flow"}
    names = {"launch/launch": "launch {project}"}
    write_operations(home, {"launch/launch": SCHEMA}, flows, names, {"variables": {}})
    assert read_run_names(home) == names
    assert read_job_template(home) == {"variables": {}}
    assert read_entrypoints(home) == flows
    assert read_operations(home) == {"launch/launch": SCHEMA}
    home.operations_file.write_text("")
    assert read_operations(home) == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parameter_openapi_schema", {}),
        ("parameter_openapi_schema", None),
        ("parameter_openapi_schema", {**SCHEMA, "properties": {"project": {}}}),
        ("parameter_openapi_schema", {**SCHEMA, "required": ["project"]}),
        ("enforce_parameter_schema", False),
        ("enforce_parameter_schema", None),
        ("parameters", None),
        ("tags", None),
    ],
)
def test_a_change_of_what_is_checked_is_refused(field: str, value: object) -> None:
    """Broken: the API takes every value of every parameter, and a process dies of it."""
    with pytest.raises(BadInputError, match=f"^{field}: .* Leave it out"):
        kept_checks({"description": "mine", field: value}, SCHEMA)


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({"paused": True}, {}),
        ({"enforce_parameter_schema": True}, {}),
        ({"parameter_openapi_schema": SCHEMA}, {"parameter_openapi_schema": SCHEMA}),
        ({"parameter_openapi_schema": PLAIN}, {"parameter_openapi_schema": SCHEMA}),
    ],
)
def test_any_other_change_is_let_in(change: dict[str, Any], replaced: dict[str, Any]) -> None:
    """Broken: `make up` or `prefect deploy` can no longer register, or nothing be paused."""
    assert kept_checks(change, SCHEMA) == replaced


def test_every_operation_may_run_its_own_flow() -> None:
    """Broken: `make up` is refused to register an operation of its own."""
    for entry in read_deployments(Path("prefect.yaml")):
        refuse_other_run(body_of(entry, {}, "slipway"), entry.entrypoint)


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        (None, "job_variables.env"),
        ([], "job_variables.env"),
        ({"A=B": "c"}, "job_variables.env"),
        ({"": "c"}, "job_variables.env"),
        ({f"V{number}": "" for number in range(101)}, "job_variables.env"),
        ({"SLIPWAY_LEDGER_URL": "sqlite:///other.db"}, "job_variables.env.SLIPWAY_LEDGER_URL"),
        ({"SLIPWAY_ROOTS": "/"}, "job_variables.env.SLIPWAY_ROOTS"),
        ({"http_proxy": "http://127.0.0.1:1"}, "job_variables.env.http_proxy"),
        ({"SSL_CERT_FILE": "/none"}, "job_variables.env.SSL_CERT_FILE"),
        ({"PYTHONPATH": "/mine"}, "job_variables.env.PYTHONPATH"),
        ({"LD_PRELOAD": "/mine.so"}, "job_variables.env.LD_PRELOAD"),
        ({"PREFECT_API_URL": "http://other"}, "job_variables.env.PREFECT_API_URL"),
        ({"SLIPWAY_BUILD_SECONDS": "soon"}, "job_variables.env.SLIPWAY_BUILD_SECONDS"),
        (
            {"SLIPWAY_SERVICE_PORT_LOW": "23199", "SLIPWAY_SERVICE_PORT_HIGH": "23180"},
            "job_variables.env.SLIPWAY_SERVICE_PORT_HIGH",
        ),
        (
            {"SLIPWAY_SERVICE_PORT_LOW": "30000"},  # the stack's own last port lies below it
            "job_variables.env.SLIPWAY_SERVICE_PORT_HIGH",
        ),
        ({"A": 1}, "job_variables.env.A"),
        ({"A": "{{ prefect.blocks.secret.password }}"}, "job_variables.env.A"),
        ({"A": "b" * 32_769}, "job_variables.env.A"),
    ],
)
def test_variables_with_which_a_run_is_another_or_none_are_refused(
    variables: object, place: str
) -> None:
    """Broken: a launch is Completed, and a second copy of the service serves beside the first."""
    with pytest.raises(BadInputError) as error:
        refuse_other_variables(variables, Settings())
    assert str(error.value).startswith(f"{place}: ")


def test_a_run_may_have_variables_of_its_own() -> None:
    """Broken: who debugs one run has to change the whole stack."""
    variables = {"DEBUG": "1", "PATH": "/bin", "SLIPWAY_SERVICE_PORT_LOW": "20100"}
    refuse_other_variables(variables, Settings())
