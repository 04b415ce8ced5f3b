"""Tests of which schedules are refused before they are saved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flows.configuration.schedule_changes import ProjectSchedule
from flows.configuration.schedule_checks import check_schedule, refuse_repeated
from stack.registration.operations import strict_schema
from tasks.errors import BadInputError
from tests.run_forms import run_forms

SHIP = ProjectSchedule("shop", "ship", "ship", "f", "0 3 * * *", "UTC", {"project": "shop"})
REPORT = replace(SHIP, operation="report", what="report")


async def check(schedule: ProjectSchedule) -> None:
    """Check a schedule of a project with one workload, among two environments."""
    form = strict_schema(run_forms()[f"{schedule.operation}/{schedule.operation}"])
    await check_schedule(schedule, form, ["tests"], ["dev", "prod"])


@pytest.mark.parametrize(
    "schedule",
    [
        SHIP,
        replace(SHIP, cron="*/5 9-17 * * mon-fri", timezone="America/New_York"),
        replace(SHIP, cron="0 0 29 2 *"),
        replace(SHIP, cron="@daily"),
        replace(SHIP, parameters={"project": "shop", "workload": "", "environment": "prod"}),
        replace(REPORT, parameters={"project": "shop", "report": "cost"}),
    ],
)
async def test_what_can_run_is_accepted(schedule: ProjectSchedule) -> None:
    """A user could not schedule what the operation would do."""
    await check(schedule)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"cron": "0 3 * *"},
            "f.cron: is not a cron expression (got '0 3 * *'). Write minute, hour,",
        ),
        ({"cron": ""}, "f.cron: is not a cron expression"),
        ({"cron": "0 0 3 * * *"}, "f.cron: is not a cron expression"),
        ({"cron": "\u0663 3 * * *"}, "f.cron: is not a cron expression"),
        ({"goal": {"budget": float("nan")}}, "f.parameters: hold a number that JSON does not have"),
        ({"cron": "every day"}, "f.cron: is not a cron expression"),
        ({"cron": "0 0 30 2 *"}, "f.cron: never occurs (got '0 0 30 2 *'). Write a day"),
        ({"timezone": "Europe/Berlim"}, "f.timezone: unknown; did you mean 'Europe/Berlin'?"),
        ({"timezone": ""}, "f.timezone: unknown;"),
        ({"environment": "prd"}, "f.environment: unknown; did you mean 'prod'?"),
        ({"workload": "test"}, "f.parameters.workload: unknown; did you mean 'tests'?"),
        ({"version": 3}, "f.parameters: are refused by the operation ship: Validation failed"),
        ({"strategy": "x"}, "f.parameters: are refused by the operation ship: Validation failed"),
    ],
)
async def test_what_could_only_fail_is_refused(change: dict[str, Any], message: str) -> None:
    """A run would fail each night, long after somebody could have mended the file."""
    times = {name: value for name, value in change.items() if name in {"cron", "timezone"}}
    parameters = {"project": "shop", **{n: v for n, v in change.items() if n not in times}}
    with pytest.raises(BadInputError) as caught:
        await check(replace(SHIP, **times, parameters=parameters))
    assert str(caught.value).startswith(message)


async def test_a_report_is_of_no_environment() -> None:
    """The report of one environment would in truth be one of all."""
    with pytest.raises(BadInputError) as caught:
        await check(replace(REPORT, parameters={"project": "shop", "environment": "dev"}))
    assert "'environment' was unexpected" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"cron": "00  03 * * *"},
        {"parameters": {"project": "shop", "environment": "dev"}},
    ],
)
def test_a_schedule_that_is_there_twice_is_refused(change: dict[str, Any]) -> None:
    """Broken: each run of it is made twice."""
    schemas = {"ship": {"properties": {"environment": {"default": "dev"}, "project": {}}}}
    other = replace(SHIP, field="g", cron="0 4 * * *")
    elsewhere = replace(SHIP, field="e", parameters={"project": "shop", "environment": "prod"})
    refuse_repeated([SHIP, other, elsewhere], schemas)
    with pytest.raises(BadInputError) as caught:
        refuse_repeated([SHIP, other, replace(SHIP, field="h", **change)], schemas)
    assert str(caught.value).startswith("h: is the same as f (got '")
    assert str(caught.value).endswith("Leave one of them out.")
