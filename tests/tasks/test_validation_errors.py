"""Tests of pydantic's errors in words for users."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from blocks.project_spec import ProjectSpec
from tasks.configuration import Configuration
from tasks.errors import BadInputError
from tasks.validation_errors import bad_input, unknown_key


class Vault(BaseModel):
    """A model with a secret, and a rule of its own."""

    model_config = ConfigDict(frozen=True)

    password: SecretStr = Field(description="Opens it")
    depth: int = Field(default=1, lt=9)

    @field_validator("depth")
    @classmethod
    def _odd(cls, depth: int) -> int:
        if depth % 2 == 0:
            raise ValueError("even depths leak")
        return depth


def refused(model: type[BaseModel], fields: object, prefix: str = "") -> BadInputError:
    """Return what is said of ``fields``, which are no ``model``."""
    with pytest.raises(ValidationError) as caught:
        model.model_validate(fields)
    return bad_input(caught.value, model, prefix)


def _workload(**fields: object) -> dict[str, Any]:
    return {"projects": {"shop": {"source": "x", "workloads": {"tests": fields}}}}


def _service(**fields: object) -> dict[str, Any]:
    return {"projects": {"shop": {"source": "x", "services": {"web": fields}}}}


STEP = "projects.shop.workloads.tests.steps.0"


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        pytest.param(
            _service(demand={"memory_mib": "2 GB"}),
            "projects.shop.services.web.demand.memory_mib",
            "is not a whole number (got '2 GB'). Write a whole number, without a unit. "
            "It is: Memory in MiB.",
            id="a size",
        ),
        pytest.param(
            _workload(kind="steps", steps=[{"id": "a", "run": "x", "timeout_seconds": "5 min"}]),
            f"{STEP}.timeout_seconds",
            "is not a number (got '5 min'). Write a number, without a unit.",
            id="a duration",
        ),
        pytest.param(
            _workload(kind="steps", steps=[{"id": "a", "run": "x", "runs": "y"}]),
            f"{STEP}.runs",
            "unknown key (got 'runs'). Did you mean 'run'?",
            id="a key of a step",
        ),
        pytest.param(
            _workload(kind="pytest", shards="many"),
            "projects.shop.workloads.tests.shards",
            "is not a whole number and is not 'auto' (got 'many').",
            id="one of two types",
        ),
        pytest.param(
            _workload(kind="pytst"),
            "projects.shop.workloads.tests.kind",
            "is not one of 'steps', 'pytest', 'wfformat' (got 'pytst'). Use one of them.",
            id="a kind",
        ),
        pytest.param(
            _service(replicas=-1),
            "projects.shop.services.web.replicas",
            "must be at least 0 (got -1). Write 0 or more. It is: Processes side by side; 0: it",
            id="a bound",
        ),
        pytest.param(
            _workload(kind="steps", steps=[{"id": "-a", "run": "x"}]),
            f"{STEP}.id",
            "(got '-a'). Begin with a lower-case letter or a digit; dots,",
            id="a pattern",
        ),
        pytest.param(
            {"projects": {"shop": {}}},
            "projects.shop.source",
            "is missing (got ''). Add it. It is: A folder, an archive",
            id="a missing key",
        ),
        pytest.param(
            {"environments": {"dev": {"variables": {"PORT": 80}}}},
            "environments.dev.variables.PORT",
            "is not a string (got 80). Put it in quotes.",
            id="an unquoted text",
        ),
    ],
)
def test_path_value_and_remedy_are_the_users(
    fields: dict[str, Any], field: str, message: str
) -> None:
    """Broken: the user reads names of classes and of union members that no file of theirs has."""
    error = refused(Configuration, fields)
    assert error.field == field
    assert message in str(error)


def test_the_place_of_the_model_comes_first() -> None:
    """Broken: of several projects, nobody knows which is meant."""
    assert refused(ProjectSpec, {"sorce": "x", "source": "x"}, "projects.a").field == (
        "projects.a.sorce"
    )


def test_a_secret_of_the_wrong_type_is_not_shown() -> None:
    """Broken: a password that YAML reads as a number stands in the UI and in the logs."""
    error = refused(Vault, {"password": 31415}, "repositories.r")
    assert "31415" not in str(error)
    assert error.field == "repositories.r.password"


def test_what_we_have_no_words_for_keeps_its_own() -> None:
    """Broken: a rule that a model checks itself is refused without a word."""
    assert refused(Vault, {"password": "x", "depth": 4}).problem == "even depths leak"


def test_without_a_close_key_all_are_named() -> None:
    """Broken: the user has to guess what may stand there."""
    assert unknown_key("providers.p.colour", ["slots", "cpus"]).remedy == "Known are: cpus, slots."
