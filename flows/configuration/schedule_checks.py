"""Checks the schedules of a project before they are saved."""

from __future__ import annotations

import json
import re
import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from prefect.server.schemas.schedules import CronSchedule
from pydantic import ValidationError

from flows.configuration.parameter_errors import unfit
from flows.configuration.schedule_changes import WORKLOAD, ProjectSchedule
from tasks.errors import BadInputError, NotFoundError

_CRON_FIELDS = 5
_LEADING_ZEROS = re.compile(r"\b0+(?=\d)")
_EXAMPLE = "Write minute, hour, day, month and day of the week, e.g. '0 3 * * *'."


async def check_schedule(
    schedule: ProjectSchedule,
    schema: Mapping[str, Any],
    workloads: Collection[str],
    environments: Collection[str],
) -> None:
    """Refuse a schedule that the server cannot plan, or whose runs could only fail.

    Args:
        schedule: The schedule as configured.
        schema: The schema of the operation's parameters.
        workloads: The workloads of its project.
        environments: All environments that are configured.

    Raises:
        BadInputError: It names the field below the project.
    """
    await _check_time(schedule)
    _refuse_not_a_number(schedule)
    if complaint := unfit(dict(schema), dict(schedule.parameters)):
        problem = f"are refused by the operation {schedule.operation}: {complaint.rstrip('.')}"
        remedy = "Correct them, or leave them out."
        raise BadInputError(
            f"{schedule.field}.parameters", dict(schedule.parameters), problem, remedy
        )
    values = _with_defaults(schedule, schema)
    environment = values.get("environment")
    if environment and environment not in environments:
        remedy = "Correct it, or add it to `environments`."
        raise NotFoundError(
            f"{schedule.field}.environment", environment, sorted(environments), remedy
        )
    workload = values.get(WORKLOAD)
    if isinstance(workload, str) and workload and workload not in workloads:
        remedy = 'Name one of its workloads, or write `parameters: {workload: ""}`.'
        raise NotFoundError(
            f"{schedule.field}.parameters.workload", workload, sorted(workloads), remedy
        )


def refuse_repeated(
    schedules: Sequence[ProjectSchedule], schemas: Mapping[str, Mapping[str, Any]]
) -> None:
    """Refuse a schedule that is there twice, however it is written: each run would be made twice.

    Args:
        schedules: The schedules of a project.
        schemas: The schema of the parameters of each operation.

    Raises:
        BadInputError: It names the second.
    """
    contents = [
        replace(
            schedule,
            field="",
            cron=_LEADING_ZEROS.sub("", " ".join(schedule.cron.lower().split())),
            parameters=_with_defaults(schedule, schemas[schedule.operation]),
        )
        for schedule in schedules
    ]
    for schedule, content in zip(schedules, contents, strict=True):
        first = schedules[contents.index(content)]
        if first is not schedule:
            problem, remedy = f"is the same as {first.field}", "Leave one of them out."
            raise BadInputError(schedule.field, schedule.cron, problem, remedy)


def _with_defaults(schedule: ProjectSchedule, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return all parameters of a run of ``schedule``."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    defaults = {name: field["default"] for name, field in properties.items() if "default" in field}
    return {**defaults, **schedule.parameters}


def _refuse_not_a_number(schedule: ProjectSchedule) -> None:
    """Refuse what JSON cannot hold: the server would store null, e.g. instead of a limit."""
    try:
        json.dumps(dict(schedule.parameters), allow_nan=False, default=str)
    except ValueError as error:
        field, problem = f"{schedule.field}.parameters", "hold a number that JSON does not have"
        remedy = "Write a number, or leave it out."
        raise BadInputError(field, dict(schedule.parameters), problem, remedy) from error


@cache
def _timezones() -> set[str]:
    """Return the names of all time zones, which are read from some hundred files."""
    return zoneinfo.available_timezones()


async def _check_time(schedule: ProjectSchedule) -> None:
    zones, field = _timezones(), f"{schedule.field}.cron"
    if schedule.timezone not in zones:
        remedy = "Write a name of the IANA database, e.g. Europe/Berlin."
        raise NotFoundError(f"{schedule.field}.timezone", schedule.timezone, sorted(zones), remedy)
    fields = schedule.cron.split()
    is_short = len(fields) == 1 and schedule.cron.startswith("@")
    if not schedule.cron.isascii() or (len(fields) != _CRON_FIELDS and not is_short):
        raise BadInputError(field, schedule.cron, "is not a cron expression", _EXAMPLE)
    try:
        times = CronSchedule(cron=schedule.cron, timezone=schedule.timezone)
    except ValidationError as error:
        raise BadInputError(field, schedule.cron, "is not a cron expression", _EXAMPLE) from error
    try:
        occurs = bool(await times.get_dates(n=1))
    except (ValueError, OverflowError):
        occurs = False
    if not occurs:
        problem, remedy = "never occurs", "Write a day that there is, e.g. '0 0 28 2 *'."
        raise BadInputError(field, schedule.cron, problem, remedy)
