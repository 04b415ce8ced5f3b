"""Tests of the API bodies of the deployments in prefect.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from stack.registration.deployments import (
    Declared,
    body_of,
    declared,
    moved_schedules,
    new_schedules,
    read_deployments,
)
from stack.registration.work_pool import QUEUES
from tasks.errors import BadInputError

ROOT = Path(__file__).parents[3]

NIGHTLY = Declared(
    name="train",
    entrypoint="analytics.flow.train_flow",
    pool="slipway",
    queue="batch",
    schedules=(
        {"slug": "nightly", "cron": "0 3 * * *", "timezone": "UTC", "parameters": {"a": 1}},
    ),
)


def test_every_operation_is_declared() -> None:
    """An operation of the README could not be triggered."""
    entrypoints = [each.entrypoint for each in read_deployments(ROOT / "prefect.yaml")]
    operations = [
        "configure",
        "launch",
        "stop",
        "restart",
        "status",
        "estimate",
        "replay",
        "run",
        "backup",
        "restore",
        "deploy",
        "rollback",
        "ship",
        "forget",
    ]
    expected = [f"flows.{name}.{name}_flow" for name in operations]
    learning = ["analytics.flow.train_flow", "analytics.reports.flow.report_flow"]
    assert sorted(entrypoints) == sorted([*expected, *learning])


@pytest.mark.parametrize(
    "each", read_deployments(ROOT / "prefect.yaml"), ids=lambda each: each.name
)
def test_every_deployment_is_complete(each: Declared) -> None:
    """A deployment would show up without a word, or wait in a queue nobody serves."""
    assert each.name == each.entrypoint.rsplit(".", 1)[-1].removesuffix("_flow")
    assert ":" not in each.entrypoint  # a file entrypoint loads a flow twice
    assert each.description
    assert "slipway" in each.tags
    assert each.queue in QUEUES
    for schedule in each.schedules:
        ZoneInfo(schedule["timezone"])


@pytest.mark.parametrize("urgent", ["deploy", "rollback", "stop"])
def test_what_moves_traffic_goes_first(urgent: str) -> None:
    """A rollback would wait behind a night's training."""
    queues = {each.entrypoint: each.queue for each in read_deployments(ROOT / "prefect.yaml")}
    assert queues[f"flows.{urgent}.{urgent}_flow"] == "critical"
    assert queues["analytics.flow.train_flow"] == "batch"
    assert queues["analytics.reports.flow.report_flow"] == "batch"
    assert queues["flows.backup.backup_flow"] == "batch"


def test_backup_sleeps_until_a_project_is_there() -> None:
    """Every night would bring a failed backup of nothing."""
    [backup] = [
        each for each in read_deployments(ROOT / "prefect.yaml") if "backup" in each.entrypoint
    ]
    assert [schedule["active"] for schedule in backup.schedules] == [False]


def test_a_schedule_needs_a_slug() -> None:
    """The switch of an unnamed schedule would be lost at the next registration."""
    entry = {
        "name": "train",
        "entrypoint": "flows.a.a_flow",
        "work_pool": {"name": "slipway"},
        "schedules": [{"cron": "0 3 * * *"}],
    }
    with pytest.raises(BadInputError, match="needs a slug"):
        declared(entry)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"triggers": []}, "triggers"),
        ({"job_variables": {"env": {}}}, "job_variables"),
        ({"work_pool": {"name": "slipway", "job_variables": {}}}, "work_pool.job_variables"),
        ({"schedules": [{"slug": "a", "interval": 60}]}, "schedules.interval"),
    ],
)
def test_a_key_that_is_not_honoured_is_refused(change: dict[str, Any], place: str) -> None:
    """Broken: a trigger or a variable is written down, and nothing ever comes of it."""
    entry = {"name": "a", "entrypoint": "flows.a.a_flow", "work_pool": {"name": "slipway"}}
    with pytest.raises(BadInputError, match=rf"flows\.a\.a_flow\.{place}: is not honoured"):
        declared({**entry, **change})


def test_a_concurrency_limit_is_sent_where_there_is_one() -> None:
    """Broken: it is ignored, or `make up` takes away the one that a user has set."""
    assert "concurrency_limit" not in body_of(NIGHTLY, {"properties": {}}, "own")
    limited = replace(NIGHTLY, concurrency_limit=2)
    assert body_of(limited, {"properties": {}}, "own")["concurrency_limit"] == 2


def test_body_has_no_pull_steps() -> None:
    """Each flow run would start with steps that have nothing to do."""
    body = body_of(NIGHTLY, {"properties": {}}, "own")
    assert body["pull_steps"] == []
    assert (body["work_pool_name"], body["work_queue_name"]) == ("own", "batch")


def test_a_known_schedule_keeps_what_the_user_chose() -> None:
    """`make up` would switch a nightly backup off again, or forget its project."""
    [new] = new_schedules(NIGHTLY)
    assert (new["slug"], new["active"], new["parameters"]) == ("nightly", True, {"a": 1})
    cron = {"cron": "0 3 * * *", "timezone": "UTC", "day_or": True}
    existing = {"id": "s", "slug": "nightly", "schedule": cron, "active": False, "parameters": {}}
    assert new_schedules(NIGHTLY, [existing]) == []
    assert moved_schedules(NIGHTLY, [existing]) == {}
    hourly = {**existing, "schedule": {**cron, "cron": "0 * * * *"}, "parameters": {"b": 2}}
    sent = {"schedule": {"cron": "0 3 * * *", "timezone": "UTC"}, "parameters": {"b": 2}}
    assert moved_schedules(NIGHTLY, [hourly]) == {"s": sent}


def test_a_schedule_of_the_user_is_left_alone() -> None:
    """`make up` would take a schedule made in the UI for one of ours."""
    own = {"id": "u", "slug": None, "schedule": {"interval": 60.0}, "active": True}
    assert moved_schedules(NIGHTLY, [own]) == {}
    assert [each["slug"] for each in new_schedules(NIGHTLY, [own])] == ["nightly"]


def test_the_server_refuses_unknown_parameters() -> None:
    """A misspelt parameter would be accepted, and crash the process that meets it."""
    body = body_of(NIGHTLY, {"properties": {"project": {}}}, "slipway")
    assert body["enforce_parameter_schema"]
    assert body["parameter_openapi_schema"] == {
        "properties": {"project": {}},
        "additionalProperties": False,
    }
