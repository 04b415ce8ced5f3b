"""Tests that each slipway.yaml of README and docs/ is accepted, and that no key is missing."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from blocks.environment_spec import EnvironmentSpec, ProjectEnvironment
from blocks.project_spec import ProjectSpec, ServiceSpec
from blocks.providers.interface import Resources
from blocks.providers.shell import ShellProvider
from blocks.repositories.restic import ResticRepository
from blocks.schedule_spec import (
    OperationSchedules,
    ScheduledPytest,
    ScheduledSteps,
    ScheduledWfformat,
    ScheduleSpec,
)
from blocks.workload_spec import StepSpec, StepsWorkload
from flows.configuration.block_loading import PROVIDERS, REPOSITORIES
from flows.configuration.schedule_changes import OPERATIONS, project_schedules
from flows.configuration.schedule_checks import check_schedule
from flows.configure import build_blocks
from stack.registration.operations import strict_schema
from tasks.configuration import Configuration, read_configuration
from tasks.notification_spec import NotificationSpec
from tasks.settings import Settings
from tasks.split.declared import split_steps
from tests.readme import README, Document, document
from tests.run_forms import run_forms

CONFIGURATION = document("configuration")
[TEXT] = CONFIGURATION.blocks("yaml")
SECRETS = {
    "BOOKSHOP_API_KEY",
    "BOOKSHOP_BACKUP_PASSWORD",
    "BOOKSHOP_BACKUP_USER",
    "BOOKSHOP_GIT_USER",
    "SENTRY_DSN",
}
ADDRESSES = {"ONCALL_URL": "json://127.0.0.1:1/"}
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
    environ = dict.fromkeys(SECRETS | CREDENTIALS, "x") | ADDRESSES
    return read_configuration(tmp_path / "slipway.yaml", environ)


def test_its_blocks_can_be_saved(example: Configuration) -> None:
    """Who copies it would be refused."""
    names = {"project/bookshop", "environment/base", "environment/dev"}
    others = {"provider/local", "repository/offsite", "notification/oncall"}
    assert set(build_blocks(example)) == names | others


def test_its_steps_are_a_graph(example: Configuration, tmp_path: Path) -> None:
    """Who copies the workload would get a plan that is refused."""
    release = example.projects["bookshop"].workloads["release"]
    assert isinstance(release, StepsWorkload)
    graph = split_steps("bookshop", "release", release, tmp_path, {})
    assert {step.group or step.id for step in graph.steps} == {step.id for step in release.steps}


async def test_its_schedules_can_be_saved(example: Configuration) -> None:
    """Who copies one would be refused, or have a run that fails every night."""
    spec = example.projects["bookshop"]
    schedules = list(project_schedules("bookshop", spec))
    assert {each.operation for each in schedules} == set(OPERATIONS)
    for each in schedules:
        form = strict_schema(run_forms()[f"{each.operation}/{each.operation}"])
        await check_schedule(each, form, spec.workloads, example.environments)


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
    note("ScheduledPytest", workloads["tests"])
    note("ScheduledSteps", workloads["release"])
    note("ScheduledWfformat", workloads["genome"])
    note("OperationSchedules", project["schedules"])
    note("ScheduleSpec", *project["schedules"].values())
    note("StepSpec", *steps)
    demanding = [*services, workloads["tests"], *steps]
    note("Resources", *(each["demand"] for each in demanding if "demand" in each))
    note("ProjectEnvironment", *project["environments"].values())
    note("EnvironmentSpec", *whole["environments"].values())
    note("ShellProvider", *whole["providers"].values())
    note("ResticRepository", *whole["repositories"].values())
    note("NotificationSpec", *whole["notifications"].values())
    return found


TABLES: dict[type[Any], str] = {
    Configuration: "Sections of the file",
    ProjectSpec: "Keys of a project",
    ServiceSpec: "Keys of a service",
    ScheduledPytest: "Keys of a pytest workload",
    ScheduledSteps: "Keys of a workload of steps",
    StepSpec: "Keys of a step",
    ScheduledWfformat: "Keys of a workload from WfFormat",
    OperationSchedules: "Keys of schedules",
    ScheduleSpec: "Keys of a schedule",
    Resources: "Keys of a demand",
    ProjectEnvironment: "Keys of a project in one environment",
    EnvironmentSpec: "Keys of an environment",
    ShellProvider: "Keys of a provider of kind shell",
    ResticRepository: "Keys of a repository of kind restic",
    NotificationSpec: "Keys of a notification",
}
"""Below which heading of docs/configuration.md the keys of a model stand."""


def written(default: object) -> str:
    """Return a default as the page writes it; nothing where it is empty."""
    if isinstance(default, Resources):
        given = default.model_dump(exclude_defaults=True)
        inside = ", ".join(f"{name}: {amount:g}" for name, amount in given.items())
        return f"`{{{inside}}}`" if inside else ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, int | float):
        return f"`{default:g}`"
    return f"`{default}`" if default else ""


def keys(model: type[Any]) -> dict[str, Any]:
    """Return the fields of ``model`` that a user may write."""
    return {name: each for name, each in model.model_fields.items() if not name.startswith("_")}


@pytest.mark.parametrize("model", TABLES)
def test_it_shows_every_key(model: type[Any]) -> None:
    """A user would not learn what can be configured."""
    assert set(keys(model)) - shown()[model.__name__] == set()


@pytest.mark.parametrize(("model", "title"), TABLES.items())
def test_every_key_is_explained_with_its_default(model: type[Any], title: str) -> None:
    """A user would believe another default, or look for a key that is gone."""
    rows = CONFIGURATION.table_below(title)
    assert all(meaning for _, _, meaning in rows)
    assert {row[0]: row[1] for row in rows} == {
        f"`{name}`": "required"
        if field.is_required()
        else written(field.default)
        if field.default_factory is None
        else ""
        for name, field in keys(model).items()
    }


@pytest.mark.parametrize("page", [README, document("quick-start")], ids=["README", "quick-start"])
def test_the_short_files_are_accepted(page: Document, tmp_path: Path) -> None:
    """Who begins with one would be refused."""
    [text] = page.blocks("yaml")
    (tmp_path / "slipway.yaml").write_text(text)
    read = read_configuration(tmp_path / "slipway.yaml", dict.fromkeys(SECRETS, "x"))
    assert build_blocks(read)


def test_every_kind_of_provider_and_repository_is_explained() -> None:
    """A user would not learn of a kind, or write one that is gone."""
    told = re.findall(r"^### Keys of a (\w+) of kind (\w+)$", CONFIGURATION.text, re.MULTILINE)
    providers = [("provider", kind) for kind in PROVIDERS]
    assert told == [*providers, *(("repository", kind) for kind in REPOSITORIES)]


def written_setting(default: object) -> str:
    """Return the default of a setting as the page writes it."""
    plain = default.get_secret_value() if isinstance(default, SecretStr) else default
    text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    return f"`{text}`" if text else ""


def test_every_setting_is_listed() -> None:
    """A user would not find what can be set, or believe another default."""
    assert CONFIGURATION.table("setting") == [
        (f"`SLIPWAY_{name.upper()}`", written_setting(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]
