"""The slipway.yaml of the README is accepted, and shows all there is to configure."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from blocks.environment_spec import EnvironmentSpec, ProjectEnvironment
from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.providers.interface import Resources
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository
from blocks.workload_spec import PytestWorkload, StepSpec, StepsWorkload, WfformatWorkload
from flows.configure import build_blocks
from tasks.configuration import Configuration, read_configuration
from tasks.split.declared import split_steps
from tests.readme import blocks

[TEXT] = blocks("yaml")
SECRETS = {
    "BOOKSHOP_API_KEY",
    "BOOKSHOP_BACKUP_PASSWORD",
    "BOOKSHOP_BACKUP_USER",
    "BOOKSHOP_GIT_USER",
    "SENTRY_DSN",
}
CREDENTIALS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
TRACE = """
{"schemaVersion": "1.5", "workflow": {
  "specification": {"tasks": [{"id": "align"}]},
  "execution": {"tasks": [{"id": "align", "command": {"program": "true"}, "runtimeInSeconds": 9}]}}}
"""


@pytest.fixture
def example(tmp_path: Path) -> Configuration:
    """Return it as `configure` reads it."""
    (tmp_path / "slipway.yaml").write_text(TEXT)
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "genome.json").write_text(TRACE)
    return read_configuration(tmp_path / "slipway.yaml", dict.fromkeys(SECRETS | CREDENTIALS, "x"))


def test_its_blocks_can_be_saved(example: Configuration) -> None:
    """Who copies it would be refused."""
    names = {"project/bookshop", "environment/base", "environment/dev"}
    assert set(build_blocks(example)) == names | {"provider/local", "repository/offsite"}


def test_its_steps_are_a_graph(example: Configuration, tmp_path: Path) -> None:
    """Who copies the workload would get a plan that is refused."""
    release = example.projects["bookshop"].workloads["release"]
    assert isinstance(release, StepsWorkload)
    graph = split_steps("bookshop", "release", release, tmp_path, {})
    assert {step.group or step.id for step in graph.steps} == {step.id for step in release.steps}


def shown() -> dict[str, set[str]]:
    """Return the keys that the example shows, by what they belong to."""
    found: dict[str, set[str]] = defaultdict(set)

    def note(owner: str, *values: Any) -> None:
        for value in values:
            found[owner] |= set(value)

    whole = yaml.safe_load(TEXT)
    project = whole["projects"]["bookshop"]
    services, workloads = project["services"].values(), project["workloads"]
    steps = workloads["release"]["steps"]
    note("Configuration", whole)
    note("ProjectSpec", project)
    note("ServiceSpec", *services)
    note("PytestWorkload", workloads["tests"])
    note("StepsWorkload", workloads["release"])
    note("WfformatWorkload", workloads["genome"])
    note("StepSpec", *steps)
    demanding = [*services, workloads["tests"], *steps]
    note("Resources", *(each["demand"] for each in demanding if "demand" in each))
    note("ProjectEnvironment", *project["environments"].values())
    note("EnvironmentSpec", *whole["environments"].values())
    note("ShellProvider", *whole["providers"].values())
    note("ResticRepository", *whole["repositories"].values())
    return found


@pytest.mark.parametrize(
    "model",
    [
        *(Configuration, ProjectSpec, ServiceSpec, PytestWorkload, StepsWorkload, StepSpec),
        *(WfformatWorkload, Resources, ProjectEnvironment, EnvironmentSpec),
        *(ShellProvider, ResticRepository),
    ],
)
def test_it_shows_every_key(model: type[Any]) -> None:
    """A user would not learn what can be configured."""
    known = {name for name in model.model_fields if not name.startswith("_")}
    assert known - shown()[model.__name__] == set()
