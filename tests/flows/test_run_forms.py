"""Tests of the run forms of the operations: every field has a name and a description."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.flows import Flow, load_flow_from_entrypoint

from flows.configuration.parameter_errors import unfit
from stack.registration.deployments import read_deployments
from tests.run_forms import Json, run_forms


def fields(form: Json) -> Iterator[tuple[str, Json]]:
    """Give every field of a form, those of the values within it too."""
    for name, definition in form["definitions"].items():
        yield from ((f"{name}.{key}", field) for key, field in definition["properties"].items())
    yield from form["properties"].items()


def test_every_field_of_every_form_is_explained() -> None:
    """A user would have to read the source to fill in the form."""
    bare = [
        f"{name}: {path}"
        for name, form in run_forms().items()
        for path, field in fields(form)
        if not (field.get("title", field.get("$ref")) and field.get("description"))
    ]
    assert bare == []


def test_what_has_no_default_must_be_given() -> None:
    """A run would start without its project and fail, instead of being refused by the server."""
    required = {name: form["required"] for name, form in run_forms().items() if form["required"]}
    everywhere = {"run", "rollback", "ship", "replay", "forget"}
    expected = {f"{name}/{name}": ["project"] for name in everywhere}
    assert required == {**expected, "restore/restore": ["project", "target"]}


def test_what_can_be_chosen_is_named_and_not_typed() -> None:
    """The tabs of a workload would be called `str` and `Field`, a strategy be a text to type."""
    ship = run_forms()["ship/ship"]
    tabs = [choice["title"] for choice in ship["properties"]["workload"]["anyOf"]]
    inner = [ship["definitions"][name]["title"] for name in ("StepsWorkload", "PytestWorkload")]
    assert tabs == ["by name", "written here"]
    assert inner == ["declared steps", "pytest suite"]
    assert run_forms()["deploy/deploy"]["properties"]["strategy"]["enum"] == ["blue_green"]


def test_every_operation_keeps_its_result_as_json() -> None:
    """Broken: who starts an operation from a flow of theirs waits for a result that nobody kept."""
    declared = read_deployments(Path(__file__).parents[2] / "prefect.yaml")
    flows: list[Flow[..., Any]] = [load_flow_from_entrypoint(each.entrypoint) for each in declared]
    assert [flow.name for flow in flows if not flow.persist_result] == []
    assert {flow.result_serializer for flow in flows} == {"json"}


@pytest.mark.parametrize("name", ["launch", "stop", "restart", "backup", "deploy"])
def test_one_project_or_several_must_be_given(name: str) -> None:
    """A run would start without its projects and fail, instead of being refused by the server."""
    form = run_forms()[f"{name}/{name}"]
    assert "project: is missing, and so is projects" in unfit(form, {"environment": "dev"})
    assert unfit(form, {"projects": ["web-*"]}) == unfit(form, {"project": "shop"}) == ""
    assert unfit(run_forms()["status/status"], {}) == ""
