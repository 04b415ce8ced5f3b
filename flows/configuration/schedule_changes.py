"""Compares the schedules that projects configure with those of the server; pure.

A schedule that Slipway makes for a project has a slug that says so. All others belong to the user.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from blocks.project_spec import ProjectSpec
from blocks.schedule_spec import ScheduleSpec
from tasks.errors import BadInputError

OPERATIONS = ("run", "backup", "ship", "report")
"""The operations that a project can schedule."""
WORKLOAD = "workload"
_SLUG = re.compile(r"project:([a-z0-9-]+)(?:#(\d+))?/(.+)", re.DOTALL)
"""The project, the number of the schedule from the second on, and what is scheduled."""


@dataclass(frozen=True, slots=True)
class ProjectSchedule:
    """A schedule as a project configures it.

    ``what`` is the workload that it runs, or else the operation; ``field`` is its path in the file.
    """

    project: str
    operation: str
    what: str
    field: str
    cron: str
    timezone: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredSchedule:
    """A schedule as the server has it; ``cron`` is empty where it is none by cron."""

    id: str
    slug: str
    cron: str
    timezone: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ScheduleChanges:
    """What is to be done for the server to have the schedules of one operation.

    ``new`` are new schedules by slug, ``moved`` are the changed ones by id, and ``removed`` are
    schedules that no project configures any more. ``slugs`` are all that are there afterwards.
    """

    new: Mapping[str, ProjectSchedule]
    moved: Mapping[str, ProjectSchedule]
    removed: Sequence[StoredSchedule]
    slugs: Sequence[str]


def project_schedules(project: str, spec: ProjectSpec) -> Iterator[ProjectSchedule]:
    """Yield every schedule that ``project`` configures, with the parameters of its runs.

    Raises:
        BadInputError: The parameters of one name what the schedule itself says.
    """
    for name, workload in spec.workloads.items():
        for number, schedule in enumerate(getattr(workload, "schedule", ())):
            field = f"projects.{project}.workloads.{name}.schedule.{number}"
            fixed = {"project": project, WORKLOAD: name}
            yield _project_schedule("run", name, field, schedule, fixed)
    for operation in OPERATIONS[1:]:
        for number, schedule in enumerate(getattr(spec.schedules, operation)):
            field = f"projects.{project}.schedules.{operation}.{number}"
            yield _project_schedule(operation, operation, field, schedule, {"project": project})


def _project_schedule(
    operation: str, what: str, field: str, schedule: ScheduleSpec, fixed: Mapping[str, str]
) -> ProjectSchedule:
    for name in sorted({*fixed, "environment"} & schedule.parameters.keys()):
        problem = "is said by the schedule itself, not by its parameters"
        remedy = "Leave it out; the environment is written beside `cron`."
        raise BadInputError(
            f"{field}.parameters.{name}", schedule.parameters[name], problem, remedy
        )
    where = {"environment": schedule.environment} if schedule.environment else {}
    parameters = {**schedule.parameters, **where, **fixed}
    return ProjectSchedule(
        fixed["project"], operation, what, field, schedule.cron, schedule.timezone, parameters
    )


def owner(slug: str) -> str:
    """Return the project whose schedule has ``slug``; empty for a schedule of the user."""
    match = _SLUG.fullmatch(slug)
    return match[1] if match else ""


def schedule_changes(
    configured: Iterable[ProjectSchedule],
    stored: Iterable[StoredSchedule],
    is_managed: Callable[[str], bool],
) -> ScheduleChanges:
    """Return what is to be done for the server to have the ``configured`` ones of an operation.

    Args:
        configured: The schedules of one operation, of projects that are managed.
        stored: All schedules of its deployment.
        is_managed: Tells of a project whether its schedules are looked at.
    """
    wanted: dict[tuple[str, str], list[ProjectSchedule]] = defaultdict(list)
    for schedule in configured:
        wanted[schedule.project, schedule.what].append(schedule)
    known: dict[tuple[str, str], list[StoredSchedule]] = defaultdict(list)
    for each in sorted(stored, key=lambda each: _number(each.slug)):
        if is_managed(owner(each.slug)):
            known[owner(each.slug), _what(each.slug)].append(each)
    changes = [
        _changes_of(key, wanted.get(key, []), known.get(key, []))
        for key in wanted.keys() | known.keys()
    ]
    return ScheduleChanges(
        new={slug: schedule for each in changes for slug, schedule in each.new.items()},
        moved={row: schedule for each in changes for row, schedule in each.moved.items()},
        removed=[schedule for each in changes for schedule in each.removed],
        slugs=sorted(slug for each in changes for slug in each.slugs),
    )


def _changes_of(
    key: tuple[str, str], wanted: Sequence[ProjectSchedule], known: Sequence[StoredSchedule]
) -> ScheduleChanges:
    """Return the changes for one workload or operation of a project.

    A schedule that is as configured stays as it is. The others are moved in their order, so that
    each keeps its switch.
    """
    missing, spare = _unmatched(wanted, known)
    moved = {old.id: schedule for schedule, old in zip(missing, spare, strict=False)}
    removed = spare[len(missing) :]
    kept = [each.slug for each in known if each not in removed]
    free = (slug for slug in _slugs(*key) if slug not in kept)
    new = dict(zip(free, missing[len(spare) :], strict=False))
    return ScheduleChanges(new, moved, removed, [*kept, *new])


def _unmatched(
    wanted: Sequence[ProjectSchedule], known: Sequence[StoredSchedule]
) -> tuple[list[ProjectSchedule], list[StoredSchedule]]:
    """Return the wanted schedules that are not stored, and the stored ones that are not wanted."""
    missing, spare = [], list(known)
    for schedule in wanted:
        same = next((each for each in spare if _is_same(schedule, each)), None)
        if same is None:
            missing.append(schedule)
        else:
            spare.remove(same)
    return missing, spare


def _is_same(schedule: ProjectSchedule, stored: StoredSchedule) -> bool:
    times = (schedule.cron, schedule.timezone) == (stored.cron, stored.timezone)
    return times and dict(schedule.parameters) == dict(stored.parameters)


def _slugs(project: str, what: str) -> Iterator[str]:
    yield f"project:{project}/{what}"
    for number in count(2):
        yield f"project:{project}#{number}/{what}"


def _number(slug: str) -> int:
    match = _SLUG.fullmatch(slug)
    return int(match[2] or 1) if match else 0


def _what(slug: str) -> str:
    match = _SLUG.fullmatch(slug)
    return match[3] if match else ""
