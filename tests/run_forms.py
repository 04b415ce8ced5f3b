"""The form of every deployment of prefect.yaml, as the server is told it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from stack.registration.deployments import read_deployments

Json = dict[str, Any]


@cache
def run_forms() -> dict[str, Json]:
    """Return the parameter schema of every deployment, as `flow/deployment`."""
    forms = {}
    for each in read_deployments(Path(__file__).parents[1] / "prefect.yaml"):
        flow: Flow[..., Any] = load_flow_from_entrypoint(each.entrypoint)
        forms[f"{flow.name}/{each.name}"] = parameter_schema(flow).model_dump(mode="json")
    return forms
