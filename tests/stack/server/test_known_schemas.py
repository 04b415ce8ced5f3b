"""Tests of schemas that the server checks once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prefect.utilities.schema_tools import validation
from prefect.utilities.schema_tools.validation import is_valid_schema, validate
from pydantic import TypeAdapter

from blocks.workload_spec import InputGlob
from stack.server import known_schemas
from stack.server.known_schemas import check_schemas_once, explain_patterns

pytestmark = pytest.mark.prefect


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Give the schemas that are checked from now on."""
    checked: list[Any] = []
    validator = validation._VALIDATOR
    check = validator.check_schema

    def counted(schema: Any, *args: Any, **kwargs: Any) -> None:
        """Check a schema, and note it."""
        checked.append(schema)
        check(schema, *args, **kwargs)

    monkeypatch.setattr(validator, "check_schema", counted)
    check_schemas_once()
    yield checked
    validator.check_schema = check


def schema(kind: str) -> dict[str, Any]:
    """Return the schema of one parameter."""
    return {"type": "object", "properties": {"number": {"type": kind}}}


def test_a_schema_is_checked_once_and_values_each_time(checks: list[Any]) -> None:
    """Broken: each request for a flow run takes longer, or one that does not fit is accepted."""
    for _ in range(3):
        validate({"number": 1}, schema("integer"), raise_on_error=True)
        with pytest.raises(validation.ValidationError):
            validate({"number": "one"}, schema("integer"), raise_on_error=True)
    assert len(checks) == 1


def test_a_bad_schema_is_refused_each_time(checks: list[Any]) -> None:
    """Broken: a deployment is accepted at the second try although nothing can fit it."""
    for number in range(2):
        with pytest.raises(ValueError, match="Invalid schema"):
            is_valid_schema(schema("no type"))
        assert len(checks) == number + 1


def test_it_remembers_a_few_schemas(checks: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: the server grows with every schema that it has ever seen."""
    monkeypatch.setattr(known_schemas, "KNOWN_SCHEMAS", 1)
    for kind in ("integer", "string", "integer"):
        validate({}, schema(kind), raise_on_error=True)
    assert len(checks) == 3


def test_who_names_a_file_outside_of_the_source_is_told_what_to_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: a run begins, and ends with a page about types; or a pattern is all that is told."""
    validators = validation._VALIDATOR.VALIDATORS
    monkeypatch.setitem(validators, "pattern", validators["pattern"])
    explain_patterns()
    globs = TypeAdapter(list[InputGlob]).json_schema()
    of_globs = {"type": "object", "properties": {"inputs": globs}}
    for inside in ("src/**/*.py", "a..b", ".x/..y"):
        validate({"inputs": [inside]}, of_globs, raise_on_error=True)
    for outside in ("../x", "a/..", "a/../b", "/x", "~/x", " x"):
        with pytest.raises(validation.ValidationError) as refused:
            validate({"inputs": [outside]}, of_globs, raise_on_error=True)
        assert str(refused.value) == (
            f"Validation failed for field 'inputs[0]'. Failure reason: {outside!r} is not valid. "
            "Write it relative to the root of the source, without `..`."
        )
