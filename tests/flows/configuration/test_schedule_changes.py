"""Tests of what is changed on the server when a project changes its schedules."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.project_spec import ProjectSpec
from flows.configuration.schedule_changes import (
    ProjectSchedule,
    ScheduleChanges,
    StoredSchedule,
    owner,
    project_schedules,
    schedule_changes,
)
from tasks.errors import BadInputError

SPEC = {
    "source": "x",
    "workloads": {"tests": {"kind": "pytest", "schedule": "0 3 * * *"}},
    "schedules": {
        "backup": {"cron": "0 2 * * *", "timezone": "Europe/Berlin", "environment": "prod"},
        "report": {"cron": "0 6 1 * *", "parameters": {"report": "cost"}},
    },
}
DAILY = ProjectSchedule("shop", "backup", "backup", "f", "0 2 * * *", "UTC", {"project": "shop"})
HOURLY = replace(DAILY, cron="0 * * * *")
USER = StoredSchedule("u", "", "0 1 * * *", "UTC", {"project": "shop"})
OWN_SLUG = StoredSchedule("d", "daily", "0 2 * * *", "UTC", {"project": ""})


def stored(row: str, slug: str, schedule: ProjectSchedule = DAILY) -> StoredSchedule:
    """Return ``schedule`` as the server has it."""
    return StoredSchedule(row, slug, schedule.cron, schedule.timezone, schedule.parameters)


def changes(configured: list[ProjectSchedule], *rows: StoredSchedule) -> ScheduleChanges:
    """Return the changes where every project is managed."""
    return schedule_changes(configured, rows, bool)


def test_a_schedule_gives_its_runs_the_parameters_of_the_project() -> None:
    """A run would be of another project or place, or miss its workload."""
    run, backup, report = project_schedules("shop", ProjectSpec.model_validate(SPEC))
    assert (run.operation, run.what, run.timezone) == ("run", "tests", "UTC")
    assert run.parameters == {"project": "shop", "workload": "tests"}
    assert run.field == "projects.shop.workloads.tests.schedule.0"
    assert backup.parameters == {"project": "shop", "environment": "prod"}
    assert (backup.cron, backup.timezone) == ("0 2 * * *", "Europe/Berlin")
    assert report.parameters == {"project": "shop", "report": "cost"}


@pytest.mark.parametrize("name", ["project", "workload", "environment"])
def test_parameters_do_not_say_what_the_schedule_says(name: str) -> None:
    """A user would believe the one that is overruled."""
    schedule = {"cron": "0 3 * * *", "parameters": {name: "x"}}
    fields: dict[str, Any] = {"tests": {"kind": "pytest", "schedule": schedule}}
    spec = ProjectSpec.model_validate({"source": "x", "workloads": fields})
    with pytest.raises(BadInputError) as caught:
        list(project_schedules("shop", spec))
    assert caught.value.field == f"projects.shop.workloads.tests.schedule.0.parameters.{name}"


def test_a_new_schedule_gets_a_slug_of_its_own() -> None:
    """Nobody could tell it from those of the user, and it would be made again each time."""
    difference = changes([DAILY, HOURLY], USER, OWN_SLUG)
    assert dict(difference.new) == {"project:shop/backup": DAILY, "project:shop#2/backup": HOURLY}
    assert (dict(difference.moved), list(difference.removed)) == ({}, [])


def test_another_time_moves_the_schedule() -> None:
    """A new schedule would not have the switch that the user has set."""
    moved = changes([HOURLY], stored("a", "project:shop/backup"))
    assert moved == ScheduleChanges({}, {"a": HOURLY}, [], ["project:shop/backup"])


@pytest.mark.parametrize(
    "other",
    [
        replace(DAILY, timezone="Europe/Berlin"),
        replace(DAILY, parameters={"project": "shop", "environment": "prod"}),
    ],
)
def test_another_zone_and_other_parameters_are_changes(other: ProjectSchedule) -> None:
    """What was changed in the file would never hold."""
    assert dict(changes([other], stored("a", "project:shop/backup")).moved) == {"a": other}


def test_of_several_the_one_that_is_as_configured_stays() -> None:
    """Removing the first of two would move the second, with the switch of the first."""
    rows = stored("a", "project:shop/backup"), stored("b", "project:shop#2/backup", HOURLY)
    left = changes([HOURLY], *rows)
    assert (dict(left.new), dict(left.moved), list(left.removed)) == ({}, {}, [rows[0]])
    assert left.slugs == ["project:shop#2/backup"]


def test_a_workload_may_be_called_anything() -> None:
    """A second schedule of one workload would be taken for that of another."""
    odd = [replace(DAILY, operation="run", what=what) for what in ("tests", "#2/tests", "2\n")]
    difference = changes([odd[0], replace(odd[0], cron="1 1 * * *"), *odd[1:]])
    assert len(difference.new) == 4
    again = changes(
        [odd[0], replace(odd[0], cron="1 1 * * *"), *odd[1:]],
        *(stored(slug, slug, schedule) for slug, schedule in difference.new.items()),
    )
    assert (dict(again.new), dict(again.moved), list(again.removed)) == ({}, {}, [])


def test_only_managed_projects_are_touched() -> None:
    """A project that cannot be read would lose its schedules."""
    rows = [stored("a", "project:shop/backup"), stored("b", "project:blog/backup"), USER, OWN_SLUG]
    left = schedule_changes([], rows, lambda project: project == "shop")
    assert [each.id for each in left.removed] == ["a"]


CRONS = st.lists(st.sampled_from(["0 1 * * *", "0 2 * * *", "0 3 * * *"]), max_size=4)


@given(CRONS, CRONS)
def test_a_second_look_changes_nothing(before: list[str], after: list[str]) -> None:
    """Each `configure` would move schedules to and fro, or leave some that nobody configures."""
    rows: dict[str, StoredSchedule] = {"u": USER}
    ids = map(str, count())
    for crons in (before, after):
        configured = [replace(DAILY, cron=cron) for cron in crons]
        difference = changes(configured, *rows.values())
        for removed in difference.removed:
            del rows[removed.id]
        rows |= {row: stored(row, rows[row].slug, each) for row, each in difference.moved.items()}
        for slug, schedule in difference.new.items():
            row = next(ids)
            rows[row] = stored(row, slug, schedule)
        own = [each for each in rows.values() if owner(each.slug)]
        assert sorted(each.cron for each in own) == sorted(crons)
        assert sorted(each.slug for each in own) == sorted({each.slug for each in own})
        assert sorted(difference.slugs) == sorted(each.slug for each in own)
    last = changes(configured, *rows.values())
    assert (dict(last.new), dict(last.moved), list(last.removed)) == ({}, {}, [])
    assert rows["u"] == USER
