"""Tests of the names of flow runs."""

from __future__ import annotations

from blocks.workload_spec import StepSpec, StepsWorkload
from flows.configuration.run_names import run_name

RUN = "run {workload} of {project}"


def test_a_workload_written_into_the_parameters_does_not_become_the_name() -> None:
    """A flow run would be called by all of its commands."""
    spec = StepsWorkload(steps=[StepSpec(id="one", run="true")])
    assert run_name(RUN, {"workload": spec, "project": "shop"}) == "run inline of shop"
    assert run_name(RUN, {"workload": "tests", "project": "shop"}) == "run tests of shop"


def test_what_was_not_given_leaves_no_gap() -> None:
    """The list of flow runs would show two spaces where a version is missing."""
    parameters = {"project": "shop", "version": "", "environment": "dev"}
    assert run_name("ship {project} {version} to {environment}", parameters) == "ship shop to dev"


def test_several_projects_stand_where_one_would() -> None:
    """Broken: runs on many projects are all called `launch in dev`, or take half of the page."""
    launch, given = "launch {project} in {environment}", {"project": "", "environment": "dev"}
    several = run_name(launch, given | {"projects": ["web-*", "tag:a"]})
    assert several == "launch web-*, tag:a in dev"
    many = run_name(launch, given | {"projects": ["a", "b", "c", "d", "e"]})
    assert many == "launch a, b, c and 2 more in dev"
    assert run_name(launch, given | {"project": "shop", "projects": None}) == "launch shop in dev"
