"""The OpenAPI document of the reads, made of their models, with an example of each answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from stack.channel import BASE
from stack.reads.endpoint import Endpoint
from tasks.validation_errors import description

Json = dict[str, Any]

_REFS = "#/components/schemas/{model}"
_ERRORS = {
    "401": "The password is missing or wrong.",
    "404": "Something of that name does not exist; the answer names what does.",
    "422": "A parameter cannot be used; the answer names field, value and remedy.",
    "503": "The process or the ledger does not answer now. Ask again.",
}


def document(endpoints: Sequence[Endpoint]) -> Json:
    """Return the document of ``endpoints``."""
    answers = dict.fromkeys(type(each.example) for each in endpoints)
    _, definitions = models_json_schema(
        [(model, "serialization") for model in answers], ref_template=_REFS
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Slipway: reads without a run",
            "version": "1",
            "description": "Times are seconds since 1970. The password is that of the API.",
        },
        "security": [{"password": []}],
        "paths": {f"{BASE}{each.path}": {"get": _operation(each)} for each in endpoints},
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"password": {"type": "http", "scheme": "basic"}},
        },
    }


def _operation(endpoint: Endpoint) -> Json:
    model = type(endpoint.example)
    content: Json = {
        "schema": {"$ref": _REFS.format(model=model.__name__)},
        "example": endpoint.example.model_dump(mode="json"),
    }
    good = {"description": endpoint.summary, "content": {"application/json": content}}
    return {
        "summary": endpoint.summary,
        "operationId": endpoint.path.strip("/").replace("/{", "_of_").rstrip("}"),
        "parameters": parameters(endpoint),
        "responses": {"200": good, **{code: {"description": why} for code, why in _ERRORS.items()}},
    }


def parameters(endpoint: Endpoint) -> list[Json]:
    """Return the parameters of ``endpoint``, those in its path first."""
    schema = endpoint.parameters.model_json_schema()
    required = set(schema.get("required", ()))
    described = [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in endpoint.path else "query",
            "required": name in required,
            "description": description(field),
            "schema": {key: value for key, value in field.items() if key != "description"},
        }
        for name, field in schema["properties"].items()
    ]
    return sorted(described, key=lambda each: each["in"])
