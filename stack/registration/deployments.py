"""Builds the API bodies of deployments from the entries of prefect.yaml; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from stack.registration.operations import strict_schema
from tasks.errors import BadInputError

_FILE_KEYS = {"name", "prefect-version", "pull", "definitions", "deployments"}
_DEPLOYMENT_KEYS = {
    *("name", "entrypoint", "description", "tags", "parameters", "schedules", "work_pool"),
    "concurrency_limit",
}
_WORK_POOL_KEYS = {"name", "work_queue_name"}
_SCHEDULE_KEYS = {"slug", "cron", "timezone", "active", "parameters"}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Declared:
    """One deployment as prefect.yaml declares it."""

    name: str
    entrypoint: str
    pool: str
    queue: str
    description: str = ""
    tags: tuple[str, ...] = ()
    parameters: Json = field(default_factory=dict)
    schedules: tuple[Json, ...] = ()
    concurrency_limit: int | None = None


def read_deployments(path: Path) -> list[Declared]:
    """Return the deployments declared in the prefect.yaml at ``path``.

    Raises:
        BadInputError: It has a key that is not honoured, or a schedule without a slug or a cron.
    """
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    _refuse_other_keys("prefect.yaml", document, _FILE_KEYS)
    return [declared(entry) for entry in document["deployments"]]


def declared(entry: Mapping[str, Any]) -> Declared:
    """Read one entry of the list ``deployments``.

    Raises:
        BadInputError: It has a key that is not honoured; or a schedule has no slug, so its state
            could not be kept, or no cron.
    """
    place = f"prefect.yaml: {entry['entrypoint']}"
    _refuse_other_keys(place, entry, _DEPLOYMENT_KEYS)
    _refuse_other_keys(f"{place}.work_pool", entry["work_pool"], _WORK_POOL_KEYS)
    for schedule in entry.get("schedules") or ():
        _refuse_other_keys(f"{place}.schedules", schedule, _SCHEDULE_KEYS)
        if not schedule.get("slug") or not schedule.get("cron"):
            raise BadInputError(
                f"{place}.schedules",
                schedule,
                "a schedule needs a slug and a cron",
                "Write e.g. slug: nightly, cron: '0 3 * * *', timezone: UTC.",
            )
    return Declared(
        name=entry["name"],
        entrypoint=entry["entrypoint"],
        pool=entry["work_pool"]["name"],
        queue=entry["work_pool"].get("work_queue_name", "default"),
        description=entry.get("description", ""),
        tags=tuple(entry.get("tags") or ()),
        parameters=entry.get("parameters") or {},
        schedules=tuple(entry.get("schedules") or ()),
        concurrency_limit=entry.get("concurrency_limit"),
    )


def _refuse_other_keys(place: str, entry: Mapping[str, Any], known: set[str]) -> None:
    """Refuse keys that `prefect deploy` may know and `make up` does not honour."""
    for key in entry.keys() - known:
        remedy = f"Leave it out; known are: {', '.join(sorted(known))}."
        raise BadInputError(f"{place}.{key}", entry[key], "is not honoured by `make up`", remedy)


def body_of(entry: Declared, schema: Json, pool: str) -> Json:
    """Return the body that creates or updates a deployment, without its schedules."""
    return {
        "entrypoint": entry.entrypoint,
        "description": entry.description,
        "tags": list(entry.tags),
        "parameters": entry.parameters,
        "parameter_openapi_schema": strict_schema(schema),
        "enforce_parameter_schema": True,
        "work_pool_name": pool,
        "work_queue_name": entry.queue,
        "pull_steps": [],
        **({"concurrency_limit": limit} if (limit := entry.concurrency_limit) else {}),
    }


def new_schedules(entry: Declared, existing: Sequence[Json] = ()) -> list[Json]:
    """Return the schedules of ``entry`` that are not among ``existing``, those of the server."""
    slugs = {each.get("slug") for each in existing}
    return [
        {
            "slug": schedule["slug"],
            "schedule": _cron(schedule),
            "active": schedule.get("active", True),
            "parameters": schedule.get("parameters") or {},
        }
        for schedule in entry.schedules
        if schedule["slug"] not in slugs
    ]


def moved_schedules(entry: Declared, existing: Sequence[Json]) -> dict[str, Json]:
    """Return updates of ``existing``, by id: schedules that ``entry`` declares for another time.

    Each keeps its switch and its parameters, which the user may have changed. The parameters are
    sent, as the server would otherwise empty them. Schedules that the user added are not touched.
    """
    declared_times = {schedule["slug"]: _cron(schedule) for schedule in entry.schedules}
    return {
        each["id"]: {"schedule": cron, "parameters": each.get("parameters") or {}}
        for each in existing
        if (cron := declared_times.get(each.get("slug") or "")) is not None
        and not cron.items() <= each["schedule"].items()
    }


def _cron(schedule: Json) -> Json:
    return {"cron": schedule["cron"], "timezone": schedule.get("timezone", "UTC")}
