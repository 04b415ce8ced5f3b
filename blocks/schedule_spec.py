"""The configuration of schedules: when an operation runs by itself; free of Prefect."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from blocks.parameter import MAX_NAMES, NameOrAll
from blocks.workload_spec import PytestWorkload, StepsWorkload, WfformatWorkload

_MAX_CRON = 1000
"""Characters; the longest that anybody writes lists sixty minutes."""
_MAX_SCHEDULES = 100


class ScheduleSpec(BaseModel):
    """One schedule of an operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cron: str = Field(
        max_length=_MAX_CRON,
        description="Minute, hour, day, month and day of the week, e.g. `0 3 * * *`",
    )
    timezone: str = Field(
        default="UTC", max_length=100, description="The time zone of `cron`, e.g. `Europe/Berlin`"
    )
    environment: NameOrAll = Field(
        default="", description="Where it runs; empty: the operation's default, `dev`"
    )
    parameters: dict[str, JsonValue] = Field(
        default_factory=dict,
        max_length=MAX_NAMES,
        description='Further parameters of the operation, e.g. {"strategy": "cheapest"}',
    )


def _as_list(value: Any) -> Any:
    """Return one schedule, or the cron of one, as a list of schedules."""
    items = value if isinstance(value, list | tuple) else [value]
    return [{"cron": item} if isinstance(item, str) else item for item in items]


Schedules = Annotated[
    list[ScheduleSpec], Field(max_length=_MAX_SCHEDULES), BeforeValidator(_as_list)
]
"""Schedules of one operation: a cron, a schedule, or a list of them."""


class OperationSchedules(BaseModel):
    """The schedules of a project beside those of its workloads, by operation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backup: Schedules = Field(default_factory=list, description="When its data is backed up")
    ship: Schedules = Field(default_factory=list, description="When its version is shipped")
    report: Schedules = Field(default_factory=list, description="When a report on it is written")


class _Scheduled(BaseModel):
    """What a workload has only as one of a project."""

    schedule: Schedules = Field(
        default_factory=list,
        description="When it runs by itself: a cron, e.g. `0 3 * * *`, a schedule, or several",
    )


class ScheduledSteps(StepsWorkload, _Scheduled):
    """A workload of a project, declared step by step."""


class ScheduledPytest(PytestWorkload, _Scheduled):
    """A pytest suite of a project."""


class ScheduledWfformat(WfformatWorkload, _Scheduled):
    """A workflow of another system, as a workload of a project."""


def _as_fields(value: Any) -> Any:
    """Return a workload that was made without schedules as its fields."""
    if isinstance(value, StepsWorkload | PytestWorkload | WfformatWorkload):
        return value.model_dump()
    return value


ProjectWorkload = Annotated[
    Annotated[ScheduledSteps | ScheduledPytest | ScheduledWfformat, Field(discriminator="kind")],
    BeforeValidator(_as_fields),
]
"""A workload as a project configures it."""
