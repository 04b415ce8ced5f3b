"""Tests of the error messages for refused parameters, which include the field's meaning."""

from __future__ import annotations

import re
from typing import Any

import pytest
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError
from pydantic import TypeAdapter

from blocks.workload_spec import SomeGoal, StepsWorkload, WorkloadChoice, WorkloadChoiceOrNone
from flows.configuration.parameter_errors import explained, unfit

SCHEMA = {
    "properties": {
        "project": {"description": "Name of the Project\n    block."},
        "goal": {"description": "What a plan is judged by."},
        "silent": {},
    }
}


@pytest.mark.parametrize(
    ("complaint", "remedy"),
    [
        (
            "Validation failed for field 'project'. Failure reason: x",
            "It is: Name of the Project block.",
        ),
        ("Validation failed for field 'goal.budget'. Failure reason: x", "It is: What a plan is"),
        ("Validation failed for field 'silent'. Failure reason: x", "Known are: project, goal"),
        ("Validation failed. Failure reason: 'x' is a required property", "Known are: project"),
    ],
)
def test_what_is_refused_says_what_it_should_be(complaint: str, remedy: str) -> None:
    """Broken: who is refused has to look up what the parameter means."""
    message = explained(ValidationError(complaint), SCHEMA)
    assert message.startswith(f"{complaint}. ")
    assert remedy in message


def test_a_value_that_is_quoted_in_full_is_shortened() -> None:
    """Broken: the answer to a text of a megabyte is one of a megabyte."""
    reason = f"'{'a' * 1_000_000}' is too long"
    complaint = f"Validation failed for field 'project'. Failure reason: {reason}"
    message = explained(ValidationError(complaint), SCHEMA)
    assert len(message) < 1000
    assert "is too long. It is: Name" in message


@pytest.mark.parametrize("project", ["", "x" * 101, 7, "line\n"])
def test_what_a_schedule_gives_is_looked_at_before_a_process_starts(project: object) -> None:
    """Broken: of a schedule the API takes any parameters, and a process dies of them."""
    name = {
        "type": "string",
        "maxLength": 100,
        "pattern": "^[a-z]+$(?!\n)",
        "description": "A name",
    }
    schema = {"type": "object", "properties": {"project": name}}
    message = unfit(schema, {"project": project})
    assert "for field 'project'" in message
    assert message.endswith("It is: A name")
    assert unfit(schema, {"project": "shop"}) == ""


def _run(workload: WorkloadChoice, goal: SomeGoal = None) -> None:
    """Take what the operation `run` takes."""


STEP = {"id": "lint", "run": "true"}


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"workload": {"steps": [STEP | {"comand": 1}]}}, r"'workload.steps\[0\]'. .*'comand'"),
        ({"workload": {"steps": [STEP], "shel": "sh"}}, "'workload'. .*'shel'"),
        ({"workload": {"kind": "pytest", "path": []}}, "'workload'. .*'path' was unexpected"),
        ({"workload": {"kind": "pytest", "shards": 0}}, "'workload.shards'. "),
        ({"workload": {"kind": "pytset"}}, "'workload.kind'. .*'pytset' is not one of .*'pytest'"),
        ({"workload": "tests", "goal": {"deadlin": 1}}, "'goal'. .*'deadlin' was unexpected"),
        ({"workload": 7}, "'workload'. .*7 is not valid under any"),
    ],
)
def test_of_several_things_that_a_value_may_be_the_one_that_was_meant_is_explained(
    parameters: dict[str, object], complaint: str
) -> None:
    """Broken: a typing error in a workload is answered with the workload, and with no field."""
    schema = parameter_schema(_run).model_dump_for_openapi()
    message = unfit(schema, parameters)
    assert re.match(f"Validation failed for field {complaint}", message), message
    assert unfit(schema, {"workload": {"steps": [STEP]}}) == ""


@pytest.mark.parametrize("choice", [WorkloadChoice, WorkloadChoiceOrNone])
def test_steps_that_are_written_in_a_run_need_no_kind(choice: Any) -> None:
    """Broken: the API takes the run, and its process fails with a sentence of pydantic's."""
    taken = TypeAdapter(choice).validate_python({"steps": [STEP]})
    assert isinstance(taken, StepsWorkload)
    assert TypeAdapter(choice).validate_python({"kind": "pytest"}).kind == "pytest"
