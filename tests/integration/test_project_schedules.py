"""Tests of the schedules that projects configure, as a running server has and plans them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

from stack.api import Json
from tasks.home import Home
from tests.integration.conftest import Stack
from tests.integration.observation import eventually

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "timed"
CHECKS = {"kind": "steps", "steps": [{"id": "one", "run": "true"}]}
YEARLY = "0 0 1 1 *"
BACKUP = {"cron": "0 2 * * *", "timezone": "Europe/Berlin", "environment": NAME}
RUN_SLUG, BACKUP_SLUG = f"project:{NAME}/checks", f"project:{NAME}/backup"


@dataclass(frozen=True)
class Timed:
    """A project of a stack, whose schedules change."""

    stack: Stack
    source: str

    def document(self, schedule: Any, **schedules: Any) -> Json:
        """Return a ``slipway.yaml`` whose workload and operations have these schedules."""
        workload = {**CHECKS, "schedule": schedule} if schedule else CHECKS
        project = {"source": self.source, "kind": "procfile", "workloads": {"checks": workload}}
        return {
            "projects": {NAME: {**project, "schedules": schedules}},
            "environments": {NAME: {}},
        }

    def configure(self, schedule: Any = None, **schedules: Any) -> list[str]:
        """Configure the project; return the slugs of the schedules of all projects."""
        self.stack.configure(NAME, self.document(schedule, **schedules))
        return [*self.schedules("run"), *self.schedules("backup")]

    def path(self, operation: str) -> str:
        """Return where the API has the deployment of an operation."""
        return f"/deployments/{self.stack.api.deployment(f'{operation}/{operation}')['id']}"

    def schedules(self, operation: str) -> dict[str, Json]:
        """Return the schedules of an operation by slug; by id where there is no slug."""
        rows = self.stack.api.call("GET", f"{self.path(operation)}/schedules")
        return {each["slug"] or each["id"]: each for each in rows}

    def runs(self, operation: str) -> list[Json]:
        """Return the runs that schedules of this project have made, the earliest first."""
        query = {
            "deployment_id": {"any_": [self.path(operation).rpartition("/")[2]]},
            "tags": {"all_": ["auto-scheduled", f"project:{NAME}"]},
        }
        runs = self.stack.api.every("/flow_runs/filter", {"flow_runs": query})
        return sorted(runs, key=lambda each: str(each["expected_start_time"]))


@pytest.fixture(scope="module")
def timed(stack: Stack) -> Iterator[Timed]:
    """Give a project without schedules."""
    source = stack.folder / NAME
    source.mkdir()
    timed = Timed(stack, str(source))
    timed.configure()
    yield timed
    if NAME in _projects(stack):
        stack.done_here("forget", project=NAME)


def _projects(stack: Stack) -> set[str]:
    types = stack.api.call("GET", "/block_types/slug/slipway-project/block_documents")
    return {each["name"] for each in types}


def test_a_workload_runs_by_its_schedule(timed: Timed) -> None:
    """The suite that should run every night would never run, or run as something else."""
    schedule = {"cron": "* * * * *", "environment": NAME, "parameters": {"strategy": "fastest"}}
    timed.configure(schedule)
    stored = timed.schedules("run")[RUN_SLUG]
    assert stored["active"]
    assert stored["schedule"]["cron"] == "* * * * *"
    assert stored["schedule"]["timezone"] == "UTC"
    parameters = {"project": NAME, "workload": "checks", "environment": NAME, "strategy": "fastest"}
    assert stored["parameters"] == parameters
    eventually(lambda: bool(timed.runs("run")), "the server has planned no run")
    first = timed.runs("run")[0]
    assert first["name"] == f"run checks of {NAME}"
    assert first["parameters"] == parameters
    ended = timed.stack.api.wait(first["id"])
    assert ended.succeeded, ended.message
    assert timed.configure() == list(timed.schedules("backup"))
    eventually(
        lambda: all(each["state_type"] != "SCHEDULED" for each in timed.runs("run")),
        "runs of a schedule that is gone still wait",
    )


def test_the_switch_of_the_user_and_schedules_of_the_user_are_kept(timed: Timed) -> None:
    """A paused backup would run again, or a schedule made in the UI be lost for good."""
    timed.configure(backup=BACKUP)
    path = timed.path("backup")
    stored = timed.schedules("backup")[BACKUP_SLUG]
    assert stored["schedule"]["timezone"] == "Europe/Berlin"
    assert stored["parameters"] == {"project": NAME, "environment": NAME}
    off = {"active": False, "parameters": stored["parameters"]}
    timed.stack.api.call("PATCH", f"{path}/schedules/{stored['id']}", off)
    new = {"schedule": {"cron": YEARLY, "timezone": "UTC"}, "parameters": {"project": "mine"}}
    [own] = timed.stack.api.call("POST", f"{path}/schedules", [new])
    try:
        timed.configure(backup={**BACKUP, "cron": "30 4 * * *"})
        moved = timed.schedules("backup")[BACKUP_SLUG]
        assert (moved["id"], moved["active"]) == (stored["id"], False)
        assert moved["schedule"]["cron"] == "30 4 * * *"
        assert moved["parameters"] == stored["parameters"]
        before = timed.schedules("backup")
        Home(timed.stack.config.root).registration_file.unlink()
        up = timed.stack.make("stack.up")
        assert up.returncode == 0, up.stderr
        after = timed.schedules("backup")
        assert {key: each["schedule"] for key, each in after.items()} == {
            key: each["schedule"] for key, each in before.items()
        }
        assert after[own["id"]]["parameters"] == {"project": "mine"}
        assert not after[BACKUP_SLUG]["active"]
        timed.configure()
        rest = timed.schedules("backup")
        assert BACKUP_SLUG not in rest
        assert {own["id"], "daily"} <= rest.keys()
    finally:
        timed.stack.api.call("DELETE", f"{path}/schedules/{own['id']}")


def test_what_the_user_has_switched_off_stays_off_without_a_change(timed: Timed) -> None:
    """Loading the same file again would switch on what somebody has switched off."""
    timed.configure([YEARLY, {"cron": "0 0 1 6 *", "environment": NAME}])
    first, second = RUN_SLUG, f"project:{NAME}#2/checks"
    stored = timed.schedules("run")
    assert {first, second} <= stored.keys()
    row = f"{timed.path('run')}/schedules/{stored[second]['id']}"
    off = {"active": False, "parameters": stored[second]["parameters"]}
    timed.stack.api.call("PATCH", row, off)
    timed.configure([{"cron": "0 0 1 6 *", "environment": NAME}])
    rest = timed.schedules("run")
    assert first not in rest
    assert not rest[second]["active"]


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        (
            "61 * * * *",
            f"projects.{NAME}.workloads.checks.schedule.0.cron: is not a cron expression",
        ),
        ("0 0 30 2 *", f"projects.{NAME}.workloads.checks.schedule.0.cron: never occurs"),
        (
            {"cron": YEARLY, "timezone": "Europe/Berlim"},
            f"projects.{NAME}.workloads.checks.schedule.0.timezone: unknown; did you mean 'Europe/Berlin'?",
        ),
        (
            {"cron": YEARLY, "environment": "tmied"},
            f"projects.{NAME}.workloads.checks.schedule.0.environment: unknown; did you mean '{NAME}'?",
        ),
        (
            {"cron": YEARLY, "parameters": {"strategy": "luck"}},
            f"projects.{NAME}.workloads.checks.schedule.0.parameters: are refused by the operation run",
        ),
    ],
)
def test_an_impossible_schedule_is_refused_before_anything_is_saved(
    timed: Timed, schedule: object, message: str
) -> None:
    """A run would fail every night, and the file would be half loaded."""
    document = timed.document(schedule)
    document["environments"]["never-saved"] = {}
    path = timed.stack.folder / "impossible.yaml"
    path.write_text(yaml.safe_dump(document))
    path.chmod(0o600)
    run = timed.stack.run_here("configure", file=str(path))
    assert not run.succeeded
    assert run.message.startswith(message)
    names = timed.stack.api.call("GET", "/block_types/slug/slipway-environment/block_documents")
    assert "never-saved" not in {each["name"] for each in names}


def test_forgetting_a_project_removes_its_schedules(timed: Timed) -> None:
    """Every night a run would fail, as it is of a project that is gone."""
    timed.configure()
    timed.configure(YEARLY, backup=BACKUP)
    forgotten = timed.stack.done("forget", project=NAME)
    assert RUN_SLUG in forgotten.message
    assert RUN_SLUG not in timed.schedules("run")
    assert set(timed.schedules("backup")) == {"daily"}
