"""Tests of the size limits of variables and arguments."""

from __future__ import annotations

import subprocess

import pytest

from blocks.argument import MAX_BYTES
from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec
from tasks.configuration import Configuration, checked
from tasks.errors import BadInputError

LONG = "x" * 150_000
DEV = "projects.shop.environments.dev"
STEP = {"id": "a", "run": "true"}


@pytest.mark.parametrize(
    ("project", "field"),
    [
        ({"environments": {"dev": {"variables": {"BIG": LONG}}}}, f"{DEV}.variables"),
        ({"environments": {"dev": {"secrets": {"BIG": LONG}}}}, f"{DEV}.secrets"),
        ({"services": {"web": {"command": LONG}}}, "projects.shop.services.web.command"),
        ({"before": ["true", LONG]}, "projects.shop.before.1"),
        (
            {"workloads": {"tests": {"kind": "pytest", "variables": {"BIG": LONG}}}},
            "projects.shop.workloads.tests.variables",
        ),
        (
            {
                "workloads": {
                    "build": {"kind": "steps", "steps": [STEP | {"variables": {"BIG": LONG}}]}
                }
            },
            "projects.shop.workloads.build.steps.0.variables",
        ),
        (
            {"workloads": {"build": {"kind": "steps", "steps": [STEP | {"run": ["echo", LONG]}]}}},
            "projects.shop.workloads.build.steps.0.run",
        ),
    ],
)
def test_what_is_too_long_for_a_process_is_refused(project: dict[str, object], field: str) -> None:
    """Broken: all is built and planned, and then nothing starts: "Argument list too long"."""
    with pytest.raises(BadInputError, match=r"150,000 bytes, .* \(128 KiB") as error:
        checked(Configuration, {"projects": {"shop": {"source": "/src", **project}}})
    assert error.value.field == field
    assert LONG not in str(error.value)
    with pytest.raises(BadInputError, match="150,000 bytes"):  # as a block that was made in the UI
        checked(ProjectSpec, {"source": "/src", **project}, "projects.shop")


def test_the_longest_that_is_taken_starts() -> None:
    """Broken: what is accepted does not start, or what would start is refused."""
    longest = "x" * (MAX_BYTES - len("BIG=") - 1)
    assert checked(EnvironmentSpec, {"variables": {"BIG": longest}}).variables["BIG"] == longest
    subprocess.run(["/bin/true"], env={"BIG": longest}, check=True)
    with pytest.raises(BadInputError, match="BIG with"):
        checked(EnvironmentSpec, {"variables": {"BIG": longest + "x"}})
    with pytest.raises(OSError, match="Argument list too long"):
        subprocess.run(["/bin/true"], env={"BIG": longest + "x"}, check=True)


@pytest.mark.parametrize("name", ["SLIPWAY_RUN_ID", "SLIPWAY_OUTPUT", "SLIPWAY_ITEM"])
def test_a_variable_that_slipway_sets_itself_is_refused(name: str) -> None:
    """Broken: what somebody wrote is replaced without a word."""
    with pytest.raises(BadInputError, match=f"has {name}, which Slipway sets itself"):
        checked(EnvironmentSpec, {"variables": {name: "x"}})
    assert checked(EnvironmentSpec, {"variables": {"SLIPWAY_HOME": "/x"}}).variables
