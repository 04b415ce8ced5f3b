"""Tests of schedules that never occur: new ones are refused, and stored ones end."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

from stack.server.main import end_schedules
from stack.server.request_validation import admitted
from tasks.errors import BadInputError

pytestmark = pytest.mark.prefect

DAY = 86_400
TIMELESS: list[tuple[str, dict[str, Any]]] = [
    ("cron: never occurs", {"cron": "0 0 30 2 *"}),
    ("cron: never occurs", {"cron": "0 0 31 4 *", "timezone": "Europe/Berlin"}),
    ("cron: has more than five fields", {"cron": "0 0 1 1 * 0 1980"}),
    ("cron: has more than 1000 characters", {"cron": "0," * 1000 + "0 * * * *"}),
    ("cron: has more than five fields", {"cron": "* * * * * *"}),
    ("interval: is shorter than 10 s", {"interval": 0.001}),
    ("interval: is longer than ten years", {"interval": 1e11}),
    ("interval: is longer than ten years", {"interval": "P999999999D"}),
    ("anchor_date: is more than", {"interval": DAY, "anchor_date": "0001-01-01T00:00:00Z"}),
    ("anchor_date: is more than", {"interval": DAY, "anchor_date": "9999-12-31T00:00:00"}),
    ("anchor_date: is more than", {"interval": DAY, "anchor_date": 253402300799000}),
]
IN_USE: list[dict[str, Any]] = [
    {"cron": "*/5 * * * *", "timezone": "America/New_York"},
    {"cron": "@daily"},
    {"cron": "0 4 * * *", "timezone": "localtime"},
    {"cron": "0 0 29 2 *"},
    {"interval": 3600.0, "anchor_date": "2020-01-01T00:00:00Z"},
    {"interval": "P7D"},
    {"interval": 10, "anchor_date": "2090-01-01T00:00:00+09:00"},
]


@pytest.mark.parametrize(("refusal", "schedule"), TIMELESS)
def test_a_schedule_without_a_next_time_is_refused(refusal: str, schedule: dict[str, Any]) -> None:
    """Broken: it is stored, no run ever comes, and the server fails whenever it plans runs."""
    bodies: list[tuple[str, Any]] = [
        ("schedule", {"schedule": schedule}),
        ("0.schedule", [{"schedule": schedule}]),
        ("schedules.0.schedule", {"schedules": [{"schedule": schedule, "active": False}]}),
    ]
    for place, body in bodies:
        with pytest.raises(BadInputError) as error:
            admitted("/deployments/1", json.dumps(body).encode())
        assert str(error.value).startswith(f"{place}.{refusal}")


@pytest.mark.parametrize("schedule", [*IN_USE, {"cron": "no cron"}, {"interval": -1}, "daily"])
def test_any_other_comes_in(schedule: object) -> None:
    """Broken: what people schedule is refused, or the server's own word for what is none is lost."""
    body = json.dumps({"schedule": schedule}).encode()
    assert admitted("/deployments/1/schedules/2", body) == body


@pytest.mark.parametrize(
    ("field", "value"),
    [("start_time", "9999-12-31T00:00:00Z"), ("end_time", "0001-01-01"), ("min_time", 1e300)],
)
def test_runs_are_not_planned_for_a_time_too_far_away(field: str, value: object) -> None:
    """Broken: the server answers 500, and names neither field nor value."""
    near: dict[str, Any] = {"start_time": "2026-01-01T00:00:00Z", "min_time": 3600, "max_runs": 3}
    with pytest.raises(BadInputError, match=f"^{field}: is more than 100 years"):
        admitted("/deployments/1/schedule", json.dumps({**near, field: value}).encode())
    body = json.dumps(near).encode()
    assert admitted("/deployments/1/schedule", body) == body


def test_what_only_looks_like_a_schedule_comes_in() -> None:
    """Broken: a parameter of a flow of the user's cannot have the value that it needs."""
    body = json.dumps({"parameters": {"schedule": {"cron": "0 0 30 2 *"}}}).encode()
    assert admitted("/deployments/1/create_flow_run", body) == body


@pytest.fixture
def _ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have schedules end as they do in the server, in this test only."""
    for kind in (CronSchedule, IntervalSchedule, RRuleSchedule):
        monkeypatch.setattr(kind, "_get_dates_generator", kind._get_dates_generator)
    end_schedules()


@pytest.mark.usefixtures("_ending")
@pytest.mark.parametrize(
    ("schedule", "count"),
    [
        (CronSchedule(cron="0 0 30 2 *"), 0),
        (CronSchedule(cron="0 0 1 1 * 0 2040"), 1),
        (CronSchedule(cron="0 0 * * *"), 3),
        (CronSchedule(cron="0 0 * * *", timezone="localtime"), 3),
        (IntervalSchedule.model_validate({"interval": "P999999999D"}), 0),
        (IntervalSchedule.model_validate({"interval": 3600}), 3),
    ],
)
async def test_a_stored_one_has_the_times_that_there_are(
    schedule: CronSchedule | IntervalSchedule, count: int
) -> None:
    """Broken: a server that has one from before plans no run of any deployment any more."""
    assert len(await schedule.get_dates(n=3)) == count
