"""Tests of the bounds of every parameter of every operation against hostile input."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import preprocess_schema, validate

from benchmarks.hostile.values import Call, calls, plain
from stack.registration.deployments import body_of, read_deployments
from stack.server.request_validation import admitted
from tasks.errors import BadInputError

ROOT = Path(__file__).parents[2]
ENTRIES = {
    each.entrypoint.split(".")[-2] if each.entrypoint.startswith("flows") else each.entrypoint: each
    for each in read_deployments(ROOT / "prefect.yaml")
}
BOUNDS = {
    "string": ({"maxLength"}, {"enum"}, {"const"}, {"format", "pattern"}),
    "integer": ({"minimum", "maximum"}, {"exclusiveMinimum", "maximum"}),
    "number": ({"minimum", "maximum"}, {"exclusiveMinimum", "maximum"}),
    "array": ({"maxItems", "items"},),
    "object": ({"maxProperties", "additionalProperties"}, {"properties"}),
}


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the schema of an operation as `make up` registers it."""
    entry = ENTRIES[name]
    openapi = parameter_schema(load_flow_from_entrypoint(entry.entrypoint)).model_dump(mode="json")
    registered: dict[str, Any] = body_of(entry, openapi, "pool")["parameter_openapi_schema"]
    return registered


@cache
def checked(name: str) -> dict[str, Any]:
    """Return the schema of an operation as Prefect checks by it."""
    return dict(preprocess_schema(schema(name)))


def unbounded(node: Any, place: str) -> Iterator[str]:
    """Yield the place of each type in ``node`` that has no bounds."""
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from unbounded(each, f"{place}.{number}")
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if isinstance(kind, str) and kind in BOUNDS and not any(b <= node.keys() for b in BOUNDS[kind]):
        yield place
    for key, each in node.items():
        if key not in {"default", "enum", "description"}:
            yield from unbounded(each, f"{place}.{key}")


@pytest.mark.parametrize("name", ENTRIES)
def test_every_type_in_it_has_bounds(name: str) -> None:
    """Broken: the API lets a parameter in for which a process is started only to die of it."""
    assert list(unbounded(schema(name), name)) == []


def is_refused(call: Call, name: str) -> bool:
    """Tell whether the request validation, or the schema of ``name``, refuses ``call``."""
    body = json.dumps({"parameters": call.parameters}).encode()
    try:
        admitted("/deployments/1/create_flow_run", body)
    except BadInputError:
        return True
    return bool(validate(call.parameters, checked(name), preprocess=False))


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_what_is_hostile_is_refused_before_a_run_is_made(name: str) -> None:
    """Broken: what no operation can use starts a process, or is stored for good."""
    requests = list(calls(schema(name)))
    assert len(requests) > 10
    taken = [
        f"{each.attack.kind}: {each.attack.place}"
        for each in requests
        if not is_refused(each, name)
    ]
    assert taken == []


@pytest.mark.parametrize("name", ENTRIES)
def test_what_is_plain_is_taken(name: str) -> None:
    """Broken: the attacks are refused for what stands beside them."""
    assert validate(plain(schema(name), schema(name)), checked(name), preprocess=False) == []
