"""Tests of how schedules are written in the configuration of a project."""

from __future__ import annotations

from typing import Any

import pytest

from blocks.project import Project
from blocks.project_spec import ProjectSpec
from blocks.schedule_spec import ScheduledPytest, ScheduleSpec
from blocks.workload_spec import PytestWorkload, WorkloadChoice
from tasks.configuration import checked
from tasks.errors import BadInputError

NIGHTLY = ScheduleSpec(cron="0 3 * * *")
SUMMER = {"cron": "0 3 * 6 *", "timezone": "Europe/Berlin", "environment": "prod"}


def project(**fields: Any) -> ProjectSpec:
    """Return a project with further fields."""
    return ProjectSpec.model_validate({"source": "x", **fields})


@pytest.mark.parametrize(
    ("text", "schedules"),
    [
        ("0 3 * * *", [NIGHTLY]),
        ({"cron": "0 3 * * *"}, [NIGHTLY]),
        (["0 3 * * *", SUMMER], [NIGHTLY, ScheduleSpec.model_validate(SUMMER)]),
        ([], []),
    ],
)
def test_one_schedule_or_several_are_written(text: object, schedules: list[ScheduleSpec]) -> None:
    """A user would have to write a list with keys for the one cron that nearly all have."""
    spec = project(
        workloads={"tests": {"kind": "pytest", "schedule": text}}, schedules={"backup": text}
    )
    assert isinstance(spec.workloads["tests"], ScheduledPytest)
    assert spec.workloads["tests"].schedule == spec.schedules.backup == schedules


def test_a_block_keeps_the_schedules() -> None:
    """What was configured would be gone before it is applied."""
    steps = {"kind": "steps", "steps": [{"id": "a", "run": "true"}], "schedule": [SUMMER]}
    spec = project(workloads={"build": steps}, schedules={"report": "0 6 1 * *"})
    assert Project.of(spec).spec() == spec


def test_a_workload_without_schedules_is_one_of_a_project() -> None:
    """A workload that code has made would be refused."""
    spec = project(workloads={"tests": PytestWorkload(kind="pytest", shards=3)})
    assert spec == project(workloads={"tests": {"kind": "pytest", "shards": 3}})


def test_a_workload_that_a_run_is_given_has_no_schedule() -> None:
    """The form of `run` would have a field that does nothing."""
    assert "schedule" not in PytestWorkload.model_fields
    assert ScheduledPytest not in getattr(WorkloadChoice, "__args__", ())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"backup": {"timezone": "UTC"}}, "p.schedules.backup.0.cron: is missing"),
        ({"backup": {"cron": "x", "when": 1}}, "p.schedules.backup.0.when: unknown key"),
        ({"backup": [3]}, "p.schedules.backup.0: is not a mapping"),
        ({"bakup": "0 3 * * *"}, "p.schedules.bakup: unknown key (got 'bakup'). Did you mean"),
        (
            {"ship": {"cron": "x", "environment": "A B"}},
            "p.schedules.ship.0.environment: is not valid",
        ),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, Any], message: str) -> None:
    """A user would look for a typo in the whole file."""
    with pytest.raises(BadInputError) as caught:
        checked(ProjectSpec, {"source": "x", "schedules": fields}, "p")
    assert str(caught.value).startswith(message)
